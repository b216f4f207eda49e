"""What in a company field is the name, and which fields name no company."""

from __future__ import annotations

import pytest

from alignment_pipeline_tests.matching import factories


@pytest.mark.parametrize(
    "company", ["n/a", "N.A.", "-", "self-employed", "Self Employed", "student", "Freelance IT specialist", "imdependent", "xxx", "12345"]
)
def test_fields_that_name_no_company_end_without_account(company: str) -> None:
    base = factories.index({"name": "Independence Health"}, {"name": "Student Loans Corp"}, {"name": "NA Holdings"})

    row = factories.matched(base, company=company, email_domain="gmail.com")

    assert ("none", None) == (row["decision"], row["account_id"])
