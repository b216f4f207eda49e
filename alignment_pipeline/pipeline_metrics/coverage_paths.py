"""Coverage through a period: how it stood on each fifth business day, this period beside the last ones.

Belongs here: one row per period and business day. Coverage of one day with its reasons: `pipeline_metrics.py`; the chart:
`meeting/charts.py`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis

from alignment_pipeline.agreement import coverage
from alignment_pipeline.agreement.fiscal import Fiscal, FiscalPeriod
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.pipeline_metrics import measures
from alignment_pipeline.pipeline_metrics.measures import WHOLE, Cut

#: Periods before the present one, and business days between two points.
BEFORE, STEP = 4, 5
TARGET, CAME = "target", "what came"


def coverage_paths(parted: ibis.Table, today: date, *, fiscal: Fiscal, pipeline: Pipeline) -> list[dict[str, Any]]:
    """Of the whole: period, business_day, open_cents, booked_cents, wanted_cents, basis and coverage.

    Coverage is open pipeline for what was missing to the period's target on that day; of a past period without a target, for what was
    booked in it in the end. It is null once nothing is missing.
    """
    periods = [fiscal.period_of(today)]
    for _number in range(BEFORE):
        periods.append(fiscal.before(periods[-1]))
    rows = []
    for number in range(STEP, max(period.business_days() for period in periods) + 1, STEP):
        cuts = [Cut(period, period.day(number)) for period in periods if number <= period.business_days() and period.day(number) <= today]
        sums = {row["period"]: row for row in measures.past(parted, cuts, today, fiscal=fiscal, pipeline=pipeline) if row["scope"] == WHOLE}
        rows += [_row(sums[cut.period.name], cut.period, number, today, pipeline) for cut in cuts if cut.period.name in sums]
    return sorted(rows, key=lambda row: (row["period"], row["business_day"]))


def _row(sums: dict[str, Any], period: FiscalPeriod, number: int, today: date, pipeline: Pipeline) -> dict[str, Any]:
    target = pipeline.target(period.name)
    wanted = round(target * 100) if target is not None else sums["booked_cents"] if period.last < today else None
    covered = coverage.coverage(sums["open_cents"], wanted, sums["before_cents"])
    return {
        "period": period.name,
        "business_day": number,
        "open_cents": sums["open_cents"],
        "booked_cents": sums["before_cents"],
        "wanted_cents": wanted,
        "basis": TARGET if target is not None else CAME,
        "coverage": covered.value,
    }
