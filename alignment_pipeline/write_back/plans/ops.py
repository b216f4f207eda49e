"""Keeping plans and operations: saving a plan, choosing what is to be sent, moving operations from state to state.

Belongs here: the journal's `plan` and `op` tables. The states and what may follow them: `docs/write-back.md`. A state only ever moves
by an UPDATE that names the state it comes from, so two processes cannot both move it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from alignment_pipeline.journal.digest import digest
from alignment_pipeline.journal.journal import Journal, stamp
from alignment_pipeline.journal.tables import OP, OPEN, PLAN, REPLACEABLE
from alignment_pipeline.write_back.fields import bases, holds, quarantine
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.plans.judgement import Judgement, Verdict
from alignment_pipeline.write_back.plans.planned import Plan, PlannedOp

_WAITING = ("DRAFT", "NEEDS_APPROVAL", "APPROVED", "APPLYING")
_UNDONE = ("DEAD", "SUPERSEDED", "CONFLICT", "GONE", "HELD", "RETRY", "PLANNED")


def save_plan(journal: Journal, plan: Plan, judgement: Judgement, rules: FieldRules) -> str:
    """Keep a plan with everything it found, in one transaction; returns its state.

    Operations of older plans for the same records that were not sent are SUPERSEDED; a full plan supersedes everything that older plans
    did not send. The operations of a plan that waits stay its own, so that its hash can be checked against them. Values found to be right
    already become the base. A crash leaves the whole plan or none of it.
    """
    state = {Verdict.OK: "DRAFT", Verdict.NEEDS_APPROVAL: "NEEDS_APPROVAL", Verdict.BLOCKED: "BLOCKED"}[judgement.verdict]
    if not plan.ops and judgement.verdict is not Verdict.BLOCKED:
        state = "DONE"
    numbers = rules.agreement.write_back.holds
    with journal.begin() as connection:
        there = connection.execute(select(PLAN.c.state, PLAN.c.guard).where(PLAN.c.plan_hash == plan.plan_hash)).first()
        if there is not None and there.state in _WAITING and plan.ops:
            if not judgement.is_worse_than(there.guard):
                return str(there.state)
            # the same changes, but a source went empty meanwhile, say: neither the old verdict nor a signature under it counts
            row = _plan_row(journal, plan, judgement, state)
            del row["run_id"]
            connection.execute(update(PLAN).where(PLAN.c.plan_hash == plan.plan_hash).values(row))
            return state
        journal.upsert(connection, PLAN, [_plan_row(journal, plan, judgement, state)])
        for object_, records in plan.noops.items():
            bases.put(journal, connection, object_, records, {})
        there_holds = holds.active(connection, journal.clock.now(), plan.config_hash)
        holds.let_go(journal, connection, plan.let_go, there_holds)
        holds.put(journal, connection, plan.holds, numbers, plan.config_hash)
        quarantine.put(
            journal,
            connection,
            [(f"plan:{row.object}.{row.field}", row.row_hash, row.reason, row.record_id) for row in plan.quarantined],
        )
        if judgement.is_liftable:
            _insert_ops(journal, connection, plan)
            _close_emptied_plans(journal, connection)
    return state


def load_plan(journal: Journal, plan_hash: str) -> Row[Any] | None:
    """The plan whose hash begins with the text, when exactly one does."""
    with journal.read() as connection:
        rows = connection.execute(select(PLAN).where(PLAN.c.plan_hash.startswith(plan_hash, autoescape=True)).limit(2)).all()
    return rows[0] if len(rows) == 1 else None


def ops_of(journal: Journal, plan_hash: str, states: Collection[str] | None = None) -> list[Op]:
    """The plan's operations in the order of sending; not those of an earlier plan that happened to be the same."""
    mine = select(PLAN.c.run_id).where(PLAN.c.plan_hash == plan_hash).scalar_subquery()
    query = select(OP).where(OP.c.plan_hash == plan_hash, OP.c.run_id == mine)
    if states is not None:
        query = query.where(OP.c.state.in_(states))
    with journal.read() as connection:
        rows = connection.execute(query.order_by(OP.c.stage, OP.c.object, OP.c.lock_parent, OP.c.record_id, OP.c.ext_key)).all()
    return [Op.read(row) for row in rows]


