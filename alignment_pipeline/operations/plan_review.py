"""`alignment plan-goals --review`: the plan of the period before, beside what came, and the rate that was furthest off.

Belongs here: planning that period from what was known on its first day, counting what it brought, and comparing. The plan itself:
`operations/plan_goals.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from ibis import _

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.fiscal import FiscalPeriod
from alignment_pipeline.operations import plan_goals
from alignment_pipeline.pipeline_metrics import deals
from alignment_pipeline.pipeline_metrics.goal_planning import plan_lines
from alignment_pipeline.warehouse.warehouse import Warehouse

# contact_yields has no past: the plan of a past day is made with the present ones
_NOT_MEASURED_AGAIN = ("agreement", plan_lines.CONTACT_YIELDS)


@dataclass(frozen=True)
class ReviewedLine:
    """One line of a plan: what it asked for, what came, the rate it was made with and the rate measured since.

    `came` is None for a line that no table counts (people engaged, capacity)."""

    line: str
    planned: float | None
    came: float | None
    planned_rate: float | None
    measured_rate: float | None
    n: int
    planned_interval: tuple[float, float] | None = None
    measured_interval: tuple[float, float] | None = None

    @property
    def rate_error(self) -> float | None:
        """How far the planned rate was from the measured one, as a share of the latter."""
        if self.planned_rate is None or not self.measured_rate:
            return None
        return (self.planned_rate - self.measured_rate) / self.measured_rate


@dataclass(frozen=True)
class Review:
    """The lines of a period's plan, reviewed. `wrong` is the line whose rate was furthest off."""

    period: str
    lines: list[ReviewedLine]

    @property
    def wrong(self) -> ReviewedLine | None:
        """The line whose rate was furthest off; None when no rate can be compared."""
        rated = [line for line in self.lines if line.rate_error is not None]
        return max(rated, key=lambda line: abs(line.rate_error or 0.0), default=None)


def review_of(warehouse: Warehouse, *, agreement: Agreement, day: date, known: datetime) -> Review:
    """The review of the period before the one that holds `day`."""
    fiscal = agreement.fiscal
    return review_of_period(warehouse, agreement=agreement, period=fiscal.before(fiscal.period_of(day)), known=known)


def review_of_period(warehouse: Warehouse, *, agreement: Agreement, period: FiscalPeriod, known: datetime) -> Review:
    """A period: planned as of the end of its first day, counted as known at `known`; of one that is not over, what came so far.

    Raises ConfigurationError when nothing has been decided yet, or that period has no target.
    """
    fiscal = agreement.fiscal
    begun, over = fiscal.end_of(period.first), fiscal.end_of(period.last)
    last = min(period.last, fiscal.day_of(known))
    planned = _lines(plan_goals.goals_of(warehouse, agreement=agreement, day=period.first, known=min(begun, known)))
    ended = plan_goals.goals_of(warehouse, agreement=agreement, day=last, known=known)
    measured = _lines(ended)
    # what is left open on the last day says nothing about what was open on the first
    measured["bookings"] = measured["bookings"] | {"rate": _converted(warehouse, agreement, period, last)}
    came = {"bookings": ended.bookings} | _counts(warehouse, agreement, fiscal.end_of(period.first - timedelta(days=1)), over)
    return Review(
        period.name,
        [
            ReviewedLine(
                line=name,
                planned=row["needed"] if name == "bookings" else row["to_create"],
                came=came.get(name),
                planned_rate=row["rate"] if row["rate_source"] != "agreement" else None,
                measured_rate=measured[name]["rate"] if name in measured and row["rate_source"] not in _NOT_MEASURED_AGAIN else None,
                n=measured[name]["n"] if name in measured else 0,
                planned_interval=_interval(row),
                measured_interval=_interval(measured.get(name)),
            )
            for name, row in planned.items()
        ],
    )


def _interval(row: dict[str, Any] | None) -> tuple[float, float] | None:
    return None if row is None or row["lower"] is None or row["upper"] is None else (row["lower"], row["upper"])


def _converted(warehouse: Warehouse, agreement: Agreement, period: FiscalPeriod, last: date) -> float | None:
    """Of the amount that was open for the period on its first day, the share won in it."""
    if not warehouse.exists("opportunity_states"):
        return None
    fiscal = agreement.fiscal
    states = warehouse.read("opportunity_states")
    inside: dict[str, Any] = {"fiscal": fiscal, "booking_date": agreement.pipeline.booking_date}
    begun = deals.deals_on(states, period.first, fiscal=fiscal)
    open_then = begun.filter(~begun.is_closed, deals.in_period(begun, period, **inside)).select("opportunity_id", "amount_cents")
    ended = deals.deals_on(states, last, fiscal=fiscal)
    won = ended.filter(ended.is_won, deals.in_period(ended, period, **inside)).select("opportunity_id", won_cents=ended.amount_cents)
    sums = open_then.left_join(won, "opportunity_id").agg(open=_.amount_cents.sum(), won=_.won_cents.sum()).to_pyarrow().to_pylist()[0]
    return (sums["won"] or 0) / sums["open"] if sums["open"] else None


def _lines(goals: plan_goals.Goals) -> dict[str, dict[str, Any]]:
    return {row["line"]: row for row in goals.lines if row["scope"] == "all"}


def _counts(warehouse: Warehouse, agreement: Agreement, begins: datetime, ends: datetime) -> dict[str, float]:
    """Line -> how many of what it asked for came between two moments; a table that is not there yet counts nothing."""

    def rows(table: str, column: str, kind: str = "", wanted: str = "") -> float:
        read = warehouse.read(table)
        inside = read.filter(read[column] >= begins, read[column] < ends)
        chosen = inside.filter(inside[kind].lower() == wanted.lower()) if kind else inside
        return float(chosen.count().to_pyarrow().as_py())

    counted = {
        "deals": ("opportunity_sources", "created_at"),
        "marketing_deals": ("opportunity_sources", "created_at", "source_class", "marketing_sourced"),
        "mqas": ("account_mqa_changes", "entered_at"),
        "sqas": ("account_stage_changes", "entered_at", "stage", agreement.pipeline.planner.sqa_stage),
        "contacts": ("contacts", "created_at"),
    }
    return {line: rows(*asked) for line, asked in counted.items() if warehouse.exists(asked[0])}
