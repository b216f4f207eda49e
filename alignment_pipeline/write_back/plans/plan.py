"""Makes a plan: what the CRM should say, against what it says and what we last wrote there.

Belongs here: from the tables of desired values to operations, holds and quarantine. Whether the plan may be sent: `guard.py` and
`approval.py`; keeping it: `ops.py`; sending it: `write_back/sending/apply.py`. Nothing is read from or written to a CRM here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.journal.digest import digest
from alignment_pipeline.journal.journal import Journal, from_stamp, stamp
from alignment_pipeline.journal.tables import CREATED_RECORD, OP
from alignment_pipeline.journal.version import CODE_VERSION
from alignment_pipeline.write_back.fields import bases, holds, naming
from alignment_pipeline.write_back.fields.bases import Base
from alignment_pipeline.write_back.fields.decide import NO_BASE, HoldReason, Move, Unknown, decide
from alignment_pipeline.write_back.fields.desired import Desired, Remote, desired_creates, desired_records, known_states, remote_records
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.fields.holds import FieldKey, Hold, NewHold
from alignment_pipeline.write_back.fields.shape import Scalar, Shapes
from alignment_pipeline.write_back.plans.planned import CREATE_STAGE, STAGES, Plan, PlannedOp, Quarantined, plan_hash

#: The objects whose records tasks hang on.
PARENTS = ("Account", "Contact", "Lead")
_BUSY = ("INFLIGHT", "UNKNOWN", "ACKED")


@dataclass
class _Draft:
    """What is being gathered."""

    ops: list[PlannedOp] = field(default_factory=list)
    holds: list[NewHold] = field(default_factory=list)
    let_go: list[FieldKey] = field(default_factory=list)
    noops: dict[str, dict[str, dict[str, Scalar]]] = field(default_factory=dict)
    quarantined: list[Quarantined] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Memory:
    """What the journal knows when the plan is made."""

    bases: Mapping[str, Mapping[str, Mapping[str, Base]]]
    holds: Mapping[FieldKey, Hold]
    accepted: Mapping[FieldKey, Scalar]
    drift: Mapping[FieldKey, Mapping[str, int]]
    busy: frozenset[tuple[str, str]]
    created: frozenset[tuple[str, str]]
    dead: Mapping[str, str]


def build(
    journal: Journal,
    *,
    field_updates: object,
    record_creates: object,
    crm_field_values: object,
    crm_record_states: object,
    agreement: Agreement,
    shapes: Shapes,
    org_id: str,
    as_of: datetime,
    run_id: str,
    kind: str = "full",
) -> Plan:
    """Build a plan from the four tables (Ibis or Arrow). `kind` is `full` or `fast`. Reads the journal, writes nothing."""
    rules = FieldRules(agreement=agreement, shapes=shapes)
    wanted = desired_records(field_updates)
    parents = {new.parent_id for new in desired_creates(record_creates) if new.parent_id}
    there = remote_records(crm_field_values, {*wanted, *((object_, one) for object_ in PARENTS for one in parents)})
    states = known_states(crm_record_states, wanted)
    memory = _remember(journal, wanted, agreement)
    draft = _Draft()
    for key in sorted(wanted):
        _one_record(draft, wanted[key], there.get(key), states.get(key), memory, rules, as_of)
    _creates(draft, record_creates, there, memory, rules)
    ops = [op for op in draft.ops if not _is_dead(op, memory, org_id, draft)]
    managed = Counter(object_ for object_, _ in wanted)
    with journal.read() as connection:
        for object_, number in bases.managed_records(connection).items():
            managed[object_] = max(managed[object_], number)
    return Plan(
        plan_hash=plan_hash(ops, org_id=org_id, config_hash=agreement.version),
        run_id=run_id,
        kind=kind,
        org_id=org_id,
        config_hash=agreement.version,
        code_version=CODE_VERSION,
        as_of=as_of,
        ops=_with_parents(ops),
        holds=draft.holds,
        let_go=draft.let_go,
        noops=draft.noops,
        quarantined=draft.quarantined,
        skipped=draft.skipped,
        managed=managed,
        desired=Counter(object_ for object_, _ in wanted),
    )


def _remember(journal: Journal, wanted: Mapping[tuple[str, str], Desired], agreement: Agreement) -> Memory:
    now = journal.clock.now()
    ids: dict[str, set[str]] = {}
    for object_, record_id in wanted:
        ids.setdefault(object_, set()).add(record_id)
    numbers = agreement.write_back.holds
    yesterday = stamp(now - timedelta(days=1))
    with journal.read() as connection:
        busy = connection.execute(select(OP.c.object, OP.c.record_id, OP.c.ext_key).where(OP.c.state.in_(_BUSY)))
        is_made = OP.c.ext_key.is_not(None), OP.c.state.in_(("VERIFIED", "ROLLED_BACK"))
        created = [
            *connection.execute(select(OP.c.object, OP.c.ext_key).where(*is_made)),
            *connection.execute(select(CREATED_RECORD.c.object, CREATED_RECORD.c.ext_key)),
        ]
        dead = connection.execute(
            select(OP.c.op_key, OP.c.before).where(
                OP.c.state == "DEAD", OP.c.err_class == "P", OP.c.config_hash == agreement.version, OP.c.changed_at > yesterday
            )
        )
        return Memory(
            # a create that was acknowledged has an id already, and is still known by its key
            busy=frozenset((row.object, name) for row in busy for name in (row.record_id, row.ext_key) if name),
            created=frozenset((row.object, row.ext_key) for row in created),
            dead={row.op_key: row.before for row in dead},
            bases={object_: bases.load(connection, object_, record_ids) for object_, record_ids in ids.items()},
            holds=holds.active(connection, now, agreement.version),
            accepted={**bases.rewritten_values(connection, now, numbers.flapping_days), **holds.accepted(connection, now)},
            drift=bases.drift_counts(connection, now, numbers.flapping_days),
        )


def _one_record(
    draft: _Draft, wanted: Desired, there: Remote | None, state: str | None, memory: Memory, rules: FieldRules, as_of: datetime
) -> None:
    object_, record_id = wanted.object, wanted.record_id
    if state in ("deleted", "converted"):
        draft.skipped[f"record {state}"] += 1
        return
    if there is None and state is None:
        draft.skipped["record never read"] += 1
        return
    if (object_, record_id) in memory.busy:
        draft.skipped["earlier write not yet decided"] += 1
        return
    lock_key = (object_, record_id, "*")
    if there is not None and rules.is_locked(object_, there.values):
        draft.holds.append(NewHold(object_, record_id, "*", HoldReason.RECORD_LOCK))
        draft.skipped["record locked by people"] += 1
        return
    if lock_key in memory.holds:
        if memory.holds[lock_key].reason is not HoldReason.RECORD_LOCK:
            draft.skipped["record held"] += 1
            return
        draft.let_go.append(lock_key)
    known = memory.bases.get(object_, {}).get(record_id, {})
    after: dict[str, Scalar] = {}
    repairs = 0
    for name in sorted(wanted.values):
        ours = wanted.values[name]
        if rules.is_carried(object_, name):
            continue
        move = _one_field(draft, (object_, record_id, name), ours, there, known.get(name), memory, rules)
        if move in (Move.SET, Move.REPAIR):
            after[name] = ours
            repairs += move is Move.REPAIR
    if not after:
        return
    before = {name: there.values.get(name) for name in after} if there else {}
    if not repairs and _is_ageing(object_, record_id, after, known, rules, as_of):
        draft.skipped["within its step"] += 1
        return
    op_ids = [known[name].op_id for name in after if name in known and known[name].op_id is not None]
    draft.ops.append(
        PlannedOp(
            object=object_,
            record_id=record_id,
            after=after,
            stage=STAGES.get(object_, 1),
            priority=wanted.priority_of(after),
            is_shared=any(rules.is_shared(object_, name) for name in after),
            base={name: known[name].value for name in after if name in known},
            before=before,
            carried=(carried := rules.carried(object_, wanted.values, as_of)),
            carried_before={name: there.values.get(name) for name in carried} if there else {},
            lock_parent=wanted.parent_id,
            before_modstamp=there.modified_at if there else None,
            reason_code="DRIFT" if repairs else "CHANGED",
            reason=wanted.reason_of(after),
            reasons={name: wanted.reasons.get(name, "") for name in after},
            base_op_id=max((op_id for op_id in op_ids if op_id is not None), default=None),
        )
    )


def _is_ageing(
    object_: str, record_id: str, after: Mapping[str, Scalar], known: Mapping[str, Base], rules: FieldRules, as_of: datetime
) -> bool:
    """Whether every value moved by less than its step since we wrote it, and none has waited for its refresh."""
    if rules.agreement.write_back.steps.refresh_days == 0 or any(name not in known for name in after):
        return False
    is_small = all(rules.is_within_step(object_, name, known[name].value, value) for name, value in after.items())
    written = [from_stamp(known[name].at) for name in after if not rules.ages_in_crm(object_, name)]
    return is_small and not (written and rules.is_refresh_due(record_id, min(written), as_of))


def _one_field(
    draft: _Draft, key: FieldKey, ours: Scalar, there: Remote | None, base: Base | None, memory: Memory, rules: FieldRules
) -> Move:
    object_, record_id, name = key
    shape = rules.shape(object_, name)
    misfit = rules.misfit(object_, name, ours)
    if misfit is not None:
        draft.quarantined.append(Quarantined(object_, record_id, name, misfit, digest([object_, record_id, name, ours])))
        return Move.LEAVE
    hold = memory.holds.get(key)
    if hold is not None and hold.reason in holds.STICKY:
        draft.skipped[f"held: {hold.reason.value}"] += 1
        return Move.LEAVE
    theirs = there.value(name, base.at if base else None) if there else NO_BASE
    decision = decide(
        ours=ours,
        theirs=theirs,
        base=base.value if base else NO_BASE,
        is_shared=rules.is_shared(object_, name),
        shape=shape,
        accepted=memory.accepted.get(key, NO_BASE),
        edit_held=hold.value_seen if hold is not None and hold.reason is HoldReason.HUMAN_EDIT else NO_BASE,
    )
    seen = theirs if not isinstance(theirs, Unknown) else None
    if decision.move is Move.NOOP and not isinstance(theirs, Unknown) and (base is None or not shape.same(base.value, ours)):
        draft.noops.setdefault(object_, {}).setdefault(record_id, {})[name] = ours
    if decision.move is Move.REPAIR and rules.is_flapping(memory.drift.get(key, {})):
        decision_hold: HoldReason | None = HoldReason.FLAPPING
    else:
        decision_hold = decision.hold
    if decision_hold is not None:
        draft.holds.append(NewHold(object_, record_id, name, decision_hold, seen))
        draft.skipped[f"held: {decision_hold.value}"] += 1
        return Move.LEAVE
    if hold is not None:
        draft.let_go.append(key)
    return decision.move


def _creates(draft: _Draft, record_creates: object, there: Mapping[tuple[str, str], Remote], memory: Memory, rules: FieldRules) -> None:
    for new in desired_creates(record_creates):
        if (new.object, new.external_key) in memory.created:
            draft.skipped["created before"] += 1
            continue
        if (new.object, new.external_key) in memory.busy:
            draft.skipped["earlier write not yet decided"] += 1
            continue
        if _is_parent_locked(new.parent_id, there, rules):
            draft.skipped["record locked by people"] += 1
            continue
        misfits = [rules.misfit(new.object, name, value) for name, value in sorted(new.values.items())]
        misfit = next((misfit for misfit in misfits if misfit), None)
        if misfit is not None:
            row_hash = digest([new.object, new.external_key, sorted(new.values.items())])
            draft.quarantined.append(Quarantined(new.object, new.external_key, "*", misfit, row_hash))
            continue
        draft.ops.append(
            PlannedOp(
                object=new.object,
                record_id=None,
                after=naming.without_names(new.values, new.people),
                stage=CREATE_STAGE,
                priority=new.priority,
                ext_field=rules.external_key_field(new.object),
                ext_key=new.external_key,
                lock_parent=new.parent_id,
                depends_on=new.parent_id,
                reason_code="CREATE",
                reason=new.reason,
                people=new.people,
            )
        )


def _is_parent_locked(parent_id: str | None, there: Mapping[tuple[str, str], Remote], rules: FieldRules) -> bool:
    """Do-not-sync keeps tasks away too."""
    parents = ((object_, there.get((object_, parent_id or ""))) for object_ in PARENTS)
    return any(parent is not None and rules.is_locked(object_, parent.values) for object_, parent in parents)


def _with_parents(ops: list[PlannedOp]) -> list[PlannedOp]:
    """In the order of sending: stage by stage, the children of one account side by side (row locks), then by id."""
    return sorted(ops, key=lambda op: (op.stage, op.object, op.lock_parent or "", op.subject))


def _is_dead(op: PlannedOp, memory: Memory, org_id: str, draft: _Draft) -> bool:
    """A refused row is tried again when ours, theirs or the agreement changed, else once a day."""
    refused = memory.dead.get(op.key(org_id))
    if refused is None or any(json.loads(refused).get(name) != value for name, value in op.before.items()):
        return False
    draft.skipped["dead letter, nothing changed since it was refused"] += 1
    return True
