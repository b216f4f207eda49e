"""What `alignment init` proposes from the organisation's own data: stages, activities, calendars, time zones and thresholds.

Belongs here: one proposal for each, as lines that a person reads. What is changed in the draft: `init.py`. What needs the activities of
90 days is read from the tables of the last run; the CRM's metadata is asked directly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ibis import _

from alignment_pipeline.agreement import constant_rates
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.patterns import matches_text
from alignment_pipeline.connectors.descriptions import ObjectDescription
from alignment_pipeline.connectors.salesforce.currencies import OrganizationCurrencies
from alignment_pipeline.contracts.moments import moment
from alignment_pipeline.operations import explain_activities, impact_and_backtest
from alignment_pipeline.warehouse.warehouse import Warehouse

DAYS = 90
_FIRST_RUN = "After a first `alignment run`, `alignment init --force` proposes this from 90 days of your data."


@dataclass(frozen=True)
class Proposal:
    """One part of the agreement, and what the data says for it. `keys`: where it stands in the file."""

    keys: str
    title: str
    lines: tuple[str, ...]


def stages(descriptions: Mapping[str, ObjectDescription | None], agreement: Agreement) -> list[Proposal]:
    """What each value of Lead.Status does to a person, and which values no rule knows."""
    lead = descriptions.get("Lead")
    status = lead.field("Status") if lead else None
    values = status.picklist_values if status else ()
    outcomes = agreement.sla.outcomes
    sla = {"accepted": outcomes.accepted_statuses, "rejected": outcomes.rejected_statuses, "deferred": outcomes.deferred_statuses}
    lines = []
    for value in values:
        moves = [
            move.to
            for move in agreement.lifecycle.people.moves
            if any(matches_text(value, [*when.statuses, *when.status_becomes]) for when in move.when)
        ]
        answers = [name for name, known in sla.items() if value.lower() in {one.lower() for one in known}]
        said = [f"moves a person to {moves[0]}"] if moves else []
        said += [f"counts as {answers[0]} for the SLA clocks"] if answers else []
        lines.append(f"{value}: {' and '.join(said) if said else 'no rule; add it to a move, or to sla.outcomes, if it means something'}")
    if not lines:
        return []
    return [Proposal("lifecycle.people.moves, sla.outcomes", "Values of Lead.Status, and what they do", tuple(lines))]


def activities(warehouse: Warehouse, agreement: Agreement) -> list[Proposal]:
    """Types of activities of the last 90 days with their counts, and whether one of the scoring rules counts them."""
    title = f"Activities of the last {DAYS} days"
    if not warehouse.exists("account_scores"):
        return [Proposal("scoring.engagement.rules", title, (_FIRST_RUN,))]
    as_of = impact_and_backtest.decided_as_of(warehouse)
    scored = explain_activities.everybodys(warehouse, agreement=agreement, as_of=as_of)
    recent = scored.filter(_.occurred_at >= moment(as_of - timedelta(days=DAYS)))
    rows = recent.group_by("activity_type").agg(
        seen=_.count(), counted=_.factor.count(where=_.exclusion.isnull()), people=_.person_id.nunique()
    )
    lines = tuple(
        f"{row['activity_type']}: {row['seen']:,} by {row['people']:,} people, "
        + ("no rule counts them" if not row["counted"] else f"{row['counted']:,} counted by a rule")
        for row in rows.order_by(_.seen.desc(), "activity_type").to_pyarrow().to_pylist()
    )
    return [Proposal("scoring.engagement.rules", title, lines or ("none",))]


def time_zones(users: Sequence[Mapping[str, object]], agreement: Agreement) -> list[Proposal]:
    """Time zones of the active users, and which of them have no holidays of their own in the sales calendar."""
    zones = Counter(str(row.get("TimeZoneSidKey") or "") for row in users if row.get("IsActive") in (True, "true", "True", None))
    del zones[""]
    known = {zone for calendar in agreement.sla.calendars for zone in (*calendar.holidays_by_zone, calendar.time_zone) if zone}
    lines = tuple(
        f"{zone}: {count} active users{'' if zone in known else '; no calendar has holidays for it: add it to holidays_by_zone'}"
        for zone, count in sorted(zones.items(), key=lambda one: (-one[1], one[0]))
    )
    return [Proposal("sla.calendars", "Owners' time zones", lines)] if lines else []


def calendars(hours: Sequence[Mapping[str, object]]) -> list[Proposal]:
    """Business hours of the CRM, which a calendar can name."""
    lines = tuple(
        f"{row['Name']} ({row.get('TimeZoneSidKey')}){', the default' if row.get('IsDefault') in (True, 'true') else ''}: "
        f"a calendar may read it with `salesforce: {row['Name']}`"
        for row in hours
    )
    return [Proposal("sla.calendars", "Business hours in Salesforce", lines)] if lines else []


def rates(known: OrganizationCurrencies | None, agreement: Agreement, today: date) -> list[Proposal]:
    """One constant rate per currency and fiscal year, from the CRM's own rates."""
    if known is None:
        return []
    wanted = constant_rates.proposed(known.rates, company=agreement.currencies.company, fiscal=agreement.fiscal, today=today)
    lines = [f"{constant_rates.as_yaml(rate)}" for rate in wanted]
    about = f"The rate of each fiscal year's first day, by {known.about}. It decides for the whole year: ask finance for theirs."
    return [Proposal("currencies.rates", "Constant rates of exchange", (about, *lines))] if lines else []


