"""Criteria in words that a rep would say."""

from __future__ import annotations

import pytest

from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.lifecycle import words

POINTS = Measure(points=80, days=90)
RAISED = Measure(activities=1, days=30, categories=["hand_raise"])
DECIDERS = Measure(activities=1, days=30, categories=["hand_raise"], people=1, seniorities=["c_level", "vp"])


def test_a_window_that_all_criteria_share_is_said_once() -> None:
    assert "134 minutes and 2 people with 15 minutes each in 90 days" == words.together(
        ["134 minutes in 90 days", "2 people with 15 minutes each in 90 days"]
    )
    assert "5 minutes in 90 days and a meeting in 30 days" == words.together(["5 minutes in 90 days", "a meeting in 30 days"])
    assert "5 minutes in 90 days and tier 1" == words.together(["5 minutes in 90 days", "tier 1"])


@pytest.mark.parametrize(
    ("micro", "said"),
    [
        (15_500_000, "16 more minutes"),
        (10_000_001, "11 more minutes"),
        (9_550_000, "10 more minutes"),
        (1_000_000, "1 more minute"),
        (200_000, "1 more minute"),
    ],
)
def test_what_is_missing_is_rounded_up_so_that_earning_it_is_enough(micro: int, said: str) -> None:
    assert said == words.missing(POINTS, "minutes", POINTS.threshold - micro)


def test_one_has_an_article_and_people_are_named_by_what_they_are() -> None:
    assert "a hand raise" == words.one_or(words.amount(RAISED, "minutes"))
    assert "2 hand raises" == words.one_or(words.amount(RAISED, "minutes", 2))
    assert "an activity" == words.one_or("1 activity")
    assert "1 more C-level or VP with a hand raise" == words.missing(DECIDERS, "minutes", 0)
    assert "1 C-level or VP with a hand raise in 30 days" == words.criterion(DECIDERS, "minutes")


def test_amounts_of_ten_and_more_have_no_decimals() -> None:
    assert ("127 minutes", "9.9 minutes") == (
        words.amount(POINTS, "minutes", 127_100_000),
        words.amount(POINTS, "minutes", 9_900_000),
    )


def test_a_criterion_says_minutes_of_what() -> None:
    visits = Measure(points=20, days=90, categories=["web_visit"])
    assert "80 minutes of engagement in 90 days" == words.criterion(POINTS, "minutes")
    assert "20 minutes of web visits in 90 days" == words.criterion(visits, "minutes")
