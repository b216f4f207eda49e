"""What labels prove: bounds that hold at any look, and estimates that count strata by their size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.matching.decision import precision
from alignment_pipeline.matching.decision.precision import Stratum


def test_strata_count_by_their_size_not_by_their_labels() -> None:
    mean, error = precision.stratified([Stratum(8000, 40, 40), Stratum(1500, 40, 36), Stratum(500, 40, 24)])

    assert (0.965, 0.008) == (round(mean, 3), round(error, 3))
    assert 0.833 == round((40 + 36 + 24) / 120, 3), "what pooling would say"


def test_a_budget_goes_where_decisions_are_many_and_doubtful() -> None:
    sizes, shares = {"a": 8000, "b": 1500, "c": 500}, {"a": 1.0, "b": 0.9, "c": 0.6}

    assert {"a": 54, "b": 43, "c": 23} == precision.allocation(sizes, shares, 120)
    assert {"a": 120, "b": 3} == precision.allocation({"a": 8000, "b": 3}, {"a": 0.9, "b": 0.9}, 120)


@given(st.integers(0, 400), st.integers(0, 100))
def test_the_bounds_are_around_the_share_and_more_labels_never_widen_both(right: int, wrong: int) -> None:
    lower, upper = precision.bounds(right, wrong)

    assert 0 <= lower <= upper <= 1
    assert not right + wrong or lower <= right / (right + wrong) <= upper + 1e-9
    assert precision.is_proof(precision.bad(right, wrong, 0.9)) == (upper < 0.9 - 1e-12)


def demoted(true: float, looks: int, per_look: int, years: int) -> float:
    """The share of simulated years in which the bound fell below .9 at any look."""
    chance = np.random.default_rng(7)
    right = chance.binomial(per_look, true, size=(years, looks)).cumsum(axis=1)
    total = per_look * np.arange(1, looks + 1)
    evidence = np.vectorize(lambda r, n: precision.bad(int(r), int(n - r), 0.9))(right, np.broadcast_to(total, right.shape))
    return float((evidence >= np.log(1 / precision.ALPHA)).any(axis=1).mean())


@pytest.mark.parametrize(
    ("true", "looks", "per_look", "low", "high"),
    [(0.99, 52, 20, 0.0, 0.01), (0.9, 52, 20, 0.0, precision.ALPHA), (0.80, 200, 1, 0.95, 1.0), (0.7, 100, 1, 0.98, 1.0)],
)
def test_good_rules_are_hardly_ever_demoted_and_bad_ones_soon(true: float, looks: int, per_look: int, low: float, high: float) -> None:
    assert low <= demoted(true, looks, per_look, 2000) <= high
