"""Evidence that tells look-alikes from the right account: ordinary words, slips, namesakes, hosts, other orders and spellings of words."""

from __future__ import annotations

import pytest

from alignment_pipeline.matching.evidence import weights
from alignment_pipeline.matching.names import wordlists
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline_tests.matching import factories


@pytest.mark.parametrize(
    ("word", "ordinary"),
    [("weave", True), ("stitched", True), ("careers", True), ("quorvex", False), ("fujitsu", False), ("ab", False)],
)
def test_ordinary_words_are_known_with_their_inflections(word: str, ordinary: bool) -> None:
    assert ordinary == wordlists.is_ordinary(word)


def test_an_ordinary_word_inside_a_longer_name_counts_for_less_than_a_coined_one() -> None:
    ordinary = factories.matched(factories.index({"name": "Lantern"}), company="Lantern Vorban", email_domain="gmail.com")
    coined = factories.matched(factories.index({"name": "Quorvex"}), company="Quorvex Vorban", email_domain="gmail.com")

    assert float(str(ordinary["confidence"])) < 0.9 < float(str(coined["confidence"]))
    assert int(str(ordinary["score_micro"])) < int(str(coined["score_micro"]))


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
    assert "another account bears the same name" in str(alone["reason"])
    assert "matched" == factories.matched(base, bold, company="Ministry of Harvest", email_domain="gmail.com")["decision"]
    assert ("matched", "A1") == (by_domain["decision"], by_domain["account_id"])


def test_a_slip_of_letters_needs_something_behind_it() -> None:
    base = factories.index({"name": "Qorvixel", "website": "qorvixel.com", "country": "DE"})

    alone = factories.matched(base, company="Qorvaxel", email_domain="gmail.com")
    supported = factories.matched(base, company="Qorvaxel", email_domain="gmail.com", country="DE")
    bold = factories.matched(base, MatchingSettings(alike_confidence=0.52), company="Qorvaxel", email_domain="gmail.com")

    assert ("review", "A1", "typo") == (alone["decision"], alone["account_id"], alone["rule"])
    assert "no domain, place or phone supports it" in str(alone["reason"])
    assert ("matched", "A1") == (supported["decision"], supported["account_id"])
    assert ("matched", "A1") == (bold["decision"], bold["account_id"])


@pytest.mark.parametrize(
    ("company", "account"),
    [
        ("Solutions Quorvex", "Quorvex Solutions"),
        ("QUOR.VEX", "Quorvex Group"),
        ("Quorvexnova Devices", "Quorvex Nova"),
        ("31.62", "31.62"),
    ],
)
def test_more_spellings_of_a_name_match(company: str, account: str) -> None:
    base = factories.index({"name": account, "country": "DE"})

    row = factories.matched(base, company=company, email_domain="gmail.com", country="DE")

    assert ("matched", "A1") == (row["decision"], row["account_id"])


def test_a_slip_is_seen_behind_other_descriptive_words() -> None:
    base = factories.index({"name": "Quorvexian Holdings", "country": "DE"})

    row = factories.matched(base, company="Quorrvexian Technology", email_domain="gmail.com", country="DE")

    assert ("A1", "typo") == (row["account_id"], row["rule"])


def test_the_whole_name_is_a_candidate_however_many_share_its_first_word() -> None:
    others = [
        {"name": f"Vorb {end}"}
        for end in ("Oak", "Elm", "Ash", "Fir", "Yew", "Bay", "Box", "Fig", "Nut", "Ivy", "Hop", "Gum", "Sap", "Bud")
    ]
    base = factories.index(*others, {"name": "Vorbflarion, Inc."})

    row = factories.matched(base, company="VorbFlarion Inc", email_domain="gmail.com")

    assert ("matched", "A15") == (row["decision"], row["account_id"])


def test_the_very_host_tells_units_of_one_domain_apart() -> None:
    units = [
        {"name": f"Institute of {field}", "website": f"www.{field[:4].lower()}.quorvex-research.org"}
        for field in ("Metallurgy", "Hydrology")
    ]
    base = factories.index({"name": "Quorvex Research", "website": "quorvex-research.org"}, *units)

    row = factories.matched(base, company="", email="ann@hydr.quorvex-research.org")

    assert "A3" == row["account_id"]
