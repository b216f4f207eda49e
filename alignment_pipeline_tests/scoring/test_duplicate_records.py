"""Duplicates of one person in a marketing system: their points add up, or the best record alone counts, as the agreement says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline_tests.scoring.agreements import shipped
from alignment_pipeline_tests.scoring.factories import account, activity, belongs, days_ago, person, record, rows
from alignment_pipeline_tests.scoring.line import scores
from alignment_pipeline_tests.scoring.organisations import Organisation


def organisation(visits: dict[str, int]) -> Organisation:
    """One person; the number of feature pages that each of their records saw yesterday."""
    return Organisation(
        accounts=[account("a1")],
        people=[person("p")],
        person_records=[record("p"), *(record("p", key) for key in visits)],
        person_accounts=[belongs("p", "a1")],
        activities=[
            activity(f"{key} {number}", key, "web_visit", days_ago(1 + 0.01 * number), detail=f"/features/{key}/{number}")
            for key, times in visits.items()
            for number in range(times)
        ],
    )


def counted(visits: dict[str, int], duplicates: str) -> dict[str, int]:
    """How many activities of each record count."""
    scoring = shipped().scoring
    engagement = scoring.engagement.model_copy(update={"duplicates": duplicates, "caps": []})
    made = scores(organisation(visits), scoring.model_copy(update={"engagement": engagement}))
    found: dict[str, int] = {}
    for row in rows(made["scored_activities"]):
        if row["exclusion"] is None:
            found[row["activity_id"].split()[0]] = found.get(row["activity_id"].split()[0], 0) + 1
        else:
            assert (row["exclusion"], row["contribution_micro"], row["weighted_micro"]) == ("duplicate_record", 0, 0)
    assert rows(made["account_engagement_factors"])[0]["activities"] == sum(found.values())
    return found


@pytest.mark.parametrize(
    ("visits", "summed", "highest"),
    [
        ({"marketo:1": 2, "marketo:2": 3}, {"marketo:1": 2, "marketo:2": 3}, {"marketo:2": 3}),
        ({"marketo:1": 2, "marketo:2": 2}, {"marketo:1": 2, "marketo:2": 2}, {"marketo:1": 2}),
        ({"marketo:1": 2, "hubspot:1": 3}, {"marketo:1": 2, "hubspot:1": 3}, {"marketo:1": 2, "hubspot:1": 3}),
        ({"marketo:1": 1, "contact:003": 2, "lead:00Q": 3}, {"marketo:1": 1, "contact:003": 2, "lead:00Q": 3}, None),
    ],
)
def test_records_of_one_system_add_up_or_the_best_counts(
    visits: dict[str, int], summed: dict[str, int], highest: dict[str, int] | None
) -> None:
    assert counted(visits, "sum") == summed
    assert counted(visits, "highest") == (summed if highest is None else highest)


@settings(max_examples=5, deadline=None)
@given(st.dictionaries(st.sampled_from([f"marketo:{number}" for number in range(5)]), st.integers(1, 5), min_size=1))
def test_the_highest_is_never_more_than_the_sum_and_is_one_record(visits: dict[str, int]) -> None:
    found: Any = counted(visits, "highest")
    assert len(found) == 1 and max(found.values()) == max(visits.values()) <= sum(visits.values())
