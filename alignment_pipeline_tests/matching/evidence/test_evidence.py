"""Each pair's names are of one family, and places agree only where both sides name one."""

from __future__ import annotations

import json

import pytest

from alignment_pipeline_tests.matching import factories

FAMILIES = {"same_name", "in_account", "in_lead", "typo", "overlap"}


def evidence(account: dict[str, object], lead: dict[str, object]) -> set[str]:
    row = factories.matched(factories.index(account), **lead)
    return {item["evidence"] for item in json.loads(str(row["evidence"]))}


@pytest.mark.parametrize(
    ("account", "company", "family"),
    [
        ("Quorvex", "Quorvex GmbH", "same_name"),
        ("Quorvex Metal Foundry", "Quorvex Metal", "in_account"),
        ("Quorvex", "Quorvex Tarsopel", "in_lead"),
        ("Quorvexian", "Quorvexiam", "typo"),
        ("Quorvex Tarsopel", "Quorvex Dalmund", "overlap"),
    ],
)
def test_two_names_are_of_one_family(account: str, company: str, family: str) -> None:
    assert {family} == FAMILIES & evidence({"name": account}, {"company": company})


@pytest.mark.parametrize(
    ("mine", "theirs", "columns"),
    [("DE", "Germany", {"country_same"}), ("DE", "US", {"country_other"}), ("DE", "", set()), ("", "", set())],
)
def test_countries_agree_or_differ_only_where_both_are_named(mine: str, theirs: str, columns: set[str]) -> None:
    seen = evidence({"name": "Quorvex", "country": theirs}, {"company": "Quorvex", "country": mine})

    assert columns == seen & {"country_same", "country_other"}
