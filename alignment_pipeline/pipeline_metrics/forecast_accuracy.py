"""`forecast_accuracy` and `stage_reliability`: forecasts of past periods against what came, and stated probabilities against shares won.

Belongs here: the forecasts that each method would have made. The arithmetic of errors: `forecasts.py`; sums: `measures.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.agreement.fiscal import Fiscal, FiscalPeriod
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.contracts.pipeline import FORECAST_ACCURACY, STAGE_RELIABILITY
from alignment_pipeline.pipeline_metrics import conversion, coverage, forecasts, measures
from alignment_pipeline.pipeline_metrics.measures import WHOLE, Cut
from alignment_pipeline.pipeline_metrics.pipeline_metrics import history_of

# early, in the middle and late in a quarter
BUSINESS_DAYS = (5, 20, 40, 60)
METHODS = ("category", "probability", "coverage")


def forecast_accuracy(
    opportunity_states: ibis.Table, *, fiscal: Fiscal, pipeline: Pipeline, as_of: datetime, agreement_version: str, day: date | None = None
) -> ibis.Table:
    """`forecast_accuracy` over the last complete periods, for the whole. The coverage method knows earlier periods only."""
    today = day or fiscal.day_of(as_of)
    periods = _complete(today, fiscal, 2 * pipeline.max_periods)
    whole = pipeline.model_copy(update={"scopes": []})
    rows = []
    for number in BUSINESS_DAYS:
        cuts = [Cut(period, period.day(number)) for period in periods]
        seen = measures.past(opportunity_states, cuts, today, fiscal=fiscal, pipeline=whole)
        by_period = {row["period"]: row for row in seen if row["scope"] == WHOLE and row["booked_cents"]}
        ordered = [by_period[period.name] for period in periods if period.name in by_period]
        rows += [_row(method, number, ordered, pipeline) for method in METHODS]
    stamp = {"as_of": as_of, "agreement_version": agreement_version}
    return ibis.memtable(pa.Table.from_pylist([row | stamp for row in rows], schema=FORECAST_ACCURACY.schema))


def _complete(today: date, fiscal: Fiscal, count: int) -> list[FiscalPeriod]:
    periods, period = [], fiscal.period_of(today)
    for _number in range(count):
        period = fiscal.before(period)
        periods.append(period)
    return periods[::-1]


def _row(method: str, number: int, rows: Sequence[dict[str, Any]], pipeline: Pipeline) -> dict[str, Any]:
    forecasted = [(place, _forecast(method, row, rows[:place], pipeline)) for place, row in enumerate(rows)]
    kept = [(place, forecast) for place, forecast in forecasted if forecast is not None][-pipeline.max_periods :]
    terms = [
        {"period": rows[place]["period"], "forecast": round(forecast), "actual": rows[place]["booked_cents"]} for place, forecast in kept
    ]
    before = rows[kept[0][0] - 1]["booked_cents"] if kept and kept[0][0] else None
    accuracy = forecasts.accuracy([term["forecast"] for term in terms], [term["actual"] for term in terms], before=before)
    pct = {
        f"{name}_pct": None if value is None else 100 * value
        for name, value in (("bias", accuracy.bias), ("wape", accuracy.wape), ("mape", accuracy.mape))
    }
    return {"method": method, "business_day": number, "periods": len(terms), "mase": accuracy.mase, "terms": json.dumps(terms)} | pct


def _forecast(method: str, row: dict[str, Any], earlier: Sequence[dict[str, Any]], pipeline: Pipeline) -> float | None:
    booked = float(row["before_cents"])
    if method == "category":
        return booked + float(row["committed_cents"])
    if method == "probability":
        return booked + float(row["expected_cents"])
    needed = coverage.needed(
        history_of(list(earlier[-pipeline.max_periods :])),
        target=None,
        bookings=booked,
        open_=row["open_cents"],
        min_periods=pipeline.min_periods,
        win_rate=None,
    )
    return needed.forecast if needed.basis == coverage.MEASURED else None


def stage_reliability(opportunity_states: ibis.Table, *, as_of: datetime, agreement_version: str) -> ibis.Table:
    """`stage_reliability` over deals that are closed now; each deal once in each open stage that it was in."""
    closed = opportunity_states.filter(_.valid_to_at.isnull(), _.is_closed, ~_.is_deleted).select("opportunity_id", "is_won")
    was_in = opportunity_states.filter(~_.is_closed, ~_.is_deleted, _.stage.notnull()).select("opportunity_id", "stage", "probability_pct")
    once = was_in.group_by(["opportunity_id", "stage"]).agg(probability_pct=_.probability_pct.mean())
    joined = once.inner_join(closed, "opportunity_id")
    sums = joined.group_by("stage").agg(stated_pct=_.probability_pct.mean(), won=_.is_won.cast("int64").sum(), n=_.count())
    rows = []
    for row in sums.order_by("stage").to_pyarrow().to_pylist():
        rate = conversion.share(row["won"], row["n"])
        pct = {
            f"{name}_pct": None if value is None else 100 * value
            for name, value in (("measured", rate.value), ("lower", rate.lower), ("upper", rate.upper))
        }
        rows.append(row | pct | {"as_of": as_of, "agreement_version": agreement_version})
    return ibis.memtable(pa.Table.from_pylist(rows, schema=STAGE_RELIABILITY.schema))
