"""What the planner plans with: need, rates, lags, and what is in hand, each with how many cases it rests on.

Belongs here: reading tables into numbers. Formulas: `arithmetic.py`; lines: `plan_lines.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import ibis
from ibis import _

from alignment_pipeline.agreement.fiscal import Fiscal, FiscalPeriod
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.contracts.moments import DAY, microseconds
from alignment_pipeline.pipeline_metrics import conversion, deals
from alignment_pipeline.pipeline_metrics.conversion import CONVERTED, LEFT, STAYS, Wait
from alignment_pipeline.pipeline_metrics.goal_planning.arithmetic import Share
from alignment_pipeline.pipeline_metrics.measures import WHOLE


@dataclass
class Inputs:
    """Numbers of one scope. Money is in hundredths of the company's currency."""

    scope: str
    bookings: float = 0.0
    open: float = 0.0
    conversion: float | None = None
    later: float = 0.0
    wins: Share = field(default_factory=lambda: Share(0, 0))
    amounts: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    open_deals: int = 0


@dataclass(frozen=True)
class MqaInputs:
    """MQAs, or accounts that sales accepted, that became deals, of those old enough to tell; `waits` hold all."""

    waits: Sequence[Wait]
    in_hand: int
    lags: Sequence[float]
    rate: conversion.Rate


def inputs_of(parted: ibis.Table, metrics: ibis.Table, today: date, *, fiscal: Fiscal, pipeline: Pipeline) -> dict[str, Inputs]:
    """Scope -> its numbers: sums and rates from `pipeline_metrics`, lags and amounts of deals won in the last year of full cycles."""
    inputs: dict[str, Inputs] = {}
    chosen = metrics.filter(metrics.metric.isin(["bookings", "eligible_pipeline", "conversion_at_day", "win_rate"]))
    for row in chosen.select("scope", "metric", "value", "numerator", "denominator", "n").to_pyarrow().to_pylist():
        one = inputs.setdefault(row["scope"], Inputs(row["scope"]))
        if row["metric"] == "bookings":
            one.bookings = row["value"]
        elif row["metric"] == "eligible_pipeline":
            one.open, one.open_deals = row["value"], row["n"]
        elif row["metric"] == "conversion_at_day":
            one.conversion = row["value"]
        else:
            one.wins = Share(row["numerator"], row["denominator"])
    until = fiscal.end_of(today) - timedelta(days=pipeline.cycle_days)
    on = deals.deals_on(parted, today, fiscal=fiscal).filter(_.is_won, _.created_at < until, _.created_at >= until - timedelta(days=365))
    won = deals.by_scope(on, pipeline.scopes).select("scope", "created_at", "closed_at", "amount_cents", "opportunity_id")
    for row in won.order_by("scope", "opportunity_id").to_pyarrow().to_pylist():
        lag = (row["closed_at"] - row["created_at"]) / timedelta(days=1)
        one = inputs.setdefault(row["scope"], Inputs(row["scope"]))
        if lag <= pipeline.cycle_days:
            one.lags.append(lag)
            if row["amount_cents"] is not None:
                one.amounts.append(float(row["amount_cents"]))
    inputs.setdefault(WHOLE, Inputs(WHOLE))
    return inputs


def mqas_of(mqa_changes: ibis.Table, states: ibis.Table, until: datetime, *, pipeline: Pipeline) -> MqaInputs:
    """MQAs that were followed by a deal of their account; one that ended before is another exit."""
    begun: dict[str, list[datetime]] = defaultdict(list)
    first = (
        states.filter(~_.is_deleted)
        .group_by("opportunity_id")
        .agg(account_id=_.account_id.argmin(_.valid_from_at), created_at=_.created_at.min())
    )
    for row in first.to_pyarrow().to_pylist():
        if row["account_id"] and row["created_at"] <= until:
            begun[row["account_id"]].append(row["created_at"])
    now, waits, lags, in_hand = microseconds(until), [], [], 0
    rows = mqa_changes.select("account_id", "sequence", "entered_at", "left_at").order_by("account_id", "sequence")
    for row in rows.to_pyarrow().to_pylist():
        if row["entered_at"] > until:
            continue
        entered = microseconds(row["entered_at"])
        after = [microseconds(one) for one in begun.get(row["account_id"], ()) if one >= row["entered_at"]]
        left = microseconds(row["left_at"]) if row["left_at"] and row["left_at"] <= until else None
        ends = [(min(after), CONVERTED)] if after else []
        ends += [(left, LEFT)] if left is not None else []
        at, ending = min(ends) if ends else (now, STAYS)
        waits.append(Wait((at - entered) / DAY, ending, (now - entered) / DAY))
        if ending == CONVERTED and waits[-1].days <= pipeline.planner.mqa_days:
            lags.append(waits[-1].days)
        in_hand += ending == STAYS
    return MqaInputs(waits, in_hand, lags, conversion.incidence(waits, pipeline.planner.mqa_days))


def sqas_of(stage_changes: ibis.Table, states: ibis.Table, until: datetime, *, pipeline: Pipeline) -> MqaInputs:
    """The same for stays in the stage of accepted accounts. One that ends in a stage beyond it has not left otherwise."""
    stays = stage_changes.filter(stage_changes.stage.lower() == pipeline.planner.sqa_stage.lower())
    after = stage_changes.select("account_id", next_sequence=_.sequence, next_stage=_.stage)
    beyond = {stage.lower() for step in pipeline.steps if step.subject == "account" for stage in step.reaches}
    joined = stays.left_join(after, [stays.account_id == after.account_id, stays.sequence + 1 == after.next_sequence])
    went_on = joined.next_stage.lower().isin(sorted(beyond)).fill_null(False) if beyond else ibis.literal(False)
    left_at = ibis.cases((went_on, ibis.null("timestamp('UTC', 6)")), else_=joined.left_at)
    rows = joined.select("account_id", "sequence", "entered_at", left_at=left_at)
    return mqas_of(rows, states, until, pipeline=pipeline)


def marginal_rate(contact_yields: ibis.Table) -> tuple[float | None, int]:
    """The best yield of one more contact among classes with enough accounts, and how many accounts it rests on."""
    rows: list[dict[str, Any]] = contact_yields.select("contacts_from", "marginal_rate_pct", "accounts").to_pyarrow().to_pylist()
    known = [(row["marginal_rate_pct"], row["accounts"]) for row in rows if row["marginal_rate_pct"] and row["marginal_rate_pct"] > 0]
    return max(known) if known else (None, 0)


def weeks_left(today: date, period: FiscalPeriod) -> float:
    """Weeks of work left in the period, at five business days each."""
    return (period.business_days() - period.business_days(today)) / 5
