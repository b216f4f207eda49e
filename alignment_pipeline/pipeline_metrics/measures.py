"""Sums over deals that metrics are made of, by scope, worked out where the tables are.

Belongs here: queries. What is made of the sums: `pipeline_metrics.py`, `forecast_accuracy.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.agreement.fiscal import Fiscal, FiscalPeriod
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.contracts.moments import DAY, micros, moment
from alignment_pipeline.pipeline_metrics import deals

Rows = list[dict[str, Any]]
WHOLE = "all"
# the rest of what a category says is judged by people; these are the plain reading of each
_COMMITTED = ("Forecast", "MostLikely")
_CUTS = pa.schema(
    {"period": pa.string(), "first_on": pa.date32(), "last_on": pa.date32()}
    | {name: pa.timestamp("us", "UTC") for name in ("begins_at", "ends_at", "seen_at")}
)


@dataclass(frozen=True)
class Cut:
    """A period seen at the end of one of its days."""

    period: FiscalPeriod
    day: date


def marked(parted: ibis.Table, cut: Cut, *, fiscal: Fiscal, pipeline: Pipeline) -> ibis.Table:
    """The deals at the end of the day, per scope, with what each counts for: is_open, in_set, is_eligible, is_overdue, is_booked."""
    on = deals.deals_on(parted, cut.day, fiscal=fiscal)
    scoped = deals.by_scope(on, pipeline.scopes)
    is_in = deals.in_period(scoped, cut.period, fiscal=fiscal, booking_date=pipeline.booking_date).fill_null(False)
    eligible = scoped.stage.isin(pipeline.eligible_stages) if pipeline.eligible_stages else ibis.literal(True)
    return scoped.mutate(
        is_open=~scoped.is_closed,
        in_set=is_in & ~scoped.is_closed,
        is_eligible=is_in & ~scoped.is_closed & eligible,
        is_overdue=is_in & ~scoped.is_closed & (scoped.close_on < cut.day),
        is_booked=is_in & scoped.is_won,
    )


def present(parted: ibis.Table, cut: Cut, *, fiscal: Fiscal, pipeline: Pipeline) -> Rows:
    """Per scope: open and overdue pipeline of the period, bookings, and all open deals."""
    on_day = marked(parted, cut, fiscal=fiscal, pipeline=pipeline)
    return _sums(on_day, ("is_open", "in_set", "is_eligible", "is_overdue", "is_booked"), "amount_cents")


def _sums(counted: ibis.Table, marks: Sequence[str], amount: str) -> Rows:
    """Per scope and mark: the sum of an amount, how many deals, and how many of them without it."""
    groups: dict[str, ibis.Value] = {}
    for name in marks:
        chosen = counted[name].fill_null(False)
        groups |= {
            f"{name}_cents": counted[amount].sum(where=chosen).fill_null(0),
            f"{name}_deals": chosen.cast("int64").sum(),
            f"{name}_without": (chosen & counted[amount].isnull()).cast("int64").sum(),
        }
    return _rows(counted.group_by("scope").agg(**groups).order_by("scope"))


def at_crm_rates(parted: ibis.Table, rates: ibis.Table, cut: Cut, *, fiscal: Fiscal, pipeline: Pipeline) -> Rows:
    """Per scope: open pipeline and bookings of the period at the CRM's own rate of each deal's close date, each deal to the cent."""
    counted = with_crm_rate(marked(parted, cut, fiscal=fiscal, pipeline=pipeline).filter(_.in_set | _.is_booked), rates)
    return _sums(counted, ("in_set", "is_booked"), "crm_cents")


def with_crm_rate(counted: ibis.Table, rates: ibis.Table) -> ibis.Table:
    """Deals with the CRM's own rate of their close date, `crm_units`, and what they amount to by it, `crm_cents`; null without a rate."""
    spans = rates.select("starts_on", "ends_on", rated=rates.currency, crm_units=rates.units)
    holds = [
        counted.currency == spans.rated,
        counted.close_on >= spans.starts_on,
        spans.ends_on.isnull() | (counted.close_on < spans.ends_on),
    ]
    joined = counted.left_join(spans, holds)
    return joined.mutate(crm_cents=(joined.amount * ibis.literal(100.0) / joined.crm_units).round().cast("int64"))


