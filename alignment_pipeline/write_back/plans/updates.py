"""What is planned for one record that exists: its operation, its holds, or why there is none.

Belongs here: a record's decision from its fields' (`fields/decide.py`). Records to be made: `creates.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from alignment_pipeline.journal.digest import digest
from alignment_pipeline.journal.journal import from_stamp
from alignment_pipeline.write_back.fields import holds
from alignment_pipeline.write_back.fields.bases import Base
from alignment_pipeline.write_back.fields.decide import NO_BASE, HoldReason, Move, Unknown, decide
from alignment_pipeline.write_back.fields.desired import Desired, Remote
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.fields.holds import FieldKey, NewHold
from alignment_pipeline.write_back.fields.shape import Scalar
from alignment_pipeline.write_back.plans.draft import Draft, Memory
from alignment_pipeline.write_back.plans.planned import STAGES, PlannedOp, Quarantined


def plan_record(
    draft: Draft, wanted: Desired, there: Remote | None, state: str | None, memory: Memory, rules: FieldRules, as_of: datetime
) -> None:
    """Add to the draft what one record needs."""
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
    """Whether every value moved by less than its step since we wrote it, and no number has waited for its refresh.

    What has no refresh waits for another field, however long.
    """
    if rules.agreement.write_back.steps.refresh_days == 0 or any(name not in known for name in after):
        return False
    is_small = all(rules.is_within_step(object_, name, known[name].value, value) for name, value in after.items())
    written = [from_stamp(known[name].at) for name, value in after.items() if rules.has_refresh(object_, name, known[name].value, value)]
    return is_small and not (written and rules.is_refresh_due(record_id, min(written), as_of))


def _one_field(
    draft: Draft, key: FieldKey, ours: Scalar, there: Remote | None, base: Base | None, memory: Memory, rules: FieldRules
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
