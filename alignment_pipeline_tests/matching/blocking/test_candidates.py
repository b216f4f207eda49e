"""Which accounts a lead is compared with."""

from __future__ import annotations

from alignment_pipeline_tests.matching import factories


def test_the_whole_name_is_a_candidate_however_many_share_its_first_word() -> None:
    others = [
        {"name": f"Vorb {end}"}
        for end in ("Oak", "Elm", "Ash", "Fir", "Yew", "Bay", "Box", "Fig", "Nut", "Ivy", "Hop", "Gum", "Sap", "Bud")
    ]
    base = factories.index(*others, {"name": "Vorbflarion, Inc."})

    row = factories.matched(base, company="VorbFlarion Inc", email_domain="gmail.com")

    assert ("matched", "A15") == (row["decision"], row["account_id"])
