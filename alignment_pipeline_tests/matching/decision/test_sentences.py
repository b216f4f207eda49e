"""Words for people."""

from __future__ import annotations

from alignment_pipeline_tests.matching import factories


def test_sentences_fit_the_crm_field() -> None:
    long = "Quorvex " + "Extraordinarily Long Naming Words " * 8
    base = factories.index({"name": long}, {"name": long + "Two"})

    row = factories.matched(base, company=long, email_domain="gmail.com")

    assert 0 < len(str(row["reason"])) <= 255
