"""Recovery, the first thing on every start: what was sent and not decided is decided by reading the CRM.

Belongs here: INFLIGHT, UNKNOWN and ACKED operations of any earlier process. The rule by which a reading decides: `read_rule.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from alignment_pipeline.journal.lease import CRM, acquire
from alignment_pipeline.journal.tables import BATCH
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.plans.ops import undecided
from alignment_pipeline.write_back.sending.batches import read_back
from alignment_pipeline.write_back.sending.breaker import Noted
from alignment_pipeline.write_back.sending.bulk import resume_bulk
from alignment_pipeline.write_back.sending.context import Run
from alignment_pipeline.write_back.sending.send import BULK
from alignment_pipeline.write_back.sending.settle import take_answers

_LEASE_SECONDS = 120.0
_READ = 2000
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})


def recover(run: Run) -> int:
    """Decide what can be decided now; returns how many operations are still undecided (late arrivals are still possible)."""
    if not undecided(run.journal):
        return 0
    with acquire(run.journal, CRM, wait_seconds=_LEASE_SECONDS) as run.lease:
        # what another system was sent waits for a run that reaches it (the fast lane does not reach Marketo)
        ops = [op for op in undecided(run.journal) if run.crm.reaches(op.object)]
        jobs = _jobs(run, ops)
        for batch_id in sorted(jobs):
            mine = [op for op in ops if op.batch_id == batch_id and op.state in ("INFLIGHT", "UNKNOWN")]
            if mine:
                acked, events = take_answers(run, mine, resume_bulk(run, batch_id, mine).results)
                run.breaker.note_in_order([op.op_id for op in mine], [*events, *_read(run, acked)])
        rest = [op for op in ops if not (op.batch_id in jobs and op.state in ("INFLIGHT", "UNKNOWN"))]
        run.breaker.note(event for _, event in _read(run, [replace(op, state="UNKNOWN") if op.state == "INFLIGHT" else op for op in rest]))
    return len(undecided(run.journal))


def _read(run: Run, ops: Sequence[Op]) -> list[Noted]:
    events: list[Noted] = []
    by_object: dict[str, list[Op]] = defaultdict(list)
    for op in ops:
        by_object[op.object].append(op)
    for object_, mine in sorted(by_object.items()):
        for start in range(0, len(mine), _READ):
            events += read_back(run, object_, mine[start : start + _READ])
    return events


def _jobs(run: Run, ops: Sequence[Op]) -> set[str]:
    """Bulk batches whose result files still have to be read: they decide, not the clock."""
    inflight = {op.batch_id for op in ops if op.state == "INFLIGHT"}
    waiting = {op.batch_id for op in ops if op.state == "UNKNOWN"}
    with run.journal.read() as connection:
        rows = connection.execute(select(BATCH.c.batch_id, BATCH.c.job_state).where(BATCH.c.transport == BULK)).all()
    return {row.batch_id for row in rows if row.batch_id in inflight or (row.batch_id in waiting and row.job_state not in _ENDED)}
