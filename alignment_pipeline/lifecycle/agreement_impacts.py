"""What another agreement would change, before it takes effect.

Belongs here: the difference of two sets of decisions, and its summary. Deciding under the other agreement:
`operations/impact_and_backtest.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis

from alignment_pipeline.agreement.handover import Handover
from alignment_pipeline.contracts.lifecycle import AGREEMENT_IMPACTS
from alignment_pipeline.contracts.shape import as_contract

Tables = Mapping[str, ibis.Table]


@dataclass(frozen=True)
class Aspect:
    """Where one kind of decision stands: its table, its key, its value as text, and the column that says why."""

    table: str
    key: str
    value: Callable[[ibis.Table], ibis.Value]
    reason: str


def _column(name: str) -> Callable[[ibis.Table], ibis.Value]:
    return lambda table: table[name].cast("string")


def _match(matches: ibis.Table) -> ibis.Value:
    return ibis.ifelse(matches.decision == "matched", matches.account_id, matches.decision)


def _points(table: ibis.Table) -> ibis.Value:
    return table.engagement_score.cast("decimal(18, 2)").cast("string")


def _clock(slas: ibis.Table) -> ibis.Value:
    due = slas.sla_due_at.strftime("%Y-%m-%d %H:%M").fill_null("no due time")
    return slas.sla_policy + ": " + slas.sla_status + ", " + due


ASPECTS: Mapping[str, Aspect] = {
    "mqa": Aspect("account_mqa_statuses", "account_id", _column("mqa_status"), "mqa_reason"),
    "account_stage": Aspect("account_stages", "account_id", _column("stage"), "stage_reason"),
    "account_tier": Aspect("account_tiers", "account_id", _column("tier"), "tier_reason"),
    "person_stage": Aspect("person_stages", "person_id", _column("stage"), "stage_reason"),
    "lead_match": Aspect("lead_account_matches", "person_id", _match, "reason"),
    "person_score": Aspect("person_scores", "person_id", _points, "score_reason"),
    "account_score": Aspect("account_scores", "account_id", _points, "score_reason"),
    "sla": Aspect("person_slas", "person_id", _clock, "sla_reason"),
    "task": Aspect("record_creates", "external_key", lambda table: ibis.literal("created"), "reason"),
}


def agreement_impacts(before: Tables, after: Tables, *, before_version: str, as_of: datetime, agreement_version: str) -> ibis.Table:
    """One row per decision that differs between the tables of two agreements, decided as of the same moment from the same data."""
    parts = []
    for name, aspect in ASPECTS.items():
        if aspect.table not in before or aspect.table not in after:
            continue
        old, new = before[aspect.table], after[aspect.table]
        left = old.select(old_id=aspect.key, before_value=aspect.value(old), before_reason=aspect.reason)
        right = new.select(new_id=aspect.key, after_value=aspect.value(new), after_reason=aspect.reason)
        both = left.outer_join(right, left.old_id == right.new_id)
        changed = both.filter(~both.before_value.identical_to(both.after_value))
        parts.append(
            changed.select(
                aspect=ibis.literal(name),
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
    match_moves: dict[str, int]
    counts: dict[str, int]
    crm_fields: dict[str, int]
    new_mqas_by_owner: dict[str, int]
    over_capacity: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """`41 become MQA, 17 stop, 6 change stage, 6 reps over capacity`, and what else moves."""
        reps = f"{len(self.over_capacity)} rep{'' if len(self.over_capacity) == 1 else 's'} over capacity"
        moved = sum(self.stage_moves.values())
        parts = [f"{self.become_mqa} become MQA", f"{self.stop_being_mqa} stop", f"{moved} change stage", reps]
        for aspect, one, many in _OTHER_WORDS:
            number = self.counts.get(aspect, 0)
            if number:
                parts.append(f"{number} {one if number == 1 else many}")
        return ", ".join(parts)


_OTHER_WORDS = (
    ("lead_match", "lead matches differently", "leads match differently"),
    ("account_tier", "account changes tier", "accounts change tier"),
    ("person_score", "person's score changes", "people's scores change"),
    ("account_score", "account's score changes", "accounts' scores change"),
    ("sla", "SLA changes", "SLAs change"),
    ("task", "task more or less", "tasks more or less"),
)


def crm_field_changes(before: ibis.Table, after: ibis.Table) -> dict[str, int]:
    """Object and field -> records whose value in `field_updates` differs."""
    left = before.select("object", "record_id", "field", before_value=before.value.cast("string"))
    right = after.select("object", "record_id", "field", after_value=after.value.cast("string"))
    both = left.outer_join(right, ["object", "record_id", "field"])
    differ = both.filter(~both.before_value.identical_to(both.after_value))
    name = ibis.coalesce(differ.object, differ.object_right) + "." + ibis.coalesce(differ.field, differ.field_right)
    counted = differ.group_by(field=name).agg(records=lambda table: table.count()).order_by("field").to_pyarrow().to_pylist()
    return {row["field"]: row["records"] for row in counted}


def impact_summary(impacts: ibis.Table, *, handover: Handover, crm_fields: Mapping[str, int] | None = None) -> ImpactSummary:
    """Counts of `agreement_impacts`; `crm_fields` is what `crm_field_changes` found."""
    counts: Counter[str] = Counter()
    match_moves: Counter[str] = Counter()
    stage_moves: Counter[str] = Counter()
    tier_moves: Counter[str] = Counter()
    by_owner: Counter[str] = Counter()
    become = stop = 0
    for row in impacts.order_by("aspect", "entity_id").to_pyarrow().to_pylist():
        move = f"{row['before_value'] or 'none'} -> {row['after_value'] or 'none'}"
        counts[row["aspect"]] += 1
        if row["aspect"] == "lead_match":
            match_moves[_match_move(row["before_value"], row["after_value"])] += 1
        elif row["aspect"] == "mqa":
            become += row["after_value"] == "mqa"
            stop += row["before_value"] == "mqa"
            if row["after_value"] == "mqa" and row["owner_id"]:
                by_owner[row["owner_id"]] += 1
        elif row["aspect"] == "account_tier":
            tier_moves[move] += 1
        elif row["aspect"].endswith("_stage"):
            stage_moves[f"{row['aspect'].removesuffix('_stage')}: {move}"] += 1
    limit = handover.mqas_per_rep_and_week
    over = tuple(sorted(owner for owner, count in by_owner.items() if limit is not None and count > limit))
    return ImpactSummary(
        become_mqa=become,
        stop_being_mqa=stop,
        stage_moves=dict(sorted(stage_moves.items())),
        tier_moves=dict(sorted(tier_moves.items())),
        match_moves=dict(sorted(match_moves.items())),
        counts=dict(sorted(counts.items())),
        crm_fields=dict(crm_fields or {}),
        new_mqas_by_owner=dict(sorted(by_owner.items())),
        over_capacity=over,
    )


def _match_move(before: str | None, after: str | None) -> str:
    words = {"review": "in review", "none": "no account", None: "none"}
    old, new = words.get(before, "matched"), words.get(after, "matched")
    return "matched -> another account" if old == new == "matched" else f"{old} -> {new}"
