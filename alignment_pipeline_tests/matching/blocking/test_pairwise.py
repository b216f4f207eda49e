"""The array helpers say what a plain loop would say."""

from __future__ import annotations

import numpy as np

from alignment_pipeline.matching.blocking import pairwise


def test_a_filed_value_is_held_by_its_owner_only() -> None:
    filed = pairwise.filed(np.array([0, 0, 2]), np.array([5, 7, -1]))

    assert [True, True, False, False, False] == pairwise.holds(filed, np.array([0, 0, 1, 2, 0]), np.array([5, 7, 5, 5, -1])).tolist()
    assert [False] == pairwise.holds(pairwise.filed(np.zeros(0, np.int64), np.zeros(0, np.int64)), np.array([0]), np.array([5])).tolist()


def test_the_first_of_equal_highest_values_is_taken() -> None:
    owner, first = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 3, 4])

    assert [1, 3, 4] == pairwise.first_highest(owner, first, np.array([1.0, 2.0, 2.0, -1.0, 0.5, 0.5])).tolist()


def test_distinct_values_come_in_order() -> None:
    assert [1, 3, 9] == pairwise.distinct(np.array([3, 1, 9, 3, 1])).tolist()
    assert [] == pairwise.distinct(np.zeros(0, np.int64)).tolist()
