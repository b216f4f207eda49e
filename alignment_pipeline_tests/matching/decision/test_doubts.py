"""What leaves doubt however alike two names are: another number, one letter of the only word that names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.matching.decision import doubts
from alignment_pipeline_tests.matching import factories


@pytest.mark.parametrize(
    ("account", "company"),
    [
        ("Quorvex Fund III", "Quorvex Fund II"),
        ("Quorvex District 28", "Quorvex District 27"),
        ("First Bank of Quorvex", "Second Bank of Quorvex"),
        ("Studio Seven Quorvex", "Studio Eight Quorvex"),
        ("Lodge 1198", "Lodge 1199"),
        ("Quorvex 2nd Fund", "Quorvex 3rd Fund"),
    ],
)
def test_another_number_is_another_company_unless_a_domain_says_otherwise(account: str, company: str) -> None:
    base = factories.index({"name": account, "website": "quorvex-dalmund.com", "country": "DE"})

    assert "matched" != factories.matched(base, company=company, email_domain="gmail.com", country="DE")["decision"]
    assert "A1" == factories.matched(base, company=company, email_domain="quorvex-dalmund.com")["account_id"]


BODIES = st.sampled_from(["City of", "Bank of", "County of", "Ministry of", "University of", "Port of", "Hospital of"])
WORDS = st.sampled_from(["Marlow", "Kestrel", "Brenholt", "Tarnow", "Velmar", "Ostrand"])


@given(st.sampled_from(["Fund", "District", "Lab", "Local", "Route"]), WORDS, st.integers(1, 20), st.integers(1, 20))
def test_names_that_differ_in_a_number_are_never_matched_and_the_same_number_is(kind: str, word: str, one: int, other: int) -> None:
    base = factories.index({"name": f"{word} {kind} {one}"})

    row = factories.matched(base, company=f"{word} {kind} {other}", email_domain="gmail.com")

    assert (one == other) == (row["decision"] == "matched")


@given(BODIES, WORDS, st.sampled_from("bcfghklmnprstw"))
def test_another_first_letter_of_the_only_naming_word_is_another_body(body: str, word: str, letter: str) -> None:
    other = letter.upper() + word[1:]
    base = factories.index({"name": f"{body} {word}"})

    row = factories.matched(base, company=f"{body} {other}", email_domain="gmail.com")

    assert (other == word) == (row["decision"] == "matched")


@pytest.mark.parametrize(
    ("lead", "account", "is_other"),
    [
        ("city of marlow", "city of barlow", True),
        ("marlow bank", "barlow bank", True),
        ("bank of parma", "bank of palma", True),
        ("general asembly", "general assembly", False),
        ("homes for hsringey", "homes for haringey", False),
        ("motorols solutions", "motorola solutions", False),
        ("quorvex marlow", "quorvex barlow", False),
        ("marlow", "barlow", False),
    ],
)
def test_a_slip_of_the_finger_is_no_other_body(lead: str, account: str, is_other: bool) -> None:
    assert is_other == doubts.is_other_body(lead.split(), account.split())
