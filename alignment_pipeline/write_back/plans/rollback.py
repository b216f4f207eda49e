"""Undoes a run: a plan of its own that restores what the run wrote, where nobody has changed it since.

Belongs here: making that plan. It goes through the guard, approval, journal and verification like any other
(`write_back/sending/apply.py`); the last look (`write_back/sending/recheck.py`) keeps everything that is no longer as the run left it.
What cannot be undone is said by `LIMITS`.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import or_, select

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import OP, PLAN, RUN
from alignment_pipeline.journal.version import CODE_VERSION
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.plans.planned import Plan, PlannedOp, plan_hash

LIMITS = (
    "E-mails, flows and assignments that a write has set off are not undone.",
    "Field history keeps the values that were there in between.",
    "Merges and deletions by people are not undone.",
    "Tasks are closed, never deleted, and only while nobody has touched them.",
)


def build_rollback(journal: Journal, run_id: str, *, agreement: Agreement, org_id: str, new_run_id: str) -> Plan:
    """The plan that undoes a run, named by the run that planned, the run that applied, or the plan's hash.

    Raises ConfigurationError when nothing of it was written.
    """
    ops = _verified(journal, run_id)
    if not ops:
        raise ConfigurationError(f"run {run_id}: nothing of it was written and verified, so there is nothing to roll back")
    planned = [_undo_create(op, agreement.crm.tasks.closed_status) if op.action == "create" else _undo_update(op) for op in ops]
    undoing = sorted((op for op in planned if op is not None), key=lambda op: (op.stage, op.object, op.lock_parent or "", op.subject))
    return Plan(
        plan_hash=plan_hash(undoing, org_id=org_id, config_hash=agreement.version),
        run_id=new_run_id,
        kind="rollback",
        org_id=org_id,
        config_hash=agreement.version,
        code_version=CODE_VERSION,
        as_of=journal.clock.now(),
        ops=undoing,
        managed=_managed(undoing),
        rollback_of=ops[0].run_id,
    )


def _verified(journal: Journal, run_id: str) -> list[Op]:
    """The verified operations of the plans that the text names: by planning run, by applying run, or by the plan's hash."""
    by_apply = select(RUN.c.plan_hash).where(RUN.c.run_id == run_id, RUN.c.plan_hash.is_not(None))
    with journal.read() as connection:
        prefixes = [row.plan_hash for row in connection.execute(by_apply)] + ([run_id] if len(run_id) >= 8 else [])
        named = or_(PLAN.c.run_id == run_id, *(PLAN.c.plan_hash.startswith(one, autoescape=True) for one in prefixes))
        hashes = [row.plan_hash for row in connection.execute(select(PLAN.c.plan_hash).where(named))]
        chosen = (OP.c.plan_hash.in_(hashes), OP.c.state == "VERIFIED", OP.c.rollback_of.is_(None))
        rows = connection.execute(select(OP).where(*chosen).order_by(OP.c.op_id)).all()
    return [Op.read(row) for row in rows if row.reason_code != "FOUND_BY_KEY"]


def _undo_update(op: Op) -> PlannedOp | None:
    """Back to what was read just before the write; the time of syncing goes back with it."""
    after: dict[str, Any] = {name: op.before.get(name) for name in op.sent}
    return PlannedOp(
        object=op.object,
        record_id=op.record_id,
        after=after,
        stage=10 - op.stage,
        priority=op.priority,
        is_shared=op.is_shared,
        base=op.sent,
        before=op.sent,
        lock_parent=op.lock_parent,
        reason_code="ROLLBACK",
        reason=f"undoes what plan {op.plan_hash[:12]} wrote",
        base_op_id=op.op_id,
        rollback_of=op.op_id,
    )


def _undo_create(op: Op, closed: str) -> PlannedOp | None:
    if op.record_id is None or "Status" not in op.after:
        return None
    return PlannedOp(
        object=op.object,
        record_id=op.record_id,
        after={"Status": closed},
        stage=0,
        priority=op.priority,
        base=op.after,
        before={"Status": op.after["Status"]},
        lock_parent=op.lock_parent,
        reason_code="ROLLBACK_CREATE",
        reason=f"closes what plan {op.plan_hash[:12]} created",
        base_op_id=op.op_id,
        rollback_of=op.op_id,
    )


def _managed(ops: list[PlannedOp]) -> dict[str, int]:
    by_object: dict[str, int] = {}
    for op in ops:
        by_object[op.object] = by_object.get(op.object, 0) + 1
    return by_object


def kept(journal: Journal, plan_hash_: str) -> list[dict[str, Any]]:
    """What a rollback left as it was, because somebody had changed it since."""
    query = select(OP).where(OP.c.plan_hash == plan_hash_, OP.c.reason_code == "KEPT_CHANGED_SINCE")
    with journal.read() as connection:
        rows = connection.execute(query).all()
    return [{"object": row.object, "record_id": row.record_id, "fields": sorted(json.loads(row.after))} for row in rows]