def thresholds(warehouse: Warehouse, agreement: Agreement, *, reps: int, weekly_per_rep: float) -> list[Proposal]:
    """How many MQAs a week each level of the points would have made, against what the reps can take, and the level that fits."""
    title = "MQA points against capacity"
    if not warehouse.exists("account_scores"):
        return [Proposal("lifecycle.mqa.paths", title, (_FIRST_RUN,))]
    result = impact_and_backtest.backtest_of(
        warehouse, agreement=agreement, of="mqa", as_of=None, outcome_days=30, tested_days=DAYS, use_attributes=True
    )
    rows = result.sweep.order_by("threshold_factor").to_pyarrow().to_pylist()
    if not rows:
        return []
    capacity = reps * weekly_per_rep
    proposed = fitting(rows, capacity)
    lines = [f"{reps} reps who take {weekly_per_rep:g} MQAs a week each: {capacity:g} a week. Of the last {DAYS} days:"]
    for row in rows:
        right = "" if row["precision_pct"] is None else f", {row['precision_pct']:.0f} % followed by an opportunity within 30 days"
        mark = "  <- proposed" if row is proposed else ""
        lines.append(f"points x {row['threshold_factor']:g}: {row['mqas_per_week']:.1f} MQAs a week{right}{mark}")
    if proposed is None:
        lines.append("Every level makes more MQAs than the reps can take: raise the points further, or ask for more people of an account.")
    elif proposed["threshold_factor"] != 1.0:
        lines.append(f"To follow the proposal, multiply `points` of each path by {proposed['threshold_factor']:g}.")
    return [Proposal("lifecycle.mqa.paths", title, tuple(lines))]


def fitting(rows: Sequence[dict[str, Any]], capacity: float) -> dict[str, Any] | None:
    """Of the levels that the reps can take the most precise; of equal ones the nearest to what stands in the agreement now."""
    possible = [row for row in rows if row["mqas_per_week"] <= capacity]
    return max(possible, key=lambda row: (row["precision_pct"] or 0.0, -abs(row["threshold_factor"] - 1.0)), default=None)


def as_comment(proposed: Sequence[Proposal]) -> str:
    """The proposals as a block of comments for the head of the file."""
    parts = ["# What your own data says. Nothing below this block was changed for it; the keys say where each belongs.", "#"]
    for one in proposed:
        parts += [f"# {one.title} ({one.keys}):", *(f"#   {line}" for line in one.lines), "#"]
    return "\n".join(parts) + "\n"
