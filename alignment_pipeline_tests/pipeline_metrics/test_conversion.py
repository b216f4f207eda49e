"""Conversion of a step: three readings, three names."""

from __future__ import annotations

import random
import warnings

import lifelines
import pytest

from alignment_pipeline.pipeline_metrics import conversion
from alignment_pipeline.pipeline_metrics.conversion import CONVERTED, LEFT, STAYS, Wait

ENDINGS = [(5, 1), (12, 1), (20, 2), (33, 1), (40, 0), (41, 2), (18, 0), (10, 0), (7, 0), (3, 0)]
AGES = (90, 80, 75, 70, 40, 60, 18, 10, 7, 3)
WORKED = [Wait(days, ending, age) for (days, ending), age in zip(ENDINGS, AGES, strict=True)]


def test_the_worked_example() -> None:
    assert 0.3 == conversion.share(sum(wait.ending == CONVERTED for wait in WORKED), len(WORKED)).value
    cohort = conversion.cohort(WORKED, 30)
    assert (2, 6, pytest.approx(1 / 3)) == (cohort.numerator, cohort.denominator, cohort.value)
    assert pytest.approx(0.2593, abs=5e-5) == conversion.incidence(WORKED, 30).value
    assert pytest.approx(0.4444, abs=5e-5) == conversion.incidence(WORKED, 60).value
    assert pytest.approx(0.5062, abs=5e-5) == conversion.kaplan_meier(WORKED, 60)


def test_of_exits_and_censorings_at_one_time_the_exits_go_first() -> None:
    assert pytest.approx(0.5) == conversion.incidence([Wait(5, CONVERTED, 9), Wait(5, STAYS, 5)], 10).value


def test_nothing_gives_no_share_and_an_interval_stays_between_nought_and_one() -> None:
    assert (
        conversion.incidence([], 30).value is None and conversion.cohort([], 30).value is None and conversion.flow_ratio(3, 0).value is None
    )
    found = conversion.incidence(WORKED, 60)
    assert 0 < found.lower < found.value < found.upper < 1
    assert (0.0, 0.0) == (conversion.incidence([Wait(5, LEFT, 9)], 10).value, conversion.incidence([Wait(5, LEFT, 9)], 10).upper)


def random_waits(seed: int, size: int = 200) -> list[Wait]:
    rng = random.Random(seed)
    days = rng.sample(range(1, 100_000), size)
    return [Wait(day / 100, rng.choices((STAYS, CONVERTED, LEFT), (4, 3, 2))[0], 1e9) for day in days]


@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_lifelines_says(seed: int) -> None:
    waits = random_waits(seed)
    fitter = lifelines.AalenJohansenFitter(calculate_variance=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter.fit([wait.days for wait in waits], [wait.ending for wait in waits], event_of_interest=CONVERTED)
    for within in (100, 400, 900):
        ours = conversion.incidence(waits, within)
        theirs = fitter.cumulative_density_.loc[:within].iloc[-1, 0]
        assert pytest.approx(theirs, abs=1e-9) == ours.value
        bounds = fitter.confidence_interval_.loc[:within].iloc[-1]
        assert [pytest.approx(bound, abs=1e-6) for bound in sorted(bounds)] == [ours.lower, ours.upper]


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_sum_over_every_moment_of_those_still_there(seed: int) -> None:
    waits = random_waits(seed, 60)
    days = sorted(wait.days for wait in waits)
    total, alive = 0.0, 1.0
    for day in days:
        at_risk = sum(wait.days >= day for wait in waits)
        (one,) = [wait for wait in waits if wait.days == day]
        total += alive / at_risk * (one.ending == CONVERTED)
        alive *= 1 - (one.ending != STAYS) / at_risk
    assert pytest.approx(total, abs=1e-12) == conversion.incidence(waits, days[-1]).value
