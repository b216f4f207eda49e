"""Prepares a plan in one call: build, judge, keep, and write the preview. What a dry run is.

Belongs here: the order of those steps, for the wiring and the command line. Sends nothing and needs no writer credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.fields.shape import Shapes
from alignment_pipeline.write_back.plans.guard import judge
from alignment_pipeline.write_back.plans.judgement import Judgement
from alignment_pipeline.write_back.plans.ops import save_plan
from alignment_pipeline.write_back.plans.plan import build
from alignment_pipeline.write_back.plans.planned import Plan
from alignment_pipeline.write_back.plans.preview import write_preview
from alignment_pipeline.write_back.plans.source_health import SourceHealth


@dataclass(frozen=True)
class Prepared:
    """A kept plan. `state` is DRAFT (a standing approval may cover it), NEEDS_APPROVAL, BLOCKED, or DONE when there is nothing to do."""

    plan: Plan
    judgement: Judgement
    state: str
    lines: Path | None
    page: Path | None

    def to_json(self) -> dict[str, Any]:
        """For `--json` and metadata: numbers and reasons, no values."""
        return {
            "plan_hash": self.plan.plan_hash,
            "state": self.state,
            "verdict": self.judgement.verdict.value,
            "reasons": self.judgement.reasons(),
            "counts": self.plan.counts(),
            "preview": str(self.page) if self.page else None,
        }


def prepare(
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
    sources: Sequence[SourceHealth] = (),
    match_rates: Sequence[float] = (),
    folder: Path | None = None,
    names: Mapping[str, str] | None = None,
    reactions: Callable[[Collection[str]], Sequence[str]] | None = None,
) -> Prepared:
    """Build, judge and keep a plan; write its preview below `folder` when given. `names`: record id -> what people call it.

    `reactions` says what starts in the CRM when records of these objects are saved; it is asked only when there is something to send.
    """
    plan = build(
        journal,
        field_updates=field_updates,
        record_creates=record_creates,
        crm_field_values=crm_field_values,
        crm_record_states=crm_record_states,
        agreement=agreement,
        shapes=shapes,
        org_id=org_id,
        as_of=as_of,
        run_id=run_id,
        kind=kind,
    )
    return keep(
        journal,
        plan,
        FieldRules(agreement=agreement, shapes=shapes),
        sources=sources,
        match_rates=match_rates,
        folder=folder,
        names=names,
        reactions=reactions,
    )


def keep(
    journal: Journal,
    plan: Plan,
    rules: FieldRules,
    *,
    sources: Sequence[SourceHealth] = (),
    match_rates: Sequence[float] = (),
    folder: Path | None = None,
    names: Mapping[str, str] | None = None,
    reactions: Callable[[Collection[str]], Sequence[str]] | None = None,
) -> Prepared:
    """Judge a plan that was built (a rollback, say), keep it, write its preview."""
    judgement = judge(journal, plan, rules=rules, sources=sources, match_rates=match_rates)
    state = save_plan(journal, plan, judgement, rules)
    if folder is None:
        return Prepared(plan, judgement, state, None, None)
    said = reactions({op.object for op in plan.ops}) if reactions and plan.ops else ()
    lines, page = write_preview(plan, judgement, folder, crm=rules.agreement.crm, names=names, reactions=said)
    return Prepared(plan, judgement, state, lines, page)