def undecided(journal: Journal) -> list[Op]:
    """Operations that were sent, or may have been, and whose outcome nobody has read yet."""
    with journal.read() as connection:
        rows = connection.execute(select(OP).where(OP.c.state.in_(("INFLIGHT", "UNKNOWN", "ACKED"))).order_by(OP.c.op_id)).all()
    return [Op.read(row) for row in rows]


def move(journal: Journal, connection: Connection, ids: Collection[int], *, come_from: Collection[str], to: str, **values: Any) -> int:
    """Move operations to a state; only those that are in one of `come_from`. Returns how many moved."""
    moved = 0
    ordered = sorted(ids)
    for start in range(0, len(ordered), 400):
        part = ordered[start : start + 400]
        done = connection.execute(
            update(OP).where(OP.c.op_id.in_(part), OP.c.state.in_(come_from)).values(state=to, changed_at=journal.now(), **values)
        )
        moved += done.rowcount
    return moved


def set_plan_state(journal: Journal, plan_hash: str, state: str, *, is_unattended: bool = False) -> None:
    """Move a plan. One that a standing approval covers has no person's name, so that it counts for the next 24 hours."""
    values = {"state": state} | ({"approved_by": None, "approval_signature": None} if is_unattended else {})
    with journal.begin() as connection:
        connection.execute(update(PLAN).where(PLAN.c.plan_hash == plan_hash).values(values))


def finish_plan(journal: Journal, plan_hash: str) -> str:
    """DONE when nothing of the plan is open, else APPLYING; returns it."""
    with journal.begin() as connection:
        left = connection.execute(select(OP.c.op_id).where(OP.c.plan_hash == plan_hash, OP.c.state.in_(OPEN)).limit(1)).first()
        state = "APPLYING" if left else "DONE"
        connection.execute(
            update(PLAN).where(PLAN.c.plan_hash == plan_hash, PLAN.c.state.in_(("APPROVED", "APPLYING"))).values(state=state)
        )
    return state


def _plan_row(journal: Journal, plan: Plan, judgement: Judgement, state: str) -> dict[str, Any]:
    return {
        "plan_hash": plan.plan_hash,
        "run_id": plan.run_id,
        "kind": plan.kind,
        "org_id": plan.org_id,
        "config_hash": plan.config_hash,
        "code_version": plan.code_version,
        "as_of": stamp(plan.as_of),
        "created_at": journal.now(),
        "state": state,
        "stats": json.dumps(plan.counts()),
        "guard": judgement.to_text(),
        "approved_by": None,
        "approved_at": None,
        "approval_signature": None,
        "expires_at": None,
        "rollback_of": plan.rollback_of,
    }


def _insert_ops(journal: Journal, connection: Connection, plan: Plan) -> None:
    keys = {op.key(plan.org_id): op for op in plan.ops}
    _supersede(journal, connection, plan, set(keys))
    known = _known(connection, list(keys))
    waiting = set(
        connection.execute(select(PLAN.c.plan_hash).where(PLAN.c.state.in_(_WAITING), PLAN.c.plan_hash != plan.plan_hash)).scalars()
    )
    fresh: list[dict[str, Any]] = []
    for first_key, op in keys.items():
        key, old, continues = first_key, known.get(first_key), None
        while old is not None and (old.state not in _UNDONE or old.plan_hash in waiting):
            move(journal, connection, [old.op_id], come_from=REPLACEABLE, to="SUPERSEDED", reason_code="NEWER_PLAN")
            continues = old.continues or old.op_id
            key = digest([key, old.op_id])
            old = _known(connection, [key]).get(key)
        values = _op_row(journal, plan, op, key)
        if old is None:
            fresh.append(values | {"attempt": 0, "continues": continues})
        else:
            del values["created_at"]
            connection.execute(update(OP).where(OP.c.op_id == old.op_id, OP.c.state == old.state).values(**values))
    if fresh:
        connection.execute(insert(OP), fresh)


