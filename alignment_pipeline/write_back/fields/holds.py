"""Holds: values that are not written, why, since when, and who released them.

Belongs here: listing, making and releasing holds. When a hold arises is decided in `decide.py`, `write_back/plans/plan.py` and
`write_back/sending/batches.py`; the command line is `cli/holds.py`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, and_, insert, or_, select, update

from alignment_pipeline.agreement.write_back import Holds
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.journal.journal import Journal, stamp
from alignment_pipeline.journal.tables import HOLD, SYNCED
from alignment_pipeline.write_back.fields import bases
from alignment_pipeline.write_back.fields.decide import HoldReason
from alignment_pipeline.write_back.fields.shape import Scalar

FieldKey = tuple[str, str, str]
_MOST_NAMED = 5000
#: Holds that stand by themselves until their time or a person ends them; the others are found again from the values each time.
STICKY = frozenset({HoldReason.FLAPPING, HoldReason.ROLLED_BACK})
_MEANING = {
    HoldReason.HUMAN_EDIT: "a person changed this value after we wrote it, and it is shared",
    HoldReason.FIRST_TOUCH: "the field was filled by somebody else before we ever wrote it",
    HoldReason.RECORD_LOCK: "people asked us not to write this record",
    HoldReason.FLAPPING: "this value keeps being changed back, or the CRM stores something else than we write",
    HoldReason.ROLLED_BACK: "it was rolled back, and the agreement has not changed since",
}


@dataclass(frozen=True)
class Hold:
    """One hold. `field` is `*` when the whole record is held."""

    hold_id: int
    object: str
    record_id: str
    field: str
    reason: HoldReason
    value_seen: Scalar
    since: str
    until: str | None
    config_hash: str | None
    released_by: str | None = None

    @property
    def meaning(self) -> str:
        """The reason in words."""
        return _MEANING[self.reason]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self) | {"meaning": self.meaning}


@dataclass(frozen=True)
class NewHold:
    """A hold to be made."""

    object: str
    record_id: str
    field: str
    reason: HoldReason
    value_seen: Scalar = None


def active(connection: Connection, now: datetime, config_hash: str, records: Collection[str] | None = None) -> dict[FieldKey, Hold]:
    """Holds in force under this agreement: (object, record, field) -> hold; of these records, or of all when none or many are named."""
    query = select(HOLD).where(HOLD.c.released_by.is_(None)).order_by(HOLD.c.hold_id)
    queries = [query]
    if records is not None and len(records) <= _MOST_NAMED:
        queries = [query.where(HOLD.c.record_id.in_(part)) for part in bases.chunks(sorted(records))]
    held = [_hold(row) for one in queries for row in connection.execute(one)]
    moment = stamp(now)
    return {
        (hold.object, hold.record_id, hold.field): hold
        for hold in held
        if (hold.until is None or hold.until > moment) and (hold.config_hash is None or hold.config_hash == config_hash)
    }


def accepted(connection: Connection, now: datetime) -> dict[FieldKey, Scalar]:
    """Values of theirs that we may write over: (object, record, field) -> the value seen when a person or the agreed time let go.

    Once: as soon as the field's base has moved since, somebody who types that value again means it, and is held again.
    """
    released = and_(HOLD.c.released_by.is_not(None), HOLD.c.released_by.not_like("system:%"), _is_unused(HOLD.c.released_at))
    run_out = and_(HOLD.c.reason == HoldReason.HUMAN_EDIT.value, HOLD.c.until <= stamp(now), HOLD.c.released_by.is_(None))
    query = select(HOLD).where(or_(released, and_(run_out, _is_unused(HOLD.c.until)))).order_by(HOLD.c.hold_id)
    return {(row.object, row.record_id, row.field): _value(row.value_seen) for row in connection.execute(query)}


def _is_unused(since: Column[str]) -> ColumnElement[bool]:
    """No base of the hold's field is younger than the moment of letting go."""
    same = (SYNCED.c.object == HOLD.c.object, SYNCED.c.record_id == HOLD.c.record_id, SYNCED.c.field == HOLD.c.field)
    return ~select(SYNCED.c.at).where(*same, SYNCED.c.at > since).exists()


