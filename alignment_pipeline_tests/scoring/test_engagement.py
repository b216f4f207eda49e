"""A person's points count at least 0 for the account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline_tests.scoring.agreements import changed, shipped
from alignment_pipeline_tests.scoring.factories import NOW, account, activity, belongs, days_ago, person, record, rows
from alignment_pipeline_tests.scoring.line import scores
from alignment_pipeline_tests.scoring.organisations import Organisation


def organisation(of_people: dict[str, list[str]]) -> Organisation:
    """One account; each person's activities by type, all of yesterday."""
    return Organisation(
        accounts=[account("a1")],
        people=[person(name) for name in of_people],
        person_records=[record(name) for name in of_people],
        person_accounts=[belongs(name, "a1") for name in of_people],
        activities=[
            activity(f"{name}{i}", name, kind, days_ago(1 + 0.01 * i), category="content", detail=f"/{i}")
            for name, kinds in of_people.items()
            for i, kind in enumerate(kinds)
        ],
    )


def points(of_people: dict[str, list[str]]) -> float:
    found: dict[str, Any] = rows(scores(organisation(of_people), shipped().scoring)["account_scores"])[0]
    return found["engagement_points"]


@pytest.mark.parametrize("bad", [["email_bounced"] * 40, ["email_click", "email_unsubscribed"]])
def test_a_person_below_nothing_takes_away_no_colleague_s_points(bad: list[str]) -> None:
    good = {"p1": ["form_fill", "link_click"]}
    assert points(good | {"p2": bad}) == points(good) > 0


def test_a_loss_counts_against_what_the_same_person_earned() -> None:
    assert 0 < points({"p1": ["form_fill", "email_bounced"]}) < points({"p1": ["form_fill"]})


def test_people_who_opted_out_stay_with_a_score_of_nothing() -> None:
    made = organisation({"p1": ["form_fill"], "p2": ["form_fill"]})
    made.people[1]["is_opted_out"] = True
    scoring = changed(shipped().scoring, exclusions={"is_opted_out_scored": False})
    found = {row["person_id"]: (row["engagement_score"], row["score_reason"]) for row in rows(scores(made, scoring)["person_scores"])}

    assert found["p2"] == (0.0, "Opted out of e-mail: not scored.") and found["p1"][0] > 0


@settings(max_examples=3, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["p1", "p2", "p3"]),
        st.lists(st.sampled_from(["email_bounced", "email_unsubscribed", "link_click", "form_fill"]), min_size=1, max_size=6),
        min_size=1,
    )
)
def test_an_account_has_what_its_people_have_each_at_least_nothing(of_people: dict[str, list[str]]) -> None:
    tables = scores(organisation(of_people), shipped().scoring)
    people = [row["engagement_micro"] for row in rows(tables["person_scores"])]
    assert rows(tables["account_scores"])[0]["engagement_micro"] == sum(max(0, one) for one in people)


def test_a_sentence_stays_true_while_nothing_happens() -> None:
    made = organisation({"p1": ["form_fill", "link_click", "link_click"], "p2": ["form_fill"] * 3})
    said = {
        days: {row["score_reason"] for name in ("person_scores", "account_scores") for row in rows(later(made, days)[name])}
        for days in (0, 9)
    }

    # what moved is said with its day
    assert {one.replace(" Surging on 21 Nov 2026.", "") for one in said[0]} == said[9]
    assert any("once" in one and "twice" in one for one in said[0]) and any("3 times" in one for one in said[0])


def later(made: Organisation, days: int) -> Any:
    return scores(made, shipped().scoring, as_of=NOW + timedelta(days=days))
