"""What the page of a quarter is given beside the tables: the plan reviewed, the backtest, goals for the period that runs now.

Belongs here: asking the planner and the backtest, and saying what could not be asked. How it is shown: `meeting/sections/quarter.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.meeting.periods import Period
from alignment_pipeline.meeting.sections.quarter import Review
from alignment_pipeline.operations import impact_and_backtest, plan_goals, plan_review
from alignment_pipeline.operations.plan_review import ReviewedLine
from alignment_pipeline.pipeline_metrics import coverage_paths, deals
from alignment_pipeline.warehouse.warehouse import Warehouse

_BACKTEST = ("mqa_backtest_terms", "mqa_backtests")


def review_of(home: Home, warehouse: Warehouse, period: Period, as_of: datetime) -> Review:
    """The review of a quarter as of the moment of the last run."""
    agreement, fiscal, notes = home.agreement, home.agreement.fiscal, dict[str, str]()
    today = fiscal.day_of(as_of)
    reviewed = fiscal.period_of(min(period.last, today))
    present = fiscal.period_of(today)
    plan: list[dict[str, Any]] = []
    proposals: list[dict[str, Any]] = []
    patch = ""
    try:
        lines = plan_review.review_of_period(warehouse, agreement=agreement, period=reviewed, known=as_of).lines
        plan = [_line(line) for line in lines]
    except ConfigurationError as error:
        notes["plan"] = str(error)
    try:
        goals = plan_goals.goals_of(warehouse, agreement=agreement, day=today, known=as_of)
        proposals, patch = [vars(one) for one in goals.proposals], plan_goals.patch(goals)
    except ConfigurationError as error:
        notes["proposals"] = str(error)
    terms, sweep = (CONTRACTS[name].empty() for name in _BACKTEST)
    try:
        backtest = impact_and_backtest.backtest_of(warehouse, agreement=agreement, as_of=as_of)
        terms, sweep = backtest.terms.to_pyarrow(), backtest.sweep.to_pyarrow()
    except ConfigurationError as error:
        notes["backtest"] = str(error)
    parted = deals.with_parts(*(warehouse.read(name) for name in ("opportunity_states", "users", "accounts", "account_tiers")))
    coverage = coverage_paths.coverage_paths(parted, min(period.last, today), fiscal=fiscal, pipeline=agreement.pipeline)
    return Review(reviewed.name, plan, terms, sweep, present.name, proposals, patch, coverage, notes)


def _line(line: ReviewedLine) -> dict[str, Any]:
    def share(value: float | None) -> float | None:
        return None if value is None else 100 * value

    planned, measured = line.planned_interval or (None, None), line.measured_interval or (None, None)
    return {
        "line": line.line, "planned": line.planned, "came": line.came, "n": line.n,
        "planned_rate_pct": share(line.planned_rate), "planned_lower_pct": share(planned[0]), "planned_upper_pct": share(planned[1]),
        "measured_rate_pct": share(line.measured_rate), "measured_lower_pct": share(measured[0]), "measured_upper_pct": share(measured[1]),
    }  # fmt: skip
