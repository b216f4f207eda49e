"""What is planned for records that are to be made.

Belongs here: tasks and the like, each known by its external key. Records that exist: `updates.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from alignment_pipeline.journal.digest import digest
from alignment_pipeline.write_back.fields import naming
from alignment_pipeline.write_back.fields.desired import Remote, desired_creates
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.plans.draft import PARENTS, Draft, Memory
from alignment_pipeline.write_back.plans.planned import CREATE_STAGE, PlannedOp, Quarantined


def plan_creates(draft: Draft, record_creates: object, there: Mapping[tuple[str, str], Remote], memory: Memory, rules: FieldRules) -> None:
    """Add to the draft every record that is to be made and was not made before."""
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