def past(parted: ibis.Table, cuts: Sequence[Cut], today: date, *, fiscal: Fiscal, pipeline: Pipeline) -> Rows:
    """Per scope and complete period: what was open on its day, what of it was won in the period, and bookings that came otherwise."""
    if not cuts:
        return []
    table = _table(cuts, fiscal)
    opened = _opened(parted, table, pipeline)
    won = _booked(deals.deals_on(parted, today, fiscal=fiscal).filter(_.is_won), table, pipeline)
    pairs = opened.outer_join(won, ["period", "scope", "opportunity_id"])
    joined = pairs.select(
        period=ibis.coalesce(pairs.period, pairs.period_right),
        scope=ibis.coalesce(pairs.scope, pairs.scope_right),
        was_open=pairs.opportunity_id.notnull(),
        open_cents=pairs.open_cents.fill_null(0),
        expected_cents=pairs.expected_cents.fill_null(0.0),
        committed_cents=pairs.committed_cents.fill_null(0),
        won_cents=pairs.won_cents.fill_null(0),
        before_cents=ibis.ifelse(pairs.opportunity_id.isnull() & pairs.is_before.fill_null(False), pairs.won_cents, 0).fill_null(0),
    )
    sums = joined.group_by(["period", "scope"]).agg(
        open_cents=_.open_cents.sum(),
        expected_cents=_.expected_cents.sum(),
        committed_cents=_.committed_cents.sum(),
        won_cents=_.won_cents.sum(where=_.was_open).fill_null(0),
        booked_cents=_.won_cents.sum(),
        before_cents=_.before_cents.sum(),
    )
    return _rows(sums.order_by("scope", "period"))


def _table(cuts: Sequence[Cut], fiscal: Fiscal) -> ibis.Table:
    """One row per cut: one query looks at all of them."""
    rows = [
        {
            "period": cut.period.name,
            "first_on": cut.period.first,
            "last_on": cut.period.last,
            "begins_at": deals.begin_of(cut.period, fiscal),
            "ends_at": fiscal.end_of(cut.period.last),
            "seen_at": fiscal.end_of(cut.day),
        }
        for cut in cuts
    ]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=_CUTS))


def _opened(parted: ibis.Table, cuts: ibis.Table, pipeline: Pipeline) -> ibis.Table:
    """Deals of each cut's period that were open at the end of its day, per scope."""
    existing = parted.filter(~_.is_deleted, ~_.is_closed)
    pairs = existing.inner_join(
        cuts,
        [
            existing.valid_from_at < cuts.seen_at,
            existing.valid_to_at.isnull() | (existing.valid_to_at >= cuts.seen_at),
            existing.created_at < cuts.seen_at,
            existing.close_on >= cuts.first_on,
            existing.close_on <= cuts.last_on,
        ],
    )
    scoped = deals.by_scope(pairs, pipeline.scopes)
    cents = scoped.amount_cents.fill_null(0)
    return scoped.select(
        "scope",
        "opportunity_id",
        "period",
        open_cents=cents,
        # probability comes as 0 to 100
        expected_cents=cents.cast("float64") * scoped.probability_pct.fill_null(0.0) / ibis.literal(100.0),
        committed_cents=ibis.ifelse(scoped.forecast_category.isin(_COMMITTED), cents, 0),
    )


def _booked(final: ibis.Table, cuts: ibis.Table, pipeline: Pipeline) -> ibis.Table:
    """Bookings of each cut's period; `is_before`: they were booked by the end of its day already."""
    belongs = deals.within(final, cuts.first_on, cuts.last_on, cuts.begins_at, cuts.ends_at, booking_date=pipeline.booking_date)
    scoped = deals.by_scope(final.inner_join(cuts, [belongs]), pipeline.scopes)
    return scoped.select(
        "scope",
        "opportunity_id",
        "period",
        won_cents=scoped.amount_cents.fill_null(0),
        is_before=scoped.closed_at < scoped.seen_at,
    )


def wins(parted: ibis.Table, today: date, *, fiscal: Fiscal, pipeline: Pipeline) -> Rows:
    """Per scope, of deals created in the year before the last T days: how many, won within T, their amounts and days."""
    until = fiscal.end_of(today) - timedelta(days=pipeline.cycle_days)
    on = deals.deals_on(parted, today, fiscal=fiscal)
    old = on.filter(on.created_at < moment(until), on.created_at >= moment(until - timedelta(days=365)))
    scoped = deals.by_scope(old, pipeline.scopes)
    days = (micros(scoped.closed_at) - micros(scoped.created_at)).cast("float64") / ibis.literal(float(DAY))
    marked = scoped.mutate(days=days, is_hit=(scoped.is_won & (days <= float(pipeline.cycle_days))).fill_null(False))
    has_amount = marked.is_hit & marked.amount_cents.notnull()
    sums = marked.group_by("scope").agg(
        created=_.count(),
        won=_.is_hit.cast("int64").sum(),
        amounts_cents=marked.amount_cents.collect(where=has_amount),
        median_days=marked.days.median(where=marked.is_hit),
        days=marked.days.collect(where=marked.is_hit, order_by=marked.days),
    )
    return _rows(sums.order_by("scope"))


def _rows(table: ibis.Table) -> Rows:
    read: pa.Table = table.to_pyarrow()
    return read.to_pylist()
