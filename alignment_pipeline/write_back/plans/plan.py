"""Makes a plan: what the CRM should say, against what it says and what we last wrote there.

Belongs here: from the tables of desired values to operations, holds and quarantine. What a record needs: `updates.py` and `creates.py`.
Whether the plan may be sent: `guard.py` and `approval.py`; keeping it: `ops.py`; sending it: `write_back/sending/apply.py`. Nothing is
read from or written to a CRM here.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.version import CODE_VERSION
from alignment_pipeline.write_back.fields import bases
from alignment_pipeline.write_back.fields.desired import desired_creates, desired_records, known_states, remote_records
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.fields.shape import Shapes
from alignment_pipeline.write_back.plans.creates import plan_creates
from alignment_pipeline.write_back.plans.draft import PARENTS, Draft, Memory, remember
from alignment_pipeline.write_back.plans.planned import Plan, PlannedOp, plan_hash
from alignment_pipeline.write_back.plans.updates import plan_record


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
    memory = remember(journal, wanted, agreement)
    draft = Draft()
    for key in sorted(wanted):
        plan_record(draft, wanted[key], there.get(key), states.get(key), memory, rules, as_of)
    plan_creates(draft, record_creates, there, memory, rules)
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


def _with_parents(ops: list[PlannedOp]) -> list[PlannedOp]:
    """In the order of sending: stage by stage, the children of one account side by side (row locks), then by id."""
    return sorted(ops, key=lambda op: (op.stage, op.object, op.lock_parent or "", op.subject))


def _is_dead(op: PlannedOp, memory: Memory, org_id: str, draft: Draft) -> bool:
    """A refused row is tried again when ours, theirs or the agreement changed, else once a day."""
    refused = memory.dead.get(op.key(org_id))
    if refused is None or any(json.loads(refused).get(name) != value for name, value in op.before.items()):
        return False
    draft.skipped["dead letter, nothing changed since it was refused"] += 1
    return True
