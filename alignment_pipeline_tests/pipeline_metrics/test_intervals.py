"""Intervals hold the truth in about 95 of 100 samples, and there is none where nothing can be said."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable

import pytest

from alignment_pipeline.pipeline_metrics import intervals
from alignment_pipeline.pipeline_metrics.intervals import Interval

RUNS = 1_000


def held(truth: float, sample: Callable[[random.Random], Interval | None]) -> float:
    """Share of samples whose interval holds the truth."""
    found = [sample(random.Random(seed)) for seed in range(RUNS)]
    assert all(found)
    return sum(one[0] <= truth <= one[1] for one in found if one) / RUNS


def amounts(rng: random.Random, n: int) -> list[int]:
    return [round(rng.gammavariate(2.0, 15_000)) for _number in range(n)]


@pytest.mark.parametrize("n", [30, 100])
def test_a_mean(n: int) -> None:
    assert 0.92 <= held(30_000, lambda rng: intervals.of_mean(amounts(rng, n))) <= 0.97


def test_a_mean_is_the_same_in_any_order() -> None:
    rng = random.Random(3)
    drawn = amounts(rng, 50)
    known = intervals.of_mean(drawn)
    half = intervals.Z * statistics.stdev(drawn) / 50**0.5

    assert known is not None and known == pytest.approx((statistics.fmean(drawn) - half, statistics.fmean(drawn) + half))
    assert {known} == {intervals.of_mean(rng.sample(drawn, 50)) for _time in range(100)}


@pytest.mark.parametrize("n", [10, 20, 51])
def test_a_median(n: int) -> None:
    truth = statistics.median(amounts(random.Random(1), 200_001))

    assert 0.94 <= held(truth, lambda rng: intervals.of_median(sorted(amounts(rng, n)))) <= 0.985


@pytest.mark.parametrize("n", [4, 8])
def test_a_ratio_of_sums_over_a_few_periods(n: int) -> None:
    def sample(rng: random.Random) -> Interval | None:
        below = [rng.uniform(3.0, 5.0) for _number in range(n)]
        return intervals.of_ratio([(one * rng.gauss(0.25, 0.03), one) for one in below])

    assert 0.93 <= held(0.25, sample) <= 0.98


def test_a_product_of_numbers_that_were_measured_apart() -> None:
    def sample(rng: random.Random) -> Interval | None:
        parts = [(rng.gauss(truth, error), error) for truth, error in ((30_000.0, 2_000.0), (0.25, 0.02), (50.0, 4.0))]
        value = parts[0][0] * parts[1][0] / parts[2][0]
        return intervals.of_product(value, [(middle - 1.96 * error, middle + 1.96 * error) for middle, error in parts])

    assert 0.93 <= held(150.0, sample) <= 0.97


def test_where_nothing_can_be_said_there_is_none() -> None:
    assert intervals.of_mean([5]) is intervals.of_mean([]) is None
    assert intervals.of_median([1.0, 2.0, 3.0]) is intervals.of_median([]) is None
    assert intervals.of_ratio([(1.0, 4.0)]) is intervals.of_ratio([(0.0, 0.0), (0.0, 0.0)]) is None
    assert intervals.of_product(5.0, [(1.0, 2.0), None]) is intervals.of_product(5.0, [(0.0, 2.0)]) is None
    assert intervals.of_ratio([(0.0, 4.0), (0.0, 5.0)]) is None
