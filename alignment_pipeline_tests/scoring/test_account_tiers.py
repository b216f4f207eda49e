"""Tiers: fit proposes, the CRM's flag and the approved list decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import pytest

from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation import target_list
from alignment_pipeline.scoring import account_fits, account_tiers
from alignment_pipeline_tests.scoring.agreements import changed, shipped
from alignment_pipeline_tests.scoring.factories import NOW, account, activity, belongs, days_ago, person, record, rows, table
from alignment_pipeline_tests.scoring.line import scores
from alignment_pipeline_tests.scoring.organisations import Organisation

STAMP: dict[str, Any] = {"as_of": NOW, "agreement_version": "test"}


def tiers(accounts: list[dict[str, Any]], scoring: Scoring, overrides: ibis.Table | None = None, **more: Any) -> dict[str, dict[str, Any]]:
    given = table("accounts", accounts)
    fits = account_fits.account_fits(given, scoring=scoring, **STAMP)
    return {row["account_id"]: row for row in rows(account_tiers.account_tiers(given, fits, overrides, scoring=scoring, **more, **STAMP))}


def ideal(account_id: str, **columns: Any) -> dict[str, Any]:
    return account(account_id, **({"industry": "Software", "employees": 9000, "annual_revenue_usd": 2e9, "country": "Germany"} | columns))


def test_fit_proposes_flag_and_list_decide() -> None:
    accounts = [
        ideal("best"),
        ideal("unknown", industry=None, employees=None, annual_revenue_usd=None, country=None),
        ideal("small", employees=5, annual_revenue_usd=1e5, industry="Fishing"),
        ideal("flagged", employees=5, annual_revenue_usd=1e5, industry="Fishing", is_target_flagged=True),
        ideal("taken off"),
    ]
    listed = account_tiers.overrides_from(
        [{"account_id": "taken off", "tier": "", "reason": "lost for good"}, {"account_id": "small", "tier": "2", "reason": None}],
        name="list",
    )

    found = tiers(accounts, shipped().scoring, ibis.memtable(listed))

    assert {name: (row["proposed_tier"], row["tier"], row["basis"]) for name, row in found.items()} == {
        "best": (1, 1, "fit"),
        "unknown": (None, None, "not_scored"),
        "small": (None, 2, "override"),
        "flagged": (None, 1, "crm_flag"),
        "taken off": (1, None, "override"),
    }
    assert found["taken off"]["tier_reason"] == (
        "Not a target, set by the target list (lost for good). Fit 100 of 100: company size 9,000 (+35), revenue 2 billion (+25), "
        "industry Software (+25), region Germany (+15)."
    )


def test_a_full_tier_passes_the_next_best_on() -> None:
    scoring = changed(
        shipped().scoring, tiers={"by_fit": [{"tier": 1, "fit_at_least": 80, "max_accounts": 1}, {"tier": 2, "fit_at_least": 50}]}
    )

    found = tiers([ideal("a2"), ideal("a1"), ideal("a0", employees=900)], scoring)

    assert {name: row["tier"] for name, row in found.items()} == {"a1": 1, "a2": 2, "a0": 2}


def test_the_pilot_takes_countries_in_any_case() -> None:
    found = tiers(
        [ideal("in"), ideal("out", country="Peru"), ideal("none", country=None)], shipped().scoring, scope=Scope(countries=["germany"])
    )

    assert {name: row["is_in_scope"] for name, row in found.items()} == {"in": True, "out": False, "none": False}


def test_the_pilot_takes_the_accounts_of_its_reps() -> None:
    users = table("users", [{"user_id": "u1", "email": "rep@ours.example"}, {"user_id": "u2", "email": "other@ours.example"}])
    given = [ideal("in", owner_id="u1"), ideal("out", owner_id="u2"), ideal("queue", owner_id="q1"), ideal("none", owner_id=None)]
    scope = Scope(owner_emails=["REP@ours.example"])

    found = tiers(given, shipped().scoring, users=users, scope=scope)

    assert {"in": True, "out": False, "queue": False, "none": False} == {name: row["is_in_scope"] for name, row in found.items()}
    assert not any(row["is_in_scope"] for row in tiers(given, shipped().scoring, scope=scope).values())


def test_in_a_pilot_of_reps_a_person_follows_the_account_and_one_without_is_in_by_their_own_owner() -> None:
    users = table("users", [{"user_id": "u1", "email": "rep@ours.example"}, {"user_id": "u2", "email": "other@ours.example"}])
    made = Organisation(
        accounts=[ideal("mine", owner_id="u1"), ideal("theirs", owner_id="u2")],
        people=[
            person("in mine", owner_id="u2"),
            person("in theirs", owner_id="u1"),
            person("loner of mine", owner_id="u1"),
            person("loner of theirs", owner_id="u2"),
            person("nobody's loner", owner_id=None),
        ],
        person_accounts=[belongs("in mine", "mine"), belongs("in theirs", "theirs")],
    )
    made.person_records = [record(one["person_id"]) for one in made.people]
    made.activities = [
        activity(f"a{n}", one["person_id"], "form_fill", days_ago(3), category="hand_raise") for n, one in enumerate(made.people)
    ]

    t = scores(made, shipped().scoring, scope=Scope(owner_emails=["rep@ours.example"]), users=users)

    assert {"in mine", "loner of mine"} == {row["person_id"] for row in rows(t["person_scores"])}
    excluded = {row["person_id"]: row["exclusion"] for row in rows(t["scored_activities"])}
    left_out = {"in theirs", "loner of theirs", "nobody's loner"}
    assert {name: "out_of_scope" if name in left_out else None for name in excluded} == excluded
    assert {"in mine", "loner of mine"} == {row["person_id"] for row in rows(t["person_engagement_factors"])}
    assert {"mine"} == {row["account_id"] for row in rows(t["account_scores"])}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("account_id,tier,reason\n001A,4,x\n", "line 2: tier '4' is not 1, 2, 3 or empty"),
        ("account_id,tier,reason\n,1,x\n", "line 2: account_id is empty"),
        ("account_id,tier,reason\n001A,4,x\n,1,y\n001B,1,z\n", "2 rows cannot be used; nothing was read:\n  line 2: tier '4'"),
        ("account_id,tier,reason\n001A,1,x\n001A,2,y\n", "line 3: account 001A is listed twice"),
    ],
)
def test_a_wrong_list_names_its_line(tmp_path: Path, lines: str, says: str) -> None:
    path = tmp_path / "targets.csv"
    path.write_text(lines, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"targets\.csv") as caught:
        target_list.read_overrides(path)

    assert says in str(caught.value)
