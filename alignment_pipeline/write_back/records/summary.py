"""Summarises old operations, so that the journal does not grow with every day.

Belongs here: which operations are old, what stays of them (`created_record`, `op_month`), and giving their space back. How long they are
kept: `retention.undo_days` of the agreement; after that a run cannot be rolled back. The bases stay: they decide what may be written.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select

from alignment_pipeline.journal.journal import Journal, stamp
from alignment_pipeline.journal.tables import (
    ATTEMPT,
    ATTEMPT_LOG,
    BATCH,
    BUDGET,
    CREATED_RECORD,
    DRIFT,
    OP,
    OP_MONTH,
    OUTBOX,
    PLAN,
    QUARANTINE,
    RUN,
    SETTING,
)
from alignment_pipeline.write_back.fields.bases import chunks
from alignment_pipeline.write_back.records.erase import give_space_back
from alignment_pipeline.write_back.sending import attempt_log

_TERMINAL = ("VERIFIED", "DEAD", "CONFLICT", "GONE", "NOOP", "SUPERSEDED", "HELD", "ROLLED_BACK")
_CREATED = ("VERIFIED", "ROLLED_BACK")
#: Of the log of attempts these last links always stay, so that the end that was noted elsewhere can be found.
_LINKS_KEPT = 10
#: The file is rebuilt when this share of it is empty.
_EMPTY_SHARE = 0.25


@dataclass(frozen=True)
class Summarised:
    """What was summarised or deleted."""

    operations: int
    plans: int
    messages: int


def summarise(journal: Journal, *, before: datetime, messages_before: datetime) -> Summarised:
    """Summarise operations that ended before a moment, with their attempts, and delete empty plans, old runs and delivered messages.

    Idempotent; one transaction for each 400 operations. To be called by the holder of the leases, when nobody writes.
    """
    cutoff = stamp(before)
    with journal.read() as connection:
        batches = _old_batches(connection, cutoff)
        ids = _old_operations(connection, cutoff, batches)
    for part in chunks(ids):
        with journal.begin() as connection:
            _summarise(journal, connection, part)
    with journal.begin() as connection:
        _shorten_log(journal, connection, batches)
        plans = _delete_plans(connection, cutoff)
        for table, column, limit in (
            (DRIFT, DRIFT.c.at, cutoff),
            (QUARANTINE, QUARANTINE.c.last, cutoff),
            (BUDGET, BUDGET.c.day, cutoff[:10]),
        ):
            connection.execute(delete(table).where(column < limit))
        messages = connection.execute(delete(OUTBOX).where(OUTBOX.c.sent_at < stamp(messages_before))).rowcount
    if (ids or plans) and _empty_share(journal) > _EMPTY_SHARE:
        give_space_back(journal)
    return Summarised(len(ids), plans, messages)


def _old_batches(connection: Connection, cutoff: str) -> set[str]:
    """Batches whose links all lie in the beginning of the log that is older than the cutoff and has only decided operations."""
    open_batches = set(connection.execute(select(OP.c.batch_id).where(OP.c.state.not_in(_TERMINAL), OP.c.batch_id.is_not(None))).scalars())
    last = attempt_log.head(connection).seq - _LINKS_KEPT
    links = connection.execute(select(ATTEMPT_LOG.c.seq, ATTEMPT_LOG.c.batch_id, ATTEMPT_LOG.c.at).order_by(ATTEMPT_LOG.c.seq))
    begun = itertools.takewhile(lambda row: row.at < cutoff and row.batch_id not in open_batches and row.seq <= last, links)
    beginning = Counter(row.batch_id for row in begun)
    everywhere: Counter[str] = Counter()
    for part in chunks(sorted(beginning)):
        query = select(ATTEMPT_LOG.c.batch_id, func.count()).where(ATTEMPT_LOG.c.batch_id.in_(part)).group_by(ATTEMPT_LOG.c.batch_id)
        everywhere.update({row[0]: row[1] for row in connection.execute(query)})
    return {batch for batch, number in beginning.items() if everywhere[batch] == number}


def _old_operations(connection: Connection, cutoff: str, batches: Collection[str]) -> list[int]:
    """Decided operations whose attempts were all made in these batches, or that never had one."""
    rows = connection.execute(select(OP.c.op_id).where(OP.c.state.in_(_TERMINAL), OP.c.changed_at < cutoff).order_by(OP.c.op_id)).scalars()
    ids = list(rows)
    tried: dict[int, set[str]] = {}
    for part in chunks(ids):
        for row in connection.execute(select(ATTEMPT.c.op_id, ATTEMPT.c.batch_id).where(ATTEMPT.c.op_id.in_(part))):
            tried.setdefault(row.op_id, set()).add(row.batch_id)
    return [one for one in ids if tried.get(one, set()) <= set(batches)]


def _summarise(journal: Journal, connection: Connection, ids: Sequence[int]) -> None:
    rows = connection.execute(select(OP).where(OP.c.op_id.in_(ids))).all()
    created = [
        {"object": row.object, "ext_key": row.ext_key, "record_id": row.record_id, "at": row.verified_at or row.changed_at}
        for row in rows
        if row.ext_key is not None and row.state in _CREATED
    ]
    journal.upsert(connection, CREATED_RECORD, created)
    months = Counter((row.changed_at[:7], row.object, row.action, row.state) for row in rows)
    for (month, object_, action, state), number in sorted(months.items()):
        key = (OP_MONTH.c.month == month, OP_MONTH.c.object == object_, OP_MONTH.c.action == action, OP_MONTH.c.state == state)
        before = connection.execute(select(OP_MONTH.c.operations).where(*key)).scalar() or 0
        values = {"month": month, "object": object_, "action": action, "state": state, "operations": before + number}
        journal.upsert(connection, OP_MONTH, [values])
    connection.execute(delete(ATTEMPT).where(ATTEMPT.c.op_id.in_(ids)))
    connection.execute(delete(OP).where(OP.c.op_id.in_(ids)))


def _shorten_log(journal: Journal, connection: Connection, batches: Collection[str]) -> None:
    """Cut the beginning of the log up to the first batch of which attempts are left, and note where it begins now."""
    links = connection.execute(select(ATTEMPT_LOG).order_by(ATTEMPT_LOG.c.seq))
    left = set(connection.execute(select(ATTEMPT.c.batch_id).distinct()).scalars())
    cut: Any = None
    for row in links:
        if row.batch_id not in batches or row.batch_id in left:
            break
        cut = row
    if cut is None:
        return
    connection.execute(delete(ATTEMPT_LOG).where(ATTEMPT_LOG.c.seq <= cut.seq))
    journal.upsert(connection, SETTING, [{"name": attempt_log.BEGINNING, "value": f"{cut.seq}:{cut.link}", "at": journal.now()}])
    for part in chunks(sorted(set(batches) - left)):
        connection.execute(delete(BATCH).where(BATCH.c.batch_id.in_(part)))


def _delete_plans(connection: Connection, cutoff: str) -> int:
    """Plans and runs without operations; the last plan that was applied and the last run stay, later ones are compared with them."""
    has_ops = select(OP.c.op_id).where(OP.c.plan_hash == PLAN.c.plan_hash).exists()
    last = select(PLAN.c.plan_hash).where(PLAN.c.state == "DONE").order_by(PLAN.c.created_at.desc()).limit(1).scalar_subquery()
    old = delete(PLAN).where(PLAN.c.created_at < cutoff, ~has_ops, PLAN.c.plan_hash.is_distinct_from(last))
    number = connection.execute(old).rowcount
    newest = connection.execute(select(RUN.c.run_id).order_by(RUN.c.started.desc()).limit(1)).scalar()
    connection.execute(delete(RUN).where(RUN.c.started < cutoff, RUN.c.run_id != newest))
    return number


def _empty_share(journal: Journal) -> float:
    if journal.path is None:
        return 0.0
    with journal.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar() or 1
        free = connection.exec_driver_sql("PRAGMA freelist_count").scalar() or 0
    return float(free) / float(pages)
