"""`pipeline_metrics`: every number of a day, with what it is made of.

Belongs here: which metrics there are and what each says of itself. Sums: `measures.py`; coverage and velocity: `coverage.py`; the bridge:
`bridge.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.agreement import coverage as covers
from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.contracts.pipeline import PIPELINE_METRICS
from alignment_pipeline.pipeline_metrics import bridge, conversion, coverage, deals, intervals, measures
from alignment_pipeline.pipeline_metrics.coverage import PastPeriod
from alignment_pipeline.pipeline_metrics.measures import WHOLE, Cut

TOO_FEW = "too few"
DEFINITIONS = {
    "open_pipeline": "Amount of open deals with a close date in the period",
    "overdue_pipeline": "Of the open pipeline: close date before the day",
    "eligible_pipeline": "Of the open pipeline: in a stage that counts for coverage",
    "all_open_pipeline": "Amount of all open deals, whatever their close date",
    "bookings": "Amount of won deals of the period, by the agreement's booking date",
    "open_pipeline_at_crm_rates": "The open pipeline at the CRM's own rate of each deal's close date; nothing is decided by it",
    "bookings_at_crm_rates": "The bookings at the CRM's own rate of each deal's close date; nothing is decided by it",
    "target": "Bookings wanted, from the agreement",
    "coverage": "Eligible open pipeline / (target - bookings)",
    "coverage_needed": "Open pipeline needed / (target - bookings)",
    "open_needed": "(target - bookings - later) / conversion of past periods from the same business day",
    "coverage_gap": "Open pipeline needed less what is open",
    "conversion_at_day": "Won in the period / open on this business day, over the last complete periods",
    "later_bookings": "Median bookings that were not in the open pipeline on this business day",
    "forecast": "Bookings + open * conversion + later bookings",
    "win_rate": "Won within the agreement's days / created, of deals old enough",
    "mean_won": "Mean amount of deals won within the agreement's days",
    "cycle": "Median days from creation to won",
    "velocity": "Open deals * mean won amount * win rate / cycle",
}


def pipeline_metrics(
    opportunity_states: ibis.Table,
    pipeline_movements: ibis.Table,
    users: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    currency_rates: ibis.Table,
    *,
    fiscal: Fiscal,
    pipeline: Pipeline,
    as_of: datetime,
    agreement_version: str,
    day: date | None = None,
) -> ibis.Table:
    """`pipeline_metrics` of one day and the period that holds it.

    Money is at the agreement's constant rates. Where the CRM has rates of its own (`currency_rates`), two sums at these stand beside.
    """
    today = day or fiscal.day_of(as_of)
    period = fiscal.period_of(today)
    parted = deals.with_parts(opportunity_states, users, accounts, account_tiers)
    now = measures.present(parted, Cut(period, today), fiscal=fiscal, pipeline=pipeline)
    cuts = past_cuts(today, fiscal=fiscal, pipeline=pipeline)
    before = _by_scope(measures.past(parted, cuts, today, fiscal=fiscal, pipeline=pipeline))
    won = {row["scope"]: row for row in measures.wins(parted, today, fiscal=fiscal, pipeline=pipeline)}
    converted = _at_crm_rates(parted, currency_rates, Cut(period, today), fiscal, pipeline)
    rows = []
    for row in now or [_nothing()]:
        scope = row["scope"]
        metrics = _Metrics(scope, pipeline)
        metrics.of_day(row, pipeline.target(period.name, scope))
        if converted is not None:
            metrics.of_crm_rates(converted.rows.get(scope, _nothing()), converted.basis)
        metrics.of_speed(row, won.get(scope))
        metrics.of_coverage(row, pipeline.target(period.name, scope), before.get(scope, []))
        rows += metrics.rows
    rows += _bridges(pipeline_movements, fiscal, today, pipeline)
    stamp = {"day_on": today, "period": period.name, "is_restated": False, "as_of": as_of, "agreement_version": agreement_version}
    return ibis.memtable(pa.Table.from_pylist([row | stamp for row in rows], schema=PIPELINE_METRICS.schema))


def past_cuts(today: date, *, fiscal: Fiscal, pipeline: Pipeline) -> list[Cut]:
    """The last complete periods, each at the same business day as today, the latest first."""
    period = fiscal.period_of(today)
    number = period.business_days(today)
    cuts = []
    for _ in range(pipeline.max_periods):
        period = fiscal.before(period)
        cuts.append(Cut(period, period.day(number) if number else period.first - timedelta(days=1)))
    return cuts


def history_of(rows: list[dict[str, Any]]) -> list[PastPeriod]:
    """Past periods in which anything was open, in money."""
    return [
        PastPeriod(row["open_cents"], row["won_cents"], row["booked_cents"] - row["won_cents"] - row["before_cents"])
        for row in rows
        if row["open_cents"]
    ]


def shown(rate: conversion.Rate, min_n: int) -> str:
    """A share for people: a percentage, or `7 of 9` for few cases."""
    if rate.value is None:
        return "none"
    return f"{rate.numerator:.0f} of {rate.n}" if rate.n < min_n else f"{100 * rate.value:.1f} %"


@dataclass(frozen=True)
class _AtCrmRates:
    """Sums at the CRM's own rates by scope, and what these rates are."""

    rows: Mapping[str, Mapping[str, Any]]
    basis: str


