"""Fields that name no company."""

from __future__ import annotations

import pytest

from alignment_pipeline.matching.names import junk


@pytest.mark.parametrize(
    ("company", "is_junk", "is_nearly_junk"),
    [
        ("", True, False),
        ("n/a", True, False),
        ("Self-employed", True, False),
        ("Independent Consultant", True, False),
        ("imdependent", False, True),
        ("zzzz", False, True),
        ("84.51", False, True),
        ("3M", False, False),
        ("Independence Holding", False, False),
        ("Quorvex", False, False),
    ],
)
def test_what_names_no_company_is_junk_and_a_misspelling_nearly(company: str, is_junk: bool, is_nearly_junk: bool) -> None:
    assert (is_junk, is_nearly_junk) == (junk.is_junk(company), not is_junk and junk.is_nearly_junk(company))


@pytest.mark.parametrize(
    ("company", "says"), [("Freelance", True), ("student", True), ("自由职业", True), ("n/a", False), ("Quorvex", False)]
)
def test_some_junk_says_that_there_is_no_employer(company: str, says: bool) -> None:
    assert says == junk.says_no_employer(company)
