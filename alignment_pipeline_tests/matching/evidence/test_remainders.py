"""What names leave over, and how ordinary their words are."""

from __future__ import annotations

from alignment_pipeline_tests.matching import factories


def test_an_ordinary_word_inside_a_longer_name_counts_for_less_than_a_coined_one() -> None:
    ordinary = factories.matched(factories.index({"name": "Lantern"}), company="Lantern Vorban", email_domain="gmail.com")
    coined = factories.matched(factories.index({"name": "Quorvex"}), company="Quorvex Vorban", email_domain="gmail.com")

    assert float(str(ordinary["confidence"])) < 0.9 < float(str(coined["confidence"]))
    assert int(str(ordinary["score_micro"])) < int(str(coined["score_micro"]))


def test_a_slip_is_seen_behind_other_descriptive_words() -> None:
    base = factories.index({"name": "Quorvexian Holdings", "country": "DE"})

    row = factories.matched(base, company="Quorrvexian Technology", email_domain="gmail.com", country="DE")

    assert ("A1", "typo") == (row["account_id"], row["rule"])
