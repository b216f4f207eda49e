"""What the rules and the agreement need to know of a connected system: its streams, its people, its logs of activities.

Belongs here: the shape of these facts, as data. One module beside this for each system; all of them: `registry.py`. How a system is
read and written is the connectors' (`connectors/registry.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["crm", "marketing"]


@dataclass(frozen=True)
class RawStream:
    """One object of one system that is read into one raw table.

    `required` fields must be visible to the integration user, `optional` ones are reported when they are not.
    `stamp` is the field a watermark moves on; `is_history` rows never change once written. `personal` fields hold personal data,
    beside those that are personal in every table (`contracts/raw.py`). `only_with` is a setting of the agreement's field map without which
    the stream is not asked for, since most organisations do not have the object; `if_absent` says then what it means that it is not there.
    """

    system: str
    object: str
    table: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    stamp: str = "SystemModstamp"
    is_history: bool = False
    has_deleted: bool = True
    personal: frozenset[str] = frozenset()
    only_with: str | None = None
    if_absent: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """All vendor fields in column order."""
        return self.required + self.optional


@dataclass(frozen=True)
class ActivityFeed:
    """One raw table of a marketing system in which each row is an activity of a person.

    `record` is the name under which the agreement's list of activity types takes such rows; None where the rows themselves carry a
    type, by its id in `type_id`, which `catalogue` (a raw table with id and name) names. `person` is the field that names the person:
    their id, or their e-mail address when `is_by_email`. Values that conditions may name are the fields in `values`, and the members
    of the JSON in `attributes`. `bot_flag` is true where the system itself says that a machine did it.
    """

    table: str
    person: str
    moment: str
    record: str | None = None
    type_id: str | None = None
    catalogue: str | None = None
    attributes: str | None = None
    values: tuple[str, ...] = ()
    is_by_email: bool = False
    bot_flag: str | None = None


@dataclass(frozen=True)
class PersonRecords:
    """The people of a marketing system, as records of their own.

    `object` names them in tables of records; `write_object` in the field map. `lead_id` and `contact_id` are the fields that hold the
    CRM records they are synced with; None where the system is not synced with the CRM, so that the address alone joins them. `more_emails` holds further addresses of the person, joined by
    semicolons; `merged_into` the survivor, in the tombstone of a record that was merged away. `own_contact_id` is the field that holds the
    person's own contact where the system is the CRM too. `named_in` are further raw tables and their columns that hold ids of people,
    several joined by semicolons where the column's name ends in Ids.
    """

    object: str
    table: str
    email: str
    lead_id: str | None = None
    contact_id: str | None = None
    write_object: str | None = None
    more_emails: str | None = None
    merged_into: str | None = None
    own_contact_id: str | None = None
    named_in: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class System:
    """One system that can be connected. `records`: what the agreement may name as the source of an activity; empty: anything."""

    name: str
    title: str
    role: Role
    streams: tuple[RawStream, ...]
    people: PersonRecords | None = None
    feeds: tuple[ActivityFeed, ...] = ()
    records: tuple[str, ...] = field(default=())

    @property
    def activity_tables(self) -> tuple[str, ...]:
        """Raw tables that its activities are made of."""
        tables = [name for feed in self.feeds for name in (feed.table, feed.catalogue) if name]
        is_by_email = any(feed.is_by_email for feed in self.feeds)
        return tuple(dict.fromkeys([*tables, *([self.people.table] if is_by_email and self.people else [])]))
