"""Scores of random organisations equal an independent oracle to the micro-point.

`ALIGNMENT_ORACLE_CASES` sets the number of organisations (default 40, the full proof uses 500).
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline_tests.scoring import oracle
from alignment_pipeline_tests.scoring.agreements import VARIANTS
from alignment_pipeline_tests.scoring.factories import NOW, rows
from alignment_pipeline_tests.scoring.line import scores
from alignment_pipeline_tests.scoring.organisations import organisations

CASES = int(os.environ.get("ALIGNMENT_ORACLE_CASES", "40"))
_SUMS = ("activities", "contribution_micro", "engaged_micro", "recent_micro", "previous_micro", "surge_micro", "baseline_micro")


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_scores_equal_the_oracle(name: str) -> None:
    scoring: Scoring = VARIANTS[name]()
    share = max(1, CASES // len(VARIANTS))
    start = sorted(VARIANTS).index(name) * share
    made = organisations(range(start, start + share))
    tables = scores(made, scoring)
    fitted = {row["person_id"]: row for row in rows(tables["person_fits"])}
    tiers = {row["account_id"]: row for row in rows(tables["account_tiers"])}

    found = oracle.scored(
        made,
        scoring,
        NOW,
        {person: row["person_weight"] for person, row in fitted.items()},
        {account: row["account_weight"] for account, row in tiers.items()},
    )
    expected = {
        row["activity_id"]: (
            row["person_id"], row["account_id"], row["exclusion"], row["factor"], row["base"], row["weighted"], row["contribution"],
        )
        for row in found
    }  # fmt: skip
    actual = {
        row["activity_id"]: (
            row["person_id"], row["account_id"], row["exclusion"], row["factor"], row["base_micro"], row["weighted_micro"],
            row["contribution_micro"],
        )
        for row in rows(tables["scored_activities"])
    }  # fmt: skip
    assert expected == actual
    assert len({row["account_id"] for row in found if row["person_id"] == made.person_account_periods[0]["person_id"]}) > 1

    factors = oracle.person_factors(found, scoring)
    expected_factors = {key: {name: one[name] for name in (*_SUMS, "first_at", "last_at")} for key, one in factors.items()}
    actual_factors = {
        (row["person_id"], row["factor"]): {name: row[name] for name in (*_SUMS, "first_at", "last_at")}
        for row in rows(tables["person_engagement_factors"])
    }
    assert expected_factors == actual_factors
    _check_people(tables, factors, scoring, {row["person_id"] for row in made.people if not row["is_internal"]})
    _check_accounts(made, tables, found, scoring)
    _check_moved(made, tables)
    _check_fit(made, tables, fitted, scoring)


def _check_people(tables: dict[str, Any], factors: dict[tuple[str, str], Any], scoring: Scoring, people: set[str]) -> None:
    actual = {row["person_id"]: row for row in rows(tables["person_scores"])}
    assert set(actual) == people
    of_person: dict[str, list[Any]] = {}
    for (owner, _), one in factors.items():
        of_person.setdefault(owner, []).append(one)
    for person, row in actual.items():
        mine = of_person.get(person, [])
        total = sum(one["contribution_micro"] for one in mine)
        assert row["engagement_micro"] == total
        assert row["activities"] == sum(one["activities"] for one in mine)
        score = min(100.0, max(0.0, total / 1e6 * 100.0 / scoring.engagement.full_score_points)) if mine else None
        score = 0.0 if row["score_reason"].startswith("Opted out") else score
        assert row["engagement_score"] == pytest.approx(score, abs=1e-9)
        assert row["is_engaged"] == (sum(one["engaged_micro"] for one in mine) >= round(scoring.engagement.roll_up.engaged_points * 1e6))
        assert len(row["score_reason"]) <= 255
        assert sum(factor["micro"] for factor in json.loads(row["top_factors"])) == total or len(mine) > 5


def _check_accounts(made: Any, tables: dict[str, Any], found: list[Any], scoring: Scoring) -> None:
    per_account = oracle.account_sums(found, scoring, "contribution")
    engaged = oracle.account_sums(found, scoring, "engaged")
    threshold = round(scoring.engagement.roll_up.engaged_points * 1e6)
    there: dict[str, list[str]] = {}
    for row in rows(tables["person_scores"]):
        if row["account_id"]:
            there.setdefault(row["account_id"], []).append(row["person_id"])
    top = scoring.engagement.roll_up.top_people
    of_account: dict[str, int] = {}
    for one in rows(tables["account_engagement_factors"]):
        of_account[one["account_id"]] = of_account.get(one["account_id"], 0) + one["contribution_micro"]
    actual = {row["account_id"]: row for row in rows(tables["account_scores"])}
    assert set(actual) == {row["account_id"] for row in made.accounts}
    for account, row in actual.items():
        people = sorted(per_account.get(account, {}).items(), key=lambda item: (-item[1], item[0]))
        assert row["engagement_micro"] == sum(max(0, total) for _, total in people[:top])
        assert row["engagement_micro"] == of_account.get(account, 0)
        assert row["people_known"] == len(there.get(account, []))
        assert row["people_engaged"] == sum(engaged.get(account, {}).get(one, 0) >= threshold for one in there.get(account, []))


def _check_moved(made: Any, tables: dict[str, Any]) -> None:
    """What moved people did is split between their accounts: the parts and what counts for no account are the whole."""
    moved = {row["person_id"] for row in made.person_account_periods}
    parts = rows(tables["person_account_factors"])
    assert {row["person_id"] for row in parts} <= moved
    for_none = [row for row in rows(tables["scored_activities"]) if row["person_id"] in moved and row["account_id"] is None]
    whole = [row for row in rows(tables["person_engagement_factors"]) if row["person_id"] in moved]
    assert _sums([*parts, *for_none]) == _sums(whole)


def _sums(some: list[Any]) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for row in some:
        if row["contribution_micro"]:
            key = (row["person_id"], row["factor"])
            sums[key] = sums.get(key, 0) + row["contribution_micro"]
    return {key: micro for key, micro in sums.items() if micro}


def _check_fit(made: Any, tables: dict[str, Any], fitted: dict[str, Any], scoring: Scoring) -> None:
    for source, key, criteria, table in (
        (made.people, "person_id", scoring.fit.people, "person_fits"),
        (made.accounts, "account_id", scoring.fit.accounts, "account_fits"),
    ):
        actual = {row[key]: row for row in rows(tables[table])}
        for row in source:
            known = {**row, **{name: fitted[row[key]][name] for name in ("seniority", "function")}} if key == "person_id" else row
            expected = oracle.fit(known, criteria, scoring.fit.known_pct_at_least)
            mine = actual[row[key]]
            assert (mine["fit_micro"], mine["fit_possible_micro"]) == (expected["fit_micro"], expected["fit_possible_micro"])
            assert mine["fit_score"] == pytest.approx(expected["fit_score"], abs=1e-9)
            assert json.loads(mine["fit_gaps"]) == expected["gaps"]
            assert sum(factor["micro"] for factor in json.loads(mine["fit_factors"])) == mine["fit_micro"]
