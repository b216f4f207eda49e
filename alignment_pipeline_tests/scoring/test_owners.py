"""People whom the CRM moved from one account to another: what they did counts for the account of the moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import ibis
import pytest

from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.line import run as line
from alignment_pipeline_tests.scoring.agreements import changed, shipped
from alignment_pipeline_tests.scoring.factories import NOW, account, activity, belongs, days_ago, person, record, rows, table
from alignment_pipeline_tests.scoring.line import inputs, scores
from alignment_pipeline_tests.scoring.organisations import Organisation

EVER = datetime(1970, 1, 1, tzinfo=UTC)
SCORING = changed(shipped().scoring, engagement={"account_weights": {"tier_1": 2.0, "untiered": 1.0}})
Row = dict[str, Any]


def on(person_id: str, *stays: tuple[float | None, str | None]) -> list[Row]:
    """Periods of somebody: (days ago since when, None for ever, account)."""
    begins = [EVER if days is None else days_ago(days) for days, _ in stays]
    return [
        {"person_id": person_id, "from_at": begin, "until_at": end, "account_id": account_id, "earliest_at": begin}
        for (_, account_id), begin, end in zip(stays, begins, [*begins[1:], None], strict=True)
    ]


def forms(name: str, *days: float) -> list[Row]:
    """A content form of somebody's marketing record, some days ago, each another one."""
    kind = {"category": "content"}
    return [activity(f"{name} {day}", f"m {name}", "form_fill", days_ago(day), detail=f"/{day}", **kind) for day in days]


def visits(name: str, *days: float) -> list[Row]:
    return [activity(f"{name} {day:.3f}", f"m {name}", "web_visit", days_ago(day), detail="/features/a") for day in days]


COMPANY = Organisation(
    accounts=[account("old"), account("new", country="Germany"), account("rich", is_target_flagged=True)],
    people=[person(name, title="CEO") for name in ("moved", "back", "capped", "gone", "quiet", "heir", "left", "stays")],
    person_records=[record(name, f"m {name}") for name in ("moved", "back", "capped", "gone", "quiet", "heir", "stays")],
    person_accounts=[belongs(name, "new") for name in ("moved", "capped", "quiet", "heir", "stays")]
    + [belongs("back", "rich"), belongs("left", "old")],
    person_account_periods=[
        *on("moved", (None, "old"), (20, "new")),
        *on("back", (None, "rich"), (40, "old"), (20, "rich")),
        *on("capped", (None, "old"), (10, "new")),
        *on("gone", (None, "old"), (20, None)),
        *on("quiet", (None, "old"), (5, "new")),
        *on("left", (None, "rich"), (50, "old")),
    ],
    # the record of the heir was somebody's before who had been moved themselves
    record_periods=[
        {"source_key": "m heir", "person_id": "left", "from_at": EVER, "until_at": days_ago(30), "decided_by": "test"},
        {"source_key": "m heir", "person_id": "heir", "from_at": days_ago(30), "until_at": None, "decided_by": "test"},
    ],
    activities=[
        *forms("moved", 30, 21, 20, 10),
        *forms("back", 50, 30, 10),
        *visits("capped", *(10.05 - 0.01 * number for number in range(40))),
        *forms("gone", 30, 10),
        *forms("quiet", 30, 8),
        *forms("heir", 60, 45, 15),
        *forms("stays", 30),
    ],
)


@pytest.fixture(scope="module")
def made() -> dict[str, ibis.Table]:
    return scores(COMPANY, SCORING)


def accounts_of(made: dict[str, ibis.Table], name: str) -> list[tuple[str, str | None]]:
    """(who, account) of the activities of a marketing record, the oldest first."""
    mine = [row for row in rows(made["scored_activities"]) if row["activity_id"].startswith(f"{name} ")]
    return [(row["person_id"], row["account_id"]) for row in sorted(mine, key=lambda row: row["occurred_at"])]