def _supersede(journal: Journal, connection: Connection, plan: Plan, keys: set[str]) -> None:
    """What older plans meant to write and did not send gives way: of the same records, and under a full plan of all."""
    columns = (OP.c.op_id, OP.c.op_key, OP.c.object, OP.c.record_id, OP.c.ext_key, PLAN.c.kind, PLAN.c.as_of)
    unsent = select(*columns).join(PLAN, PLAN.c.plan_hash == OP.c.plan_hash).where(OP.c.state.in_(REPLACEABLE))
    mine = {(op.object, op.subject) for op in plan.ops}
    giving_way = [
        row.op_id
        for row in connection.execute(unsent)
        if row.op_key not in keys
        and (
            (row.object, row.ext_key or row.record_id) in mine
            or (plan.kind == "full" and row.kind != "rollback" and row.as_of <= stamp(plan.as_of))
        )
    ]
    move(journal, connection, giving_way, come_from=REPLACEABLE, to="SUPERSEDED", reason_code="NEWER_PLAN")


def _close_emptied_plans(journal: Journal, connection: Connection) -> None:
    waiting = PLAN.c.state.in_(_WAITING)
    has_open = select(OP.c.op_id).where(OP.c.plan_hash == PLAN.c.plan_hash, OP.c.state.in_(OPEN)).exists()
    connection.execute(update(PLAN).where(waiting, ~has_open).values(state="EXPIRED"))


def _known(connection: Connection, keys: Sequence[str]) -> dict[str, Any]:
    by_key: dict[str, Any] = {}
    for part in bases.chunks(keys):
        for row in connection.execute(
            select(OP.c.op_id, OP.c.op_key, OP.c.state, OP.c.plan_hash, OP.c.continues).where(OP.c.op_key.in_(part))
        ):
            by_key[row.op_key] = row
    return by_key


def _op_row(journal: Journal, plan: Plan, op: PlannedOp, key: str) -> dict[str, Any]:
    now = journal.now()
    return {
        "op_key": key,
        "plan_hash": plan.plan_hash,
        "run_id": plan.run_id,
        "object": op.object,
        "record_id": op.record_id,
        "ext_field": op.ext_field,
        "ext_key": op.ext_key,
        "lock_parent": op.lock_parent,
        "action": op.action,
        "stage": op.stage,
        "priority": op.priority,
        "is_shared": int(op.is_shared),
        "base": json.dumps(dict(op.base)),
        "before": json.dumps(dict(op.before)),
        "after": json.dumps(dict(op.after)),
        "carried": json.dumps(dict(op.carried)),
        "planned": None,
        "before_modstamp": op.before_modstamp,
        "config_hash": plan.config_hash,
        "state": "PLANNED",
        "not_before": None,
        "zombie_until": None,
        "batch_id": None,
        "err_class": None,
        "err_code": None,
        "err_fields": None,
        "reason_code": op.reason_code,
        "reason": op.reason[:255],
        "depends_on": op.depends_on,
        "rollback_of": op.rollback_of,
        "tries": 0,
        "mismatches": 0,
        "created_at": now,
        "changed_at": now,
    }


def due(ops: Iterable[Op], now: datetime) -> list[Op]:
    """Operations whose time has come."""
    moment = stamp(now)
    return [op for op in ops if op.not_before is None or op.not_before <= moment]


def changed_since(journal: Journal, since: datetime | None = None) -> list[Row[Any]]:
    """Rows of `op` for `write_results`: changed since a moment, or all."""
    query = select(OP).order_by(OP.c.op_id)
    if since is not None:
        query = query.where(OP.c.changed_at >= stamp(since))
    with journal.read() as connection:
        return list(connection.execute(query).all())
