"""Duplicates are reported with the reason, never merged."""

from __future__ import annotations

from alignment_pipeline.matching.blocking import duplicates
from alignment_pipeline_tests.matching import factories


def test_accounts_of_one_company_are_grouped_with_the_reason() -> None:
    base = factories.index(
        {"name": "Quorvex Inc.", "website": "quorvex.com"},
        {"name": "Quorvex (Germany)", "website": "www.quorvex.com/de"},
        {"name": "Quorvex", "website": "quorvex.de"},
        {"name": "Dalmund", "website": "trydalmund.com"},
        {"name": "Dalmund", "website": "getdalmund.io"},
    )

    rows = duplicates.account_duplicates(base).to_pylist()

    assert [("A1", "A1"), ("A1", "A2"), ("A1", "A3")] == [(row["group_id"], row["account_id"]) for row in rows]
    assert "same site and name" in rows[1]["reason"]
    assert "another ending" in rows[2]["reason"] or "another ending" in rows[0]["reason"]


def test_leads_of_one_person_are_grouped_across_reasons() -> None:
    leads = factories.leads(
        {"email": "Ann.Lee+crm@gmail.com", "first_name": "Ann", "last_name": "Lee", "phone": "", "company": "Quorvex"},
        {"email": "annlee@googlemail.com", "first_name": "A.", "last_name": "Lee", "phone": "+1 415 555 0100", "company": ""},
        {"email": "", "first_name": "", "last_name": "LEE", "phone": "(415) 555-0100", "company": ""},
        {"email": "ann@quorvex.com", "first_name": "ann", "last_name": "lee", "phone": "", "company": "Quorvex, Inc."},
        {"email": "bob@quorvex.com", "first_name": "Bob", "last_name": "Lee", "phone": "", "company": "Quorvex"},
    )

    rows = duplicates.lead_duplicates(leads).to_pylist()

    assert ["L1", "L2", "L3", "L4"] == [row["lead_id"] for row in rows]
    assert {4} == {row["records"] for row in rows}
    assert "same mailbox" in rows[0]["reason"]
