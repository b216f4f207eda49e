"""One CRM record over time, read from the staged tables in plain Python, for the oracle of a whole organisation.

Belongs here: when a record lived and which values it had from when on. Whose record it is and what happened: `company_cases.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

BEFORE, NEVER = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
MEANINGS = ("disposition", "reject_code", "is_on_hold", "hold_reason", "loss_reason")
Row = dict[str, Any]


@dataclass
class Record:
    """One CRM record: when it lived, and the values that it had from when on."""

    key: str
    created: datetime = BEFORE
    ended: datetime = NEVER
    modified: datetime = BEFORE
    is_read: bool = False
    now: dict[str, str | None] = field(default_factory=dict)
    steps: list[tuple[datetime, datetime, str | None, dict[str, str | None]]] = field(default_factory=list)

    @property
    def is_contact(self) -> bool:
        return self.key.startswith("contact:")

    def at(self, moment: datetime) -> dict[str, str | None]:
        found = [values for begin, _, _, values in self.steps if begin <= moment]
        return found[-1] if found else self.steps[0][3]


def steps(record: Record, changes: dict[str, list[Row]]) -> list[tuple[datetime, datetime, str | None, dict[str, str | None]]]:
    """(from, earliest, id of the change, values after it), the record's first values first."""
    initial = dict.fromkeys(("owner_id", "status", *MEANINGS))
    moves: list[tuple[datetime, datetime, datetime, str, str | None, str, str | None]] = []
    for name in initial:
        mine = sorted(changes.get(name, []), key=lambda row: (row["changed_at"], row["change_id"]))
        now = record.now.get(name)
        last, since = None, record.created
        if mine:
            initial[name] = said(name, mine[0]["old_value"])
            last, since = said(name, mine[-1]["new_value"]), mine[-1]["changed_at"]
        elif name == "owner_id":
            initial[name] = last = now
        for row in mine:
            at = max(row["changed_at"], record.created)
            moves.append(
                (at, row["changed_at"], row["earliest_at"], row["change_id"], row["change_id"], name, said(name, row["new_value"]))
            )
        # today's value that no change brought came at the latest with the last modification
        if record.is_read and now != last:
            at = max(record.modified, since)
            moves.append((at, at, since, "~", None, name, now))
    values = dict(initial)
    steps = [(record.created, record.created, None, dict(values))]
    for at, _, earliest, _, change, name, value in sorted(moves, key=lambda one: (one[0], one[1], one[3])):
        values[name] = value
        steps.append((at, min(earliest, at), change, dict(values)))
    return steps


def said(name: str, value: object) -> str | None:
    """A value as people mean it: blank is nothing, a checkbox that is off too, an owner is an id."""
    text = "" if value is None else str(value).strip()
    if name == "is_on_hold":
        return None if text.lower() in ("", "false", "0", "no") else "true"
    if name == "owner_id" and not text.startswith(("005", "00G")):
        return None
    return text or None


def one_of(value: str | None, wanted: list[str]) -> bool:
    return value is not None and value.strip().lower() in {one.strip().lower() for one in wanted}
