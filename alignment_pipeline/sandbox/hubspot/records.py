"""The records of the embedded portal: objects with their history, merges and deletions. Associations: `links.py`.

Belongs here: keeping and finding. A change makes a new Record, so a reader may hold on to an old one. What an endpoint answers is in
the module that its route names (`app.py`).
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from alignment_pipeline.sandbox.hubspot.answers import Refusal, iso, millis
from alignment_pipeline.sandbox.hubspot.changes import Changes
from alignment_pipeline.sandbox.hubspot.links import PortalLinks
from alignment_pipeline.sandbox.hubspot.properties import Definitions
from alignment_pipeline.sandbox.hubspot.settings import STAGES, HubSpotSettings

_FIRST_ID = 10_001


@dataclass(frozen=True)
class Source:
    """Who changed a value, as history shows it."""

    type: str = "CRM_UI"
    id: str = "userId:1"
    label: str = ""
    user_id: int | None = None


@dataclass(frozen=True)
class Version:
    """One value of one property, and who set it when."""

    value: str
    at: datetime
    source: Source

    def to_json(self) -> dict[str, Any]:
        """As propertiesWithHistory shows it."""
        entry = {"value": self.value, "timestamp": iso(self.at), "sourceType": self.source.type, "sourceId": self.source.id}
        more = {"sourceLabel": self.source.label or None, "updatedByUserId": self.source.user_id}
        return entry | {name: value for name, value in more.items() if value is not None}


@dataclass(frozen=True)
class Record:
    """One record. `seen_at` is when the search index learns of this state; until then it shows `before`."""

    id: str
    values: Mapping[str, str]
    history: Mapping[str, tuple[Version, ...]]
    created_at: datetime
    updated_at: datetime
    seen_at: datetime
    archived_at: datetime | None = None
    before: Record | None = field(default=None, repr=False, compare=False)


class PortalRecords(PortalLinks):
    """Everything one portal holds of objects. `lock` guards it: the app takes it for each call."""

    def __init__(self, settings: HubSpotSettings) -> None:
        super().__init__()
        self.settings = settings
        self.lock = threading.RLock()
        self.definitions = Definitions()
        self.objects: dict[str, dict[str, Record]] = {kind: {} for kind in self.definitions.by_type}
        self.merged: dict[str, dict[str, str]] = defaultdict(dict)
        self.gone: dict[str, set[str]] = defaultdict(set)
        self.blocked_emails: set[str] = set()
        self.changes = Changes(settings)
        self._unique: dict[tuple[str, str, str], str] = {}
        self._next_id = _FIRST_ID

    # ---- finding

    def get(self, kind: str, record_id: str) -> Record | None:
        """The record that answers for an id: itself, or what it was merged into. Archived ones included."""
        return self.objects[kind].get(self.merged[kind].get(record_id, record_id))

    def find(self, kind: str, name: str, value: str) -> Record | None:
        """The living record that holds a unique value."""
        record_id = self._unique.get((kind, name, value.strip().lower()))
        record = self.objects[kind].get(record_id) if record_id else None
        return record if record is not None and record.archived_at is None else None

    def living(self, kind: str, *, archived: bool = False) -> list[Record]:
        """Living (or archived) records by id."""
        records = [record for record in self.objects[kind].values() if (record.archived_at is not None) == archived]
        return sorted(records, key=lambda record: int(record.id))

    def indexed(self, kind: str, now: datetime) -> Iterator[Record]:
        """Records as the search index shows them now."""
        for record in self.objects[kind].values():
            state: Record | None = record
            while state is not None and state.seen_at > now:
                state = state.before
            if state is not None and state.archived_at is None:
                yield state

    def stamp_of(self, kind: str) -> str:
        """The property that holds the time of modification."""
        return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"

    def shown(self, kind: str, record: Record) -> dict[str, str]:
        """All values, computed ones included."""
        stamps = {"hs_object_id": record.id, self.stamp_of(kind): iso(record.updated_at)}
        stamps |= {name: iso(record.created_at) for name in ("createdate", "hs_createdate") if name in self.definitions.of(kind)}
        return {**record.values, **stamps}

    # ---- changing

    def create(
        self,
        kind: str,
        values: Mapping[str, str],
        now: datetime,
        source: Source,
        *,
        record_id: str | None = None,
        lag: float | None = None,
    ) -> Record:
        """A new record. Raises Refusal 409 when a unique value is taken."""
        kept = {name: value for name, value in values.items() if value != ""}
        if kind == "contacts" and "email" in kept:
            kept["email"] = kept["email"].strip().lower()
            if kept["email"] in self.blocked_emails:
                raise Refusal(400, "VALIDATION_ERROR", "This email address was deleted for good and cannot be created again")
        for name, value in self._unique_values(kind, kept):
            taken = self.find(kind, name, value)
            if taken is not None:
                what = "Contact already exists" if name == "email" else f"A record with {name}={value} already exists"
                raise Refusal(409, "CONFLICT", f"{what}. Existing ID: {taken.id}")
        number = record_id or self.next_id()
        self._next_id = max(self._next_id, int(number) + 1)
        seen = now + timedelta(seconds=self.settings.search_lag_seconds if lag is None else lag)
        history = {name: (Version(value, now, source),) for name, value in kept.items()}
        record = Record(number, kept, history, now, now, seen)
        self.put(kind, record)
        self.changes.add(kind, number, "CREATE", kept, now)
        return record

    def change(
        self, kind: str, record: Record, values: Mapping[str, str], now: datetime, source: Source, *, lag: float | None = None
    ) -> Record:
        """Set values; "" clears. A write of an earlier lifecycle stage succeeds and changes nothing."""
        wanted = dict(values)
        stage = wanted.get("lifecyclestage")
        if stage and not self.settings.moves_stages_back and _is_back(record.values.get("lifecyclestage"), stage):
            del wanted["lifecyclestage"]
        for name, value in self._unique_values(kind, wanted):
            taken = self.find(kind, name, value)
            if taken is not None and taken.id != record.id:
                raise Refusal(409, "CONFLICT", f"{name} {value} is taken. Existing ID: {taken.id}")
        real = {name: value for name, value in wanted.items() if record.values.get(name, "") != value}
        if not real:
            return record
        kept = {name: value for name, value in {**record.values, **real}.items() if value != ""}
        most = self.settings.history_versions
        history = dict(record.history)
        for name, value in real.items():
            history[name] = (Version(value, now, source), *history.get(name, ()))[:most]
        seen = now + timedelta(seconds=self.settings.search_lag_seconds if lag is None else lag)
        fresh = replace(record, values=kept, history=history, updated_at=max(now, record.updated_at), seen_at=seen, before=record)
        self.put(kind, fresh)
        self.changes.add(kind, record.id, "UPDATE", real, now)
        return fresh

    def archive(self, kind: str, record_id: str, now: datetime) -> Record | None:
        """Archive a record, restorable for 90 days; None when there is none."""
        record = self.get(kind, record_id)
        if record is None or record.archived_at is not None:
            return record
        fresh = replace(record, archived_at=now, updated_at=now, seen_at=now, before=None)
        self.put(kind, fresh)
        self.changes.add(kind, record.id, "DELETE", {}, now)
        return fresh

    def restore(self, kind: str, record_id: str, now: datetime) -> None:
        """Take a record out of the archive."""
        record = self.objects[kind][record_id]
        self.put(kind, replace(record, archived_at=None, updated_at=now, seen_at=now))

    def erase(self, kind: str, record_id: str) -> bool:
        """Delete a record for good, with its links; False when there is none."""
        record = self.get(kind, record_id)
        if record is None:
            return False
        self._forget(kind, record)
        self.gone[kind] |= {record.id, *(old for old, new in self.merged[kind].items() if new == record.id)}
        self.merged[kind] = {old: new for old, new in self.merged[kind].items() if new != record.id}
        self.unlink(kind, record.id)
        return True

    def merge(self, kind: str, primary_id: str, secondary_id: str, now: datetime, source: Source) -> Record:
        """Merge two records: a third with a new id arises (or the primary stays, before the vendor's change). It cannot be undone."""
        primary, secondary = self.get(kind, primary_id), self.get(kind, secondary_id)
        if primary is None or secondary is None or primary.id == secondary.id:
            raise Refusal(404, "OBJECT_NOT_FOUND", "one of the records to merge does not exist")
        new_id = self.next_id() if self.settings.merge_makes_new_id else primary.id
        olds = [*_ids(primary), *_ids(secondary), *(one.id for one in (primary, secondary) if one.id != new_id)]
        values = {**secondary.values, **primary.values, "hs_merged_object_ids": ";".join(dict.fromkeys(olds))}
        if kind == "contacts":
            values |= _more_emails(primary, secondary)
        history = {
            name: tuple(sorted((*primary.history.get(name, ()), *secondary.history.get(name, ())), key=lambda one: one.at, reverse=True))[
                : self.settings.history_versions
            ]
            for name in {*primary.history, *secondary.history}
        }
        for one in (primary, secondary):
            self._forget(kind, one)
        born = min(primary.created_at, secondary.created_at)
        merged = Record(new_id, values, history, born, now, now + timedelta(seconds=self.settings.search_lag_seconds))
        for old in olds:
            self.merged[kind][old] = new_id
        self.move_links(kind, [primary.id, secondary.id], new_id)
        self.put(kind, merged)
        self.changes.add(kind, new_id, "MERGE", {}, now)
        return merged

    def put(self, kind: str, record: Record) -> None:
        """Store a record and its unique values."""
        old = self.objects[kind].get(record.id)
        if old is not None:
            self._drop_unique(kind, old)
        self.objects[kind][record.id] = record
        for name, value in self._unique_values(kind, record.values):
            self._unique[kind, name, value.strip().lower()] = record.id

    def next_id(self) -> str:
        """An id that no record has or had."""
        number, self._next_id = self._next_id, self._next_id + 7
        return str(number)

    def _forget(self, kind: str, record: Record) -> None:
        self._drop_unique(kind, record)
        self.objects[kind].pop(record.id, None)

    def _drop_unique(self, kind: str, record: Record) -> None:
        for name, value in self._unique_values(kind, record.values):
            if self._unique.get((kind, name, value.strip().lower())) == record.id:
                del self._unique[kind, name, value.strip().lower()]

    def is_unique(self, kind: str, name: str) -> bool:
        """Whether a property holds each value once, so that it may name a record."""
        known = self.definitions.of(kind)
        return (kind == "contacts" and name == "email") or (name in known and known[name].is_unique)

    def _unique_values(self, kind: str, values: Mapping[str, str]) -> list[tuple[str, str]]:
        return [(name, value) for name, value in values.items() if value and self.is_unique(kind, name)]


def _ids(record: Record) -> list[str]:
    return [one for one in record.values.get("hs_merged_object_ids", "").split(";") if one]


def _more_emails(primary: Record, secondary: Record) -> dict[str, str]:
    """The addresses that are not the merged contact's first one."""
    names = ("email", "hs_additional_emails")
    known = [one for record in (primary, secondary) for name in names for one in record.values.get(name, "").split(";") if one]
    more = list(dict.fromkeys(known))[1:]
    return {"hs_additional_emails": ";".join(more)} if more else {}


def _is_back(before: str | None, after: str) -> bool:
    return before in STAGES and after in STAGES and STAGES.index(after) < STAGES.index(str(before))


def as_millis(text: str) -> int | None:
    """A property value as milliseconds of Unix time, where it is a moment."""
    if text.lstrip("-").isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return millis(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
