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


def test_what_follows_from_a_measured_conversion_has_its_interval() -> None:
    """Worked: residuals 0, -0.15, 0.15, 0 of 16 open; 3.182 * sqrt(4 / 3 * 0.045) / 16 = 0.0487 to either side of 0.25."""
    found = coverage.needed(PAST, **NOW)
    assert pytest.approx((0.2013, 0.2987), abs=5e-5) == found.bounds
    assert pytest.approx((1.075 / 0.2987, 1.075 / 0.2013), rel=1e-3) == found.between("needed")
    assert pytest.approx((1.075 / 0.2987 - 3.2, 1.075 / 0.2013 - 3.2), rel=1e-2) == found.between("gap")
    assert pytest.approx((0.925 + 3.2 * 0.2013, 0.925 + 3.2 * 0.2987), rel=1e-3) == found.between("forecast")
    assert (None, None) == coverage.needed(PAST[:3], **NOW).between("needed")


def test_a_conversion_that_may_be_nothing_sets_no_upper_end() -> None:
    found = coverage.needed([PastPeriod(4.0, won, 0.0) for won in (0.0, 0.0, 0.0, 2.0)], **NOW)
    low, high = found.between("needed")
    assert found.bounds and found.bounds[0] == 0.0 and low and low < (found.needed or 0) and high is None


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