def _at_crm_rates(parted: ibis.Table, rates: ibis.Table, cut: Cut, fiscal: Fiscal, pipeline: Pipeline) -> _AtCrmRates | None:
    """None in an organisation whose CRM has no rates."""
    kinds = rates.select("basis").limit(1).to_pyarrow()["basis"].to_pylist()
    if not kinds:
        return None
    rows = measures.at_crm_rates(parted, rates, cut, fiscal=fiscal, pipeline=pipeline)
    return _AtCrmRates({row["scope"]: row for row in rows}, f"{kinds[0]} rates")


class _Metrics:
    """Rows of one scope."""

    def __init__(self, scope: str, pipeline: Pipeline) -> None:
        self.scope, self.pipeline = scope, pipeline
        self.rows: list[dict[str, Any]] = []
        self.win_rate: float | None = None

    def add(self, metric: str, value: float | None, unit: str, n: int, **more: Any) -> None:
        usual: dict[str, Any] = {"numerator": None, "denominator": None, "without_amount": 0, "lower": None, "upper": None, "basis": None}
        text = "none" if value is None else f"{value / 100:,.2f}" if unit.startswith("cents") else f"{value:,.4g}"
        self.rows.append(
            usual
            | {"scope": self.scope, "metric": metric, "value": None if value is None else float(value), "unit": unit, "n": n, "shown": text}
            | {"definition": DEFINITIONS[metric]}
            | more
        )

    def of_day(self, row: Mapping[str, Any], target: float | None) -> None:
        """Sums of the day."""
        for metric, name in (
            ("open_pipeline", "in_set"), ("overdue_pipeline", "is_overdue"), ("eligible_pipeline", "is_eligible"),
            ("all_open_pipeline", "is_open"), ("bookings", "is_booked"),
        ):  # fmt: skip
            self.add(metric, row[f"{name}_cents"], "cents", row[f"{name}_deals"], without_amount=row[f"{name}_without"])
        self.add("target", None if target is None else round(target * 100), "cents", int(target is not None))

    def of_crm_rates(self, row: Mapping[str, Any], basis: str) -> None:
        """The two sums at the CRM's own rates."""
        for metric, name in (("open_pipeline_at_crm_rates", "in_set"), ("bookings_at_crm_rates", "is_booked")):
            self.add(metric, row[f"{name}_cents"], "cents", row[f"{name}_deals"], without_amount=row[f"{name}_without"], basis=basis)

    def of_speed(self, row: Mapping[str, Any], won: Mapping[str, Any] | None) -> None:
        """Win rate, mean won amount, cycle, and velocity made of them."""
        created, hits = (won["created"], won["won"]) if won else (0, 0)
        enough = created >= self.pipeline.min_n
        rate = conversion.share(hits, created)
        self.win_rate = rate.value if enough else None
        amounts: list[int] = (won["amounts_cents"] or []) if won else []
        mean = sum(amounts) / len(amounts) if amounts else None
        cycle = won["median_days"] if won else None
        self.add(
            "win_rate", rate.value, "ratio", created, numerator=float(hits), denominator=float(created), lower=rate.lower, upper=rate.upper,
            shown=shown(rate, self.pipeline.min_n), basis=None if enough else TOO_FEW,
        )  # fmt: skip
        about_mean = intervals.of_mean(amounts)
        about_cycle = intervals.of_median((won["days"] or []) if won else [])
        summed = {"numerator": float(sum(amounts)), "denominator": float(len(amounts))}
        self.add("mean_won", mean, "cents", len(amounts), **summed, **_ends(about_mean))
        self.add("cycle", cycle, "days", hits, **_ends(about_cycle))
        speed = coverage.velocity(row["is_open_deals"], mean, self.win_rate, cycle)
        about_rate = (rate.lower, rate.upper) if rate.lower is not None and rate.upper is not None else None
        about = _ends(intervals.of_product(speed, (about_mean, about_rate, about_cycle)))
        self.add("velocity", speed, "cents_a_day", row["is_open_deals"], basis=None if speed is not None else TOO_FEW, **about)

    def of_coverage(self, row: Mapping[str, Any], target: float | None, past: list[dict[str, Any]]) -> None:
        """Coverage, and what it should be today."""
        open_, booked = row["is_eligible_cents"], row["is_booked_cents"]
        cents = None if target is None else round(target * 100)
        covered = covers.coverage(open_, cents, booked)
        to_win = None if cents is None else float(cents - booked)
        self.add(
            "coverage", covered.value, "ratio", row["is_eligible_deals"], numerator=float(open_), denominator=to_win, basis=covered.state
        )
        needed = coverage.needed(
            history_of(past), target=cents, bookings=booked, open_=open_, min_periods=self.pipeline.min_periods, win_rate=self.win_rate
        )
        multiple = needed.needed / to_win if needed.needed is not None and to_win and to_win > 0 else None
        said: dict[str, Any] = {"n": needed.periods, "basis": needed.basis}
        of_open = needed.between("needed")
        multiples = [None if one is None or not to_win or to_win < 0 else one / to_win for one in of_open]
        self.add(
            "coverage_needed", multiple, "ratio", numerator=needed.needed, denominator=to_win, **said,
            lower=multiples[0] if multiple is not None else None, upper=multiples[1] if multiple is not None else None,
        )  # fmt: skip
        self.add("open_needed", needed.needed, "cents", **said, **_ends(of_open))
        self.add("coverage_gap", needed.gap, "cents", **said, **_ends(needed.between("gap")))
        self.add("conversion_at_day", needed.conversion, "ratio", **said, **_ends(needed.bounds))
        self.add("later_bookings", needed.later, "cents", **said)
        self.add("forecast", needed.forecast, "cents", **said, **_ends(needed.between("forecast")))


