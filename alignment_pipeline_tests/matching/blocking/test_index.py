"""What the index files and what it leaves out."""

from __future__ import annotations

from alignment_pipeline_tests.matching import factories


def test_deleted_and_merged_accounts_are_never_matched() -> None:
    base = factories.index({"name": "Quorvex", "is_deleted": True}, {"name": "Quorvex", "merged_into_id": "A9"})

    assert "none" == factories.matched(base, company="Quorvex", email_domain="gmail.com")["decision"]


def test_a_domain_of_many_unlike_accounts_is_shared() -> None:
    rows: list[dict[str, object]] = [
        {"name": name, "website": "agency-sites.com"} for name in ("Quorvex", "Dalmund", "Nimbola", "Verquist", "Tarsopel")
    ]
    base = factories.index(*rows)

    row = factories.matched(base, company="Zelphora", email_domain="agency-sites.com")

    assert "none" == row["decision"]
