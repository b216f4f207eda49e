"""Whose an activity is: the person whose the record was when it happened, and with them their account."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline_tests.scoring.agreements import shipped
from alignment_pipeline_tests.scoring.factories import account, activity, belongs, days_ago, person, record, rows
from alignment_pipeline_tests.scoring.line import scores
from alignment_pipeline_tests.scoring.organisations import Organisation

EVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def period(source_key: str, person_id: str, since: datetime, until: datetime | None) -> dict[str, Any]:
    return {"source_key": source_key, "from_at": since, "until_at": until, "person_id": person_id, "decided_by": person_id}


def job_changer(days: list[float]) -> Organisation:
    """Ada worked for a1 until 20 days ago and works for a2 since; marketing kept one record, m, that stands beside the new one."""
    return Organisation(
        accounts=[account("a1"), account("a2")],
        people=[person("old"), person("new")],
        person_records=[record("old"), record("new"), record("new", "m")],
        person_accounts=[belongs("old", "a1"), belongs("new", "a2")],
        activities=[
            activity(f"v{place}", "m", "form_fill", days_ago(day), category="content", detail=f"/{place}") for place, day in enumerate(days)
        ],
        record_periods=[period("m", "old", EVER, days_ago(20)), period("m", "new", days_ago(20), None)],
    )


def test_engagement_counts_for_the_account_of_the_record_that_was_current() -> None:
    made = scores(job_changer([30, 25, 10]), shipped().scoring)

    assert {row["activity_id"]: (row["person_id"], row["account_id"]) for row in rows(made["scored_activities"])} == {
        "v0": ("old", "a1"),
        "v1": ("old", "a1"),
        "v2": ("new", "a2"),
    }
    assert {(row["account_id"], row["activities"]) for row in rows(made["account_engagement_factors"])} == {("a1", 2), ("a2", 1)}


def test_the_moment_of_the_change_belongs_to_the_new_record() -> None:
    made = scores(job_changer([20]), shipped().scoring)
    assert [row["person_id"] for row in rows(made["scored_activities"])] == ["new"]


def test_a_cap_is_of_the_person_of_the_moment() -> None:
    """Visits on one day, while the record was the old person's: it has another owner now, and the cap still finds them."""
    job = job_changer([])
    visits = [activity(f"v{place}", "m", "web_visit", days_ago(25 + 0.01 * place), detail="/pricing") for place in range(6)]
    made = scores(replace(job, activities=visits), shipped().scoring)

    earned = [row["base_micro"] for row in sorted(rows(made["scored_activities"]), key=lambda row: row["occurred_at"])]
    assert earned == [5_000_000, 5_000_000, 5_000_000, 5_000_000, 0, 0]
    assert {row["person_id"] for row in rows(made["scored_activities"])} == {"old"}


@settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=8, unique=True))
def test_periods_share_out_activities_and_lose_none(days: list[int]) -> None:
    """The law: each activity belongs to one of the two, by its moment alone."""
    made = scores(job_changer([float(day) for day in days]), shipped().scoring)
    expected = {f"v{place}": "old" if day > 20 else "new" for place, day in enumerate(days)}
    assert {row["activity_id"]: row["person_id"] for row in rows(made["scored_activities"])} == expected
