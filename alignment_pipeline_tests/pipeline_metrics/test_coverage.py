"""Coverage, coverage needed, velocity."""

from __future__ import annotations

import pytest

from alignment_pipeline.agreement import coverage as covers
from alignment_pipeline.pipeline_metrics import coverage
from alignment_pipeline.pipeline_metrics.coverage import PastPeriod

PAST = [PastPeriod(4.0, 1.0, 0.30), PastPeriod(5.0, 1.1, 0.40), PastPeriod(3.0, 0.9, 0.20), PastPeriod(4.0, 1.0, 0.35)]
NOW = {"target": 2.0, "bookings": 0.6, "open_": 3.2, "min_periods": 4, "win_rate": 0.2}


def test_the_worked_example() -> None:
    found = coverage.needed(PAST, **NOW)
    assert pytest.approx((0.25, 0.325, 4.3, 1.1, 1.725)) == (found.conversion, found.later, found.needed, found.gap, found.forecast)
    assert pytest.approx(2.2857, abs=5e-5) == covers.coverage(3.2, 2.0, 0.6).value
    assert coverage.MEASURED == found.basis


def test_a_target_that_is_met_has_no_coverage() -> None:
    assert covers.Coverage(None, "met") == covers.coverage(3.2, 2.0, 2.0) == covers.coverage(3.2, 2.0, 2.5)
    assert covers.Coverage(None, "no target") == covers.coverage(3.2, None, 0.6)


def test_too_few_periods_fall_back_on_the_win_rate_and_say_so() -> None:
    found = coverage.needed(PAST[:3], **NOW)
    assert ("no history", 0.2, pytest.approx(7.0)) == (found.basis, found.conversion, found.needed)
    assert coverage.needed([], **{**NOW, "win_rate": None}).needed is None


def test_what_never_converted_is_not_reachable_and_never_infinite() -> None:
    found = coverage.needed([PastPeriod(4.0, 0.0, 0.0)] * 4, **NOW)
    assert ("not reachable", None, 0.6) == (found.basis, found.needed, found.forecast)


def test_velocity_is_deals_times_amount_times_rate_by_days() -> None:
    assert 5_000 == coverage.velocity(40, 25_000, 0.25, 50) and 450_000 == 90 * coverage.velocity(40, 25_000, 0.25, 50)
    assert coverage.velocity(40, None, 0.25, 50) is None and coverage.velocity(40, 25_000, 0.25, 0) is None