def test_activities_count_for_the_account_of_their_moment(made: dict[str, ibis.Table]) -> None:
    assert accounts_of(made, "moved") == [("moved", "old"), ("moved", "old"), ("moved", "new"), ("moved", "new")]
    assert accounts_of(made, "back") == [("back", "rich"), ("back", "old"), ("back", "rich")]
    assert accounts_of(made, "gone") == [("gone", "old"), ("gone", None)]
    assert accounts_of(made, "stays") == [("stays", "new")]


def test_a_record_that_was_somebody_elses_counts_for_the_account_they_were_on_then(made: dict[str, ibis.Table]) -> None:
    assert accounts_of(made, "heir") == [("left", "rich"), ("left", "old"), ("heir", "new")]


def test_the_persons_score_is_the_whole(made: dict[str, ibis.Table]) -> None:
    by_person = {row["person_id"]: row["activities"] for row in rows(made["person_scores"])}
    assert (by_person["moved"], by_person["back"], by_person["gone"]) == (4, 3, 2)
    of_accounts = {row["account_id"]: row["activities"] for row in rows(made["account_scores"])}
    counted = [row["account_id"] for row in rows(made["scored_activities"]) if row["exclusion"] is None]
    assert of_accounts == {name: counted.count(name) for name in ("old", "new", "rich")}


def test_an_activity_has_the_weight_of_the_account_it_counts_for(made: dict[str, ibis.Table]) -> None:
    mine = {row["activity_id"]: row["weighted_micro"] for row in rows(made["scored_activities"]) if row["person_id"] == "back"}
    assert mine["back 50"] == mine["back 10"] == 2 * mine["back 30"] > 0


def test_a_cap_is_the_persons_and_what_came_first_counts(made: dict[str, ibis.Table]) -> None:
    mine = sorted((row for row in rows(made["scored_activities"]) if row["person_id"] == "capped"), key=lambda row: row["occurred_at"])
    (day,) = {row["age_days"] for row in mine}
    assert day == 10
    assert {row["account_id"] for row in mine} == {"old", "new"}
    cap = next(one.points for one in SCORING.engagement.caps if one.type == "web_visit")
    assert sum(row["base_micro"] for row in mine) == cap * 1_000_000
    earned = [row["base_micro"] > 0 for row in mine]
    assert earned == sorted(earned, reverse=True) and not all(earned)


def test_people_are_engaged_at_the_account_where_they_are_by_what_they_did_there(made: dict[str, ibis.Table]) -> None:
    by_account = {row["account_id"]: row for row in rows(made["account_scores"])}
    people = {row["person_id"]: row["is_engaged"] for row in rows(made["person_scores"])}
    assert people["quiet"] and by_account["new"]["people_known"] == 5
    # all but `quiet`, who did nothing since
    assert by_account["new"]["people_engaged"] == 4
    assert (by_account["old"]["people_known"], by_account["old"]["people_engaged"]) == (1, 1)


def test_in_a_pilot_what_counts_is_the_person_now_or_the_account_then() -> None:
    scope = Scope(countries=["Germany"])
    company = replace(
        COMPANY,
        person_accounts=[belongs("moved", "new"), belongs("gone", "old")],
        person_account_periods=[*on("moved", (None, "old"), (20, "new")), *on("gone", (None, "new"), (20, "old"))],
        record_periods=[],
    )
    agreement = shipped().model_copy(update={"scoring": SCORING, "scope": scope})
    given = inputs(company) | {"users": table("users", [])}
    found = line.decide(("scored_activities",), given, agreement=agreement, as_of=NOW)

    excluded = {row["activity_id"]: row["exclusion"] for row in rows(found["scored_activities"]) if row["person_id"] in ("moved", "gone")}
    assert {name for name, why in excluded.items() if why} == {"gone 10"}
    assert excluded["gone 10"] == "out_of_scope"
