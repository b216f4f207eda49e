"""The base: what we last wrote to each field and saw there.

Belongs here: reading and moving base values, and counting who changed ours back (drift). A base moves only together with an operation
that was verified or found to be done already (`write_back/plans/ops.py` calls `put` in that same transaction).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, delete, func, insert, select

from alignment_pipeline.journal.journal import Journal, stamp
from alignment_pipeline.journal.tables import DRIFT, SYNCED
from alignment_pipeline.write_back.fields.shape import Scalar

CHUNK = 400
Key = tuple[str, str]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Base:
    """One field's base, the operation that set it (None when it was adopted) and when."""

    value: Scalar
    op_id: int | None
    at: str


def load(connection: Connection, object_: str, ids: Collection[str] | None = None) -> dict[str, dict[str, Base]]:
    """record id -> field -> base, of one object; of all its records when `ids` is None or large."""
    query = select(SYNCED.c.record_id, SYNCED.c.field, SYNCED.c.value, SYNCED.c.op_id, SYNCED.c.at).where(SYNCED.c.object == object_)
    queries = [query]
    if ids is not None and len(ids) <= 5000:
        queries = [query.where(SYNCED.c.record_id.in_(part)) for part in chunks(sorted(ids))]
    by_record: dict[str, dict[str, Base]] = {}
    for one in queries:
        for record_id, field, value, op_id, at in connection.execute(one):
            by_record.setdefault(record_id, {})[field] = Base(json.loads(value) if value is not None else None, op_id, at)
    return by_record


def put(
    journal: Journal, connection: Connection, object_: str, values: Mapping[str, Mapping[str, Scalar]], op_ids: Mapping[str, int]
) -> None:
    """Move bases: record id -> field -> value. `op_ids` names the operation of each record that has one."""
    journal.upsert(connection, SYNCED, rows_of(journal.now(), object_, values, op_ids))


def rows_of(at: str, object_: str, values: Mapping[str, Mapping[str, Scalar]], op_ids: Mapping[str, int]) -> list[dict[str, object]]:
    """The rows of `synced` for these values."""
    return [
        {"object": object_, "record_id": record_id, "field": field, "value": json.dumps(value), "op_id": op_ids.get(record_id), "at": at}
        for record_id, fields in values.items()
        for field, value in fields.items()
    ]


def drop(connection: Connection, object_: str, ids: Iterable[str]) -> None:
    """Forget the bases of records that are gone (deleted, merged away)."""
    for part in chunks(sorted(set(ids))):
        connection.execute(delete(SYNCED).where(SYNCED.c.object == object_, SYNCED.c.record_id.in_(part)))


def filled_fields(connection: Connection) -> dict[str, dict[str, int]]:
    """object -> field -> records that have a base: a field without any is filled for the first time."""
    query = select(SYNCED.c.object, SYNCED.c.field, func.count()).group_by(SYNCED.c.object, SYNCED.c.field)
    by_object: dict[str, dict[str, int]] = {}
    for object_, field, number in connection.execute(query):
        by_object.setdefault(object_, {})[field] = number
    return by_object


def managed_records(connection: Connection) -> dict[str, int]:
    """object -> records that have any base."""
    query = select(SYNCED.c.object, func.count(func.distinct(SYNCED.c.record_id))).group_by(SYNCED.c.object)
    return {row[0]: row[1] for row in connection.execute(query)}


def note_drift(journal: Journal, connection: Connection, rows: Sequence[tuple[str, str, str, str, Scalar]]) -> None:
    """Record that somebody changed our value (`drift`) or that the CRM kept another than we wrote (`rewritten`)."""
    if rows:
        at = journal.now()
        connection.execute(
            insert(DRIFT),
            [
                {"object": object_, "record_id": record_id, "field": field, "kind": kind, "value_seen": json.dumps(seen), "at": at}
                for object_, record_id, field, kind, seen in rows
            ],
        )


def drift_counts(connection: Connection, now: datetime, days: int) -> dict[tuple[str, str, str], dict[str, int]]:
    """(object, record, field) -> kind -> events of the last `days`."""
    since = stamp(now - timedelta(days=days))
    query = (
        select(DRIFT.c.object, DRIFT.c.record_id, DRIFT.c.field, DRIFT.c.kind, func.count())
        .where(DRIFT.c.at > since)
        .group_by(DRIFT.c.object, DRIFT.c.record_id, DRIFT.c.field, DRIFT.c.kind)
    )
    counts: dict[tuple[str, str, str], dict[str, int]] = {}
    for object_, record_id, field, kind, number in connection.execute(query):
        counts.setdefault((object_, record_id, field), {})[kind] = number
    return counts


def rewritten_values(connection: Connection, now: datetime, days: int) -> dict[tuple[str, str, str], Scalar]:
    """(object, record, field) -> what the CRM made of our value the last time: it is ours to repair, not somebody's first touch."""
    since = stamp(now - timedelta(days=days))
    query = select(DRIFT).where(DRIFT.c.at > since, DRIFT.c.kind == "rewritten").order_by(DRIFT.c.drift_id)
    return {(row.object, row.record_id, row.field): json.loads(row.value_seen or "null") for row in connection.execute(query)}


def chunks(items: Sequence[Item], size: int = CHUNK) -> Iterable[Sequence[Item]]:
    """The items in pieces that fit an IN list."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
