"""Coverage on each fifth business day is what the day's own open pipeline, bookings and target give."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alignment_pipeline.agreement.pipeline import Pipeline, Target
from alignment_pipeline.pipeline_metrics import coverage_paths
from alignment_pipeline_tests.pipeline_metrics import oracle, test_oracle
from alignment_pipeline_tests.pipeline_metrics.factories import FISCAL, parted


def test_every_point_is_the_oracle_s_sums_of_that_day() -> None:
    terms = Pipeline(scopes=[], targets=[Target(period="2026Q4", amount=2_000_000)])
    events = test_oracle.organisation()
    rows = coverage_paths.coverage_paths(parted(test_oracle.table()), test_oracle.TODAY, fiscal=FISCAL, pipeline=terms)

    for row in rows:
        period = oracle.quarter(test_oracle.TODAY)
        while FISCAL.period_of(period.first).name != row["period"]:
            period = oracle.quarter(period.first - timedelta(days=1))
        sums = oracle.open_and_booked(events, FISCAL.period_of(period.first).day(row["business_day"]), period)
        assert sums["open_pipeline"] == row["open_cents"], row
        missing = None if row["wanted_cents"] is None else row["wanted_cents"] - row["booked_cents"]
        assert row["coverage"] == (pytest.approx(row["open_cents"] / missing) if missing and missing > 0 else None)
    assert {"2026Q4": 200_000_000} == {row["period"]: row["wanted_cents"] for row in rows if row["basis"] == "target"}
    assert len({row["period"] for row in rows}) > 2
    # the present period ends today
    assert [5 * number for number in range(1, 11)] == [row["business_day"] for row in rows if row["period"] == "2026Q4"]