def _ends(interval: tuple[float | None, float | None] | None) -> dict[str, Any]:
    lower, upper = interval or (None, None)
    return {"lower": lower, "upper": upper}


def _bridges(movements: ibis.Table, fiscal: Fiscal, today: date, pipeline: Pipeline) -> list[dict[str, Any]]:
    """The bridge of the period so far; of another first day when no bridge of the period was made."""
    sums = movements.group_by(["since_on", "scope", "part"]).agg(
        cents=movements.amount_cents.sum(),
        n=movements.count(),
        without=(~movements.has_amount).cast("int64").sum(),
    )
    rows = sums.to_pyarrow().to_pylist()
    if not rows:
        return []
    begin = fiscal.period_of(today).first - timedelta(days=1)
    days = {row["since_on"] for row in rows}
    since = begin if begin in days else min(days)
    parts = {(row["scope"], row["part"]): row for row in rows if row["since_on"] == since}
    out = []
    for scope in sorted({scope for scope, _ in parts}):
        metrics = _Metrics(scope, pipeline)
        for part in (bridge.START, *bridge.PARTS, bridge.END):
            row = parts.get((scope, part), {"cents": 0, "n": 0, "without": 0})
            definition = f"Bridge since {since}: {part.replace('_', ' ')}"
            metrics.rows.append(
                {
                    "scope": scope, "metric": f"bridge_{part}", "value": float(row["cents"]), "unit": "cents", "numerator": None,
                    "denominator": None, "n": row["n"], "without_amount": row["without"], "lower": None, "upper": None,
                    "shown": f"{row['cents'] / 100:,.2f}", "basis": None, "definition": definition,
                }
            )  # fmt: skip
        out += metrics.rows
    return out


def _by_scope(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    scoped: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        scoped[row["scope"]].append(row)
    return scoped


def _nothing() -> dict[str, Any]:
    """An organisation without deals."""
    names = ("is_open", "in_set", "is_eligible", "is_overdue", "is_booked")
    return {"scope": WHOLE} | {f"{name}_{what}": 0 for name in names for what in ("cents", "deals", "without")}
