"""The planner's arithmetic: lags, small numbers, draws, tornado."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from alignment_pipeline.pipeline_metrics.goal_planning import arithmetic
from alignment_pipeline.pipeline_metrics.goal_planning.arithmetic import Share

WORKED = {"amount": 30_000.0, "win_rate": 0.25, "in_time": 0.35}
NEED = 1_200_000.0


def test_the_worked_example_and_the_usual_spreadsheet() -> None:
    deals = arithmetic.whole(arithmetic.deals_needed(NEED, **WORKED))
    assert 458 == deals and 160 == arithmetic.whole(arithmetic.deals_needed(NEED, **{**WORKED, "in_time": 1.0}))
    assert 153 == arithmetic.whole(deals / 3)
    assert pytest.approx(183.2) == deals * 0.4 and pytest.approx(916) == deals * 0.4 / 0.20


def test_what_never_wins_is_not_reachable_and_what_is_met_needs_nothing() -> None:
    assert arithmetic.deals_needed(NEED, **{**WORKED, "win_rate": 0.0}) is None
    assert 0.0 == arithmetic.deals_needed(-1.0, **WORKED)


@pytest.mark.parametrize(("hits", "cases", "expected"), [(0, 4, 0.208), (3, 5, 0.320), (30, 100, 0.292)])
def test_a_small_scope_is_drawn_towards_its_parent(hits: int, cases: int, expected: float) -> None:
    assert pytest.approx(expected, abs=5e-4) == arithmetic.shrunk(Share(hits, cases), 0.25, 20)


def test_a_rate_from_25_of_100_gives_the_interval_of_the_worked_example() -> None:
    rates = arithmetic.drawn_rates(Share(25, 100), 40_000, np.random.default_rng(1))
    found = arithmetic.percentiles(NEED / (30_000 * rates * 0.35))
    assert [pytest.approx(370, abs=4), pytest.approx(456, abs=4), pytest.approx(576, abs=6)] == list(found)


def test_the_tornado_of_the_worked_example() -> None:
    ends = {name: (value * 0.9, value * 1.1) for name, value in WORKED.items()}
    for _name, low, high in arithmetic.tornado(WORKED, ends, NEED):
        assert (508, 416) == (arithmetic.whole(low), arithmetic.whole(high))


def test_only_lags_that_fit_into_what_is_left_count() -> None:
    friday = date(2026, 12, 25)
    # four business days follow, 6, 5, 4 and 3 days before the 31st ... of which the lags of 2 and 4 days fit as counted by hand
    left = [(date(2026, 12, 31) - day).days for day in (date(2026, 12, 28), date(2026, 12, 29), date(2026, 12, 30), date(2026, 12, 31))]
    by_hand = sum(sum(lag <= one for lag in (2, 4)) / 2 for one in left) / 4
    assert pytest.approx(by_hand) == arithmetic.share_in_time([4, 2], friday, date(2026, 12, 31))
    assert arithmetic.share_in_time([], friday, date(2026, 12, 31)) is None and 0.0 == arithmetic.share_in_time([1], friday, friday)
