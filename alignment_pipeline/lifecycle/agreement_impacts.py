"""What another agreement would change, before it takes effect.

Belongs here: the difference of two sets of decisions, and its summary. Deciding under the other agreement:
`operations/impact_and_backtest.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis

from alignment_pipeline.agreement.handover import Handover
from alignment_pipeline.contracts.lifecycle import AGREEMENT_IMPACTS
from alignment_pipeline.contracts.shape import as_contract

Tables = Mapping[str, ibis.Table]
# aspect: table, key, value, reason
_ASPECTS = {
    "mqa": ("account_mqa_statuses", "account_id", "mqa_status", "mqa_reason"),
    "account_stage": ("account_stages", "account_id", "stage", "stage_reason"),
    "account_tier": ("account_tiers", "account_id", "tier", "tier_reason"),
    "person_stage": ("person_stages", "person_id", "stage", "stage_reason"),
}


def agreement_impacts(before: Tables, after: Tables, *, before_version: str, as_of: datetime, agreement_version: str) -> ibis.Table:
    """One row per decision that differs between the tables of two agreements, decided as of the same moment from the same data."""
    parts = []
    for aspect, (name, key, value, reason) in _ASPECTS.items():
        old, new = before[name], after[name]
        left = old.select(old_id=key, before_value=old[value].cast("string"), before_reason=old[reason])
        right = new.select(new_id=key, after_value=new[value].cast("string"), after_reason=new[reason])
        both = left.outer_join(right, left.old_id == right.new_id)
        changed = both.filter(~both.before_value.identical_to(both.after_value))
        parts.append(
            changed.select(
                aspect=ibis.literal(aspect),
                entity_id=ibis.coalesce(changed.old_id, changed.new_id),
                before_value=changed.before_value,
                after_value=changed.after_value,
                before_reason=changed.before_reason,
                after_reason=changed.after_reason,
            )
        )
    changes = ibis.union(*parts)
    owners = ibis.union(
        after["account_stages"].select("owner_id", owned_id="account_id"), after["person_stages"].select("owner_id", owned_id="person_id")
    )
    owned = changes.left_join(owners, changes.entity_id == owners.owned_id)
    owned = owned.mutate(before_version=ibis.literal(before_version))
    return as_contract(owned, AGREEMENT_IMPACTS, as_of=as_of, agreement_version=agreement_version)


@dataclass(frozen=True)
class ImpactSummary:
    """The difference in numbers. `over_capacity` names reps who would get more new MQAs at once than agreed for a week."""

    become_mqa: int
    stop_being_mqa: int
    stage_moves: dict[str, int]
    tier_moves: dict[str, int]
    new_mqas_by_owner: dict[str, int]
    over_capacity: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """`41 become MQA, 17 stop, 6 reps over capacity`."""
        reps = f"{len(self.over_capacity)} rep{'' if len(self.over_capacity) == 1 else 's'} over capacity"
        moved = sum(self.stage_moves.values())
        return f"{self.become_mqa} become MQA, {self.stop_being_mqa} stop, {moved} change stage, {reps}"


def impact_summary(impacts: ibis.Table, *, handover: Handover) -> ImpactSummary:
    """Counts of `agreement_impacts`."""
    stage_moves: Counter[str] = Counter()
    tier_moves: Counter[str] = Counter()
    by_owner: Counter[str] = Counter()
    become = stop = 0
    for row in impacts.order_by("aspect", "entity_id").to_pyarrow().to_pylist():
        move = f"{row['before_value'] or 'none'} -> {row['after_value'] or 'none'}"
        if row["aspect"] == "mqa":
            become += row["after_value"] == "mqa"
            stop += row["before_value"] == "mqa"
            if row["after_value"] == "mqa" and row["owner_id"]:
                by_owner[row["owner_id"]] += 1
        elif row["aspect"] == "account_tier":
            tier_moves[move] += 1
        else:
            stage_moves[f"{row['aspect'].removesuffix('_stage')}: {move}"] += 1
    limit = handover.mqas_per_rep_and_week
    over = tuple(sorted(owner for owner, count in by_owner.items() if limit is not None and count > limit))
    return ImpactSummary(
        become, stop, dict(sorted(stage_moves.items())), dict(sorted(tier_moves.items())), dict(sorted(by_owner.items())), over
    )
