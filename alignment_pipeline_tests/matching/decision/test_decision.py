"""One account per lead: thresholds, namesakes, ties."""

from __future__ import annotations

import pytest

from alignment_pipeline.matching.evidence import weights
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline_tests.matching import factories


def test_a_name_that_two_companies_bear_is_never_sure_by_country_alone() -> None:
    base = factories.index(
        {"name": "Quorvex", "website": "quorvexmetal.de", "country": "DE"},
        {"name": "Quorvex", "website": "quorvexfoods.com", "country": "US"},
    )

    by_country = factories.matched(base, company="Quorvex", email_domain="gmail.com", country="DE")
    by_domain = factories.matched(base, company="Quorvex", email_domain="quorvexmetal.de", country="DE")

    assert "A1" == by_country["account_id"]
    assert float(str(by_country["confidence"])) <= weights.bundled().namesake < 0.9
    assert "A1" == by_domain["account_id"]
    assert float(str(by_domain["confidence"])) > 0.9


def test_an_ordinary_name_that_two_companies_bear_is_review_unless_something_tells_them_apart() -> None:
    base = factories.index(
        {"name": "Ministry of Harvest", "website": "harvestministry.de", "country": "DE"},
        {"name": "Ministry of Harvest", "country": "US"},
    )

    alone = factories.matched(base, company="Ministry of Harvest", email_domain="gmail.com")
    by_domain = factories.matched(base, company="Ministry of Harvest", email_domain="harvestministry.de")
    bold = MatchingSettings(match_confidence=0.5, shared_name_confidence=0.5)

    assert "review" == alone["decision"]
    assert "another account has the same name" in str(alone["reason"]).lower()
    assert "matched" == factories.matched(base, bold, company="Ministry of Harvest", email_domain="gmail.com")["decision"]
    assert ("matched", "A1") == (by_domain["decision"], by_domain["account_id"])


def test_a_slip_of_letters_needs_something_behind_it() -> None:
    base = factories.index({"name": "Qorvixel", "website": "qorvixel.com", "country": "DE"})

    alone = factories.matched(base, company="Qorvaxel", email_domain="gmail.com")
    supported = factories.matched(base, company="Qorvaxel", email_domain="gmail.com", country="DE")
    bold = factories.matched(base, MatchingSettings(alike_confidence=0.52), company="Qorvaxel", email_domain="gmail.com")

    assert ("review", "A1", "typo") == (alone["decision"], alone["account_id"], alone["rule"])
    assert "no domain, place or phone supports it" in str(alone["reason"]).lower()
    assert ("matched", "A1") == (supported["decision"], supported["account_id"])
    assert ("matched", "A1") == (bold["decision"], bold["account_id"])


TIES = [
    ("customer_first", {"is_customer": True}),
    ("open_opportunity_first", {"has_open_opportunity": "true"}),
    ("most_contacts", {"contact_count": 7}),
    ("same_city", {"city": "Turin"}),
    ("has_owner", {"owner_id": "U1"}),
    ("oldest", {"created_at": "2019-01-01"}),
]


@pytest.mark.parametrize(("breaker", "extra"), TIES)
def test_tie_breakers_choose_among_records_of_one_company(breaker: str, extra: dict[str, object]) -> None:
    settings = MatchingSettings(tie_breakers=(breaker, "lowest_id"))
    later = {"name": "Quorvex", "website": "quorvex.com", "created_at": "2024-01-01"}
    base = factories.index(later, {**later, **extra}, settings=settings)

    row = factories.matched(base, company="Quorvex", email_domain="quorvex.com", city="Turin")

    assert ("matched", "A2", breaker) == (row["decision"], row["account_id"], row["tie_breaker"])


def test_tie_breakers_never_decide_between_companies_unless_told_so() -> None:
    rows = ({"name": "Quorvex", "website": "tryquorvex.io"}, {"name": "Quorvex", "website": "getquorvex.com", "is_customer": True})
    strict = factories.index(*rows)
    bold = MatchingSettings(tie_breakers_decide="always")

    by_default = factories.matched(strict, company="Quorvex", email_domain="gmail.com")
    by_wish = factories.matched(strict, bold, company="Quorvex", email_domain="gmail.com")

    assert "review" == by_default["decision"]
    assert ("matched", "A2", "customer_first") == (by_wish["decision"], by_wish["account_id"], by_wish["tie_breaker"])


@pytest.mark.parametrize("count", [2, 4, 5, 6, 12])
def test_however_many_accounts_have_the_very_name_a_person_decides(count: int) -> None:
    countries = ["US", "DE", "FR", "GB", "IT", "ES", "CA", "BE", "NL", "AT", "CH", "PL"]
    base = factories.index(*({"name": "Quorvex Bakery", "country": country} for country in countries[:count]))

    row = factories.matched(base, company="Quorvex Bakery", email_domain="gmail.com")

    assert "review" == row["decision"]
    assert f"{count} accounts fit equally" in str(row["reason"])


def test_accounts_of_one_domain_that_nothing_separates_are_review() -> None:
    cities = ["Austin", "Boston", "Chicago", "Denver", "Essex", "Fargo", "Gary", "Houston"]
    base = factories.index(*({"name": f"Quorvex {city}", "website": "quorvex.com"} for city in cities))

    row = factories.matched(base, company="", email="jo@quorvex.com")

    assert ("review", "domain") == (row["decision"], row["rule"])


def test_many_accounts_that_are_equally_unlikely_are_no_review() -> None:
    base = factories.index(*({"name": f"Meta{end}"} for end in ("Cert", "Modix", "Logix", "Switch", "Soft", "Core", "Lab", "Pack")))

    assert "none" == factories.matched(base, company="Facebook", email_domain="fb.com")["decision"]
