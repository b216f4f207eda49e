"""Other names of a company: listed ones, listed domains, initials."""

from __future__ import annotations

import json

import pytest

from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline_tests.matching import factories

SETTINGS = MatchingSettings(alias_groups=(("Quorvex Metal", "Zundler", "zundler.com"),))


@pytest.mark.parametrize(
    ("lead", "rule"),
    [
        ({"company": "Zundler", "email_domain": "gmail.com"}, "alias"),
        ({"company": "Quorvex Metal Labs", "email_domain": "zundler.com"}, "domain_and_name"),
    ],
)
def test_a_listed_name_or_domain_leads_to_the_account(lead: dict[str, object], rule: str) -> None:
    row = factories.matched(factories.index({"name": "Quorvex Metal"}, settings=SETTINGS), **lead)

    assert ("matched", "A1", rule) == (row["decision"], row["account_id"], row["rule"])


@pytest.mark.parametrize(("company", "account"), [("QMDT", "Quorvex Metal Dynamics Tarsopel"), ("Quorvex Metal Dynamics Tarsopel", "QMDT")])
def test_initials_are_evidence_in_both_directions(company: str, account: str) -> None:
    row = factories.matched(factories.index({"name": account}), company=company)

    assert {"acronym", "acronym_long"} <= {item["evidence"] for item in json.loads(str(row["evidence"]))}


@pytest.mark.parametrize("company", ["Quorvex Metal of Brenholt", "Quorvex Metal at Brenholt", "Quorvex Metal, Brenholt"])
def test_an_account_of_exactly_the_leads_name_is_not_beaten_by_an_alias_of_a_part(company: str) -> None:
    settings = MatchingSettings(alias_groups=(("Quorvex Metal", "Quorvex Metal of Dalmund"),))
    base = factories.index({"name": "Quorvex Metal of Dalmund"}, {"name": "Quorvex Metal of Brenholt"}, settings=settings)

    assert "A2" == factories.matched(base, company=company)["account_id"]