def put(journal: Journal, connection: Connection, new: Sequence[NewHold], numbers: Holds, config_hash: str) -> int:
    """Make the holds that are not there yet; returns how many were new. A changed value seen is noted on the old hold."""
    if not new:
        return 0
    now = journal.clock.now()
    there = active(connection, now, config_hash, {hold.record_id for hold in new})
    rows: list[dict[str, Any]] = []
    for hold in new:
        old = there.get((hold.object, hold.record_id, hold.field))
        if old is None:
            rows.append(_row(hold, now, numbers, config_hash))
        elif old.reason == hold.reason and old.value_seen != hold.value_seen:
            connection.execute(update(HOLD).where(HOLD.c.hold_id == old.hold_id).values(value_seen=json.dumps(hold.value_seen)))
    if rows:
        connection.execute(insert(HOLD), rows)
    return len(rows)


def let_go(journal: Journal, connection: Connection, keys: Iterable[FieldKey], there: Mapping[FieldKey, Hold]) -> None:
    """End the holds whose cause has gone (a person took the edit back, the lock was lifted)."""
    ids = [there[key].hold_id for key in keys if key in there]
    for start in range(0, len(ids), 400):
        part = ids[start : start + 400]
        connection.execute(update(HOLD).where(HOLD.c.hold_id.in_(part)).values(released_by="system:cause gone", released_at=journal.now()))


def end_permissions(journal: Journal, connection: Connection) -> None:
    """No released hold allows a write any more: whether it was used is not known after the journal was lost."""
    released = (HOLD.c.released_by.is_not(None), HOLD.c.released_by.not_like("system:%"))
    connection.execute(update(HOLD).where(*released).values(released_by="system:adopted", released_at=journal.now()))


def listing(journal: Journal, *, object_: str | None = None, record_id: str | None = None, reason: str | None = None) -> list[Hold]:
    """Holds not released and not run out, oldest first."""
    query = select(HOLD).where(HOLD.c.released_by.is_(None)).order_by(HOLD.c.since, HOLD.c.hold_id)
    for column, value in ((HOLD.c.object, object_), (HOLD.c.record_id, record_id), (HOLD.c.reason, reason)):
        if value:
            query = query.where(column == value)
    now = journal.now()
    with journal.read() as connection:
        return [hold for hold in map(_hold, connection.execute(query)) if hold.until is None or hold.until > now]


def release(journal: Journal, hold_ids: Sequence[int], *, by: str) -> int:
    """Let us write over the value that each hold has seen (the takeover); returns how many were released.

    Raises ConfigurationError when a number is no active hold. A later, different edit is held again.
    """
    if not by.strip() or by.startswith("system:"):
        raise ConfigurationError("say who releases the hold (--by NAME)")
    with journal.begin() as connection:
        for hold_id in hold_ids:
            chosen = update(HOLD).where(HOLD.c.hold_id == hold_id, HOLD.c.released_by.is_(None))
            done = connection.execute(chosen.values(released_by=by, released_at=journal.now()))
            if done.rowcount != 1:
                raise ConfigurationError(f"hold {hold_id} is not active; `alignment holds` lists the active ones. Nothing was released")
    return len(hold_ids)


def _row(hold: NewHold, now: datetime, numbers: Holds, config_hash: str) -> dict[str, Any]:
    days = {HoldReason.FLAPPING: numbers.flapping_days, HoldReason.HUMAN_EDIT: numbers.human_edit_days}.get(hold.reason)
    return {
        "object": hold.object,
        "record_id": hold.record_id,
        "field": hold.field,
        "reason": hold.reason.value,
        "value_seen": json.dumps(hold.value_seen),
        "config_hash": config_hash if hold.reason is HoldReason.ROLLED_BACK else None,
        "since": stamp(now),
        "until": stamp(now + timedelta(days=days)) if days else None,
    }


def _hold(row: Row[Any]) -> Hold:
    return Hold(
        hold_id=row.hold_id,
        object=row.object,
        record_id=row.record_id,
        field=row.field,
        reason=HoldReason(row.reason),
        value_seen=_value(row.value_seen),
        since=row.since,
        until=row.until,
        config_hash=row.config_hash,
        released_by=row.released_by,
    )


def _value(text: str | None) -> Scalar:
    value: Scalar = json.loads(text) if text is not None else None
    return value
