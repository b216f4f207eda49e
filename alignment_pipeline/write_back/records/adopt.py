"""Starts over with a lost or outdated journal: what the CRM holds is read as the new starting point, nothing is sent.

Belongs here: adoption. Values that are right already become the base; filled fields that differ are held (FIRST_TOUCH) until a person
releases them; empty fields are simply filled by the next plan. How a lost journal is recognised: `write_back/sending/marker.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, insert, update

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.connectors.crm import Crm
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.lease import FULL, acquire
from alignment_pipeline.journal.tables import OP, OPEN, PLAN, RUN, SYNCED
from alignment_pipeline.write_back.fields import bases, holds
from alignment_pipeline.write_back.fields.decide import HoldReason
from alignment_pipeline.write_back.fields.holds import NewHold
from alignment_pipeline.write_back.plans.planned import Plan
from alignment_pipeline.write_back.sending import marker


@dataclass(frozen=True)
class Adopted:
    """What was taken over: fields whose value is the base now, and holds by reason."""

    fields: int
    holds: Mapping[str, int]
    to_fill: int


def adopt(journal: Journal, build: Callable[[], Plan], *, crm: Crm, agreement: Agreement) -> Adopted:
    """Forget the bases, build a plan without them, and keep what it found right and what it held. Sends nothing.

    Every difference that a person may have made is held: a filled value that differs, and a shared field that is empty on a record that was
    synced before. Permissions of the old journal to write over a value end.

    `build` makes the plan (`plan.build`) from a fresh extraction. Raises AnotherWriter while an apply is running.
    """
    with acquire(journal, FULL):
        with journal.begin() as connection:
            connection.execute(delete(SYNCED))
            connection.execute(update(OP).where(OP.c.state.in_(OPEN)).values(state="SUPERSEDED", reason_code="ADOPTED"))
            waiting = ("DRAFT", "NEEDS_APPROVAL", "APPROVED", "APPLYING")
            connection.execute(update(PLAN).where(PLAN.c.state.in_(waiting)).values(state="ABORTED"))
            holds.end_permissions(journal, connection)
        plan = build()
        held = [*plan.holds, *_emptied(plan, agreement)]
        with journal.begin() as connection:
            for object_, records in plan.noops.items():
                bases.put(journal, connection, object_, records, {})
            holds.put(journal, connection, held, agreement.write_back.holds, plan.config_hash)
            connection.execute(insert(RUN), _run(journal, plan))
        marker.renew(journal, crm, agreement)
    by_reason = Counter(one.reason.value for one in held)
    kept = {(one.object, one.record_id, one.field) for one in held}
    to_fill = sum(any((op.object, op.record_id or "", name) not in kept for name in op.after) for op in plan.ops)
    return Adopted(sum(len(fields) for records in plan.noops.values() for fields in records.values()), dict(by_reason), to_fill)


def _emptied(plan: Plan, agreement: Agreement) -> list[NewHold]:
    """Shared fields that are empty on records that were synced before: a person may have emptied them."""
    shared = {(mapping.object, mapping.field) for mapping in agreement.crm.fields if mapping.owner == "shared"}
    return [
        NewHold(op.object, op.record_id, name, HoldReason.HUMAN_EDIT)
        for op in plan.ops
        if op.record_id is not None and any(op.carried_before.values())
        for name in op.after
        if (op.object, name) in shared
    ]


def _run(journal: Journal, plan: Plan) -> dict[str, object]:
    now = journal.now()
    return {
        "run_id": plan.run_id,
        "mode": "adopt",
        "org_id": plan.org_id,
        "config_hash": plan.config_hash,
        "code_version": plan.code_version,
        "plan_hash": None,
        "started": now,
        "ended": now,
        "status": "DONE",
        "api_calls": 0,
    }
