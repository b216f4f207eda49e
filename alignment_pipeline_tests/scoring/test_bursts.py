"""What a mail gateway clicked, and the pages that opened with it, do not count."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline.scoring import bursts
from alignment_pipeline_tests.scoring import oracle
from alignment_pipeline_tests.scoring.agreements import shipped
from alignment_pipeline_tests.scoring.factories import activity, days_ago, rows, table

START = days_ago(2).replace(second=0, microsecond=0)


def excluded(acts: list[dict[str, Any]]) -> set[str]:
    """Ids of activities that are a burst's."""
    exclusions, activities = shipped().scoring.exclusions, table("activities", acts)
    found = bursts.with_bursts(activities, bursts.bursts(activities, exclusions), exclusions)
    return {row["activity_id"] for row in rows(found) if row["is_burst"]}


def clicks(*seconds: float, start: datetime = START) -> list[dict[str, Any]]:
    return [activity(f"c{i}", "p1", "email_click", start + timedelta(seconds=at), detail=f"/{i}") for i, at in enumerate(seconds)]


@pytest.mark.parametrize("offset", [0, 29.9, 57, 59.999])
def test_a_burst_may_cross_the_border_of_a_minute(offset: float) -> None:
    assert len(excluded(clicks(*(offset + 0.4 * number for number in range(5))))) == 5


@pytest.mark.parametrize(
    ("seconds", "count"),
    [((0, 10, 20, 30, 59.9), 5), ((0, 10, 20, 30, 60), 0), ((0, 15, 30, 45), 0), ((0, 20, 40, 60, 80, 100), 0), ((0, 0, 0, 0, 0, 300), 5)],
)
def test_only_clicks_less_than_a_minute_apart_are_a_burst(seconds: tuple[float, ...], count: int) -> None:
    assert len(excluded(clicks(*seconds))) == count


@pytest.mark.parametrize(("after", "is_caused"), [(-4, True), (0.05, True), (5, True), (6, False), (600, False)])
def test_the_page_visits_of_a_burst_do_not_count_and_later_ones_do(after: float, is_caused: bool) -> None:
    visit = activity("v", "p1", "web_visit", START + timedelta(seconds=2 + after if after > 0 else after), detail="/pricing")
    assert ("v" in excluded([*clicks(0, 0.5, 1, 1.5, 2), visit])) == is_caused


def test_the_clicks_of_two_people_are_no_burst() -> None:
    assert excluded([activity(f"c{i}", f"p{1 + i % 2}", "email_click", START + timedelta(seconds=i)) for i in range(8)]) == set()


@settings(max_examples=12, deadline=None)
@given(
    at=st.lists(st.tuples(st.sampled_from(["email_click", "web_visit", "link_click"]), st.integers(0, 240_000)), min_size=1, max_size=25),
    shift=st.integers(0, 60_000),
)
def test_a_burst_depends_on_distances_alone(at: list[tuple[str, int]], shift: int) -> None:
    def acts(offset: int) -> list[dict[str, Any]]:
        return [
            activity(f"x{i}", "p1", kind, START + timedelta(milliseconds=offset + ms), detail=f"/{i}") for i, (kind, ms) in enumerate(at)
        ]

    scoring = shipped().scoring
    expected = oracle.in_bursts(acts(0), scoring)

    assert expected == excluded(acts(0)) == excluded(acts(shift))
