"""What in a company field is the name, and which fields name no company."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.matching.names import names
from alignment_pipeline_tests.matching import factories


@pytest.mark.parametrize(
    "company", ["n/a", "N.A.", "-", "self-employed", "Self Employed", "student", "Freelance IT specialist", "imdependent", "xxx", "12345"]
)
def test_fields_that_name_no_company_end_without_account(company: str) -> None:
    base = factories.index({"name": "Independence Health"}, {"name": "Student Loans Corp"}, {"name": "NA Holdings"})

    row = factories.matched(base, company=company, email_domain="gmail.com")

    assert ("none", None) == (row["decision"], row["account_id"])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Smith &amp; Jones Tools", "Smith & Jones Tools"),
        ("O&#039;Brien Haulage", "O'Brien Haulage"),
        ("M&uuml;ller Werkzeugbau", "Müller Werkzeugbau"),
        ("Smith &amp;amp; Jones", "Smith & Jones"),
        ("Caf&#xE9; Quorvex", "Café Quorvex"),
        ("Quorvex&trade;", "Quorvex"),
        ("Quorvex®", "Quorvex"),
    ],
)
def test_entities_and_signs_are_read_as_what_they_stand_for(typed: str, meant: str) -> None:
    assert [form.core for form in names.forms(meant)] == [form.core for form in names.forms(typed)]
    assert "matched" == factories.matched(factories.index({"name": f"{meant} GmbH"}), company=typed)["decision"]


@given(st.text(alphabet="abcdeéüñß&'<>\"", min_size=1, max_size=12))
def test_a_name_and_its_html_are_one(name: str) -> None:
    assert names.forms(name) == names.forms(html.escape(name))


def test_an_ampersand_alone_is_no_entity() -> None:
    assert ("r", "and", "d", "and", "copy") == names.forms("R&D&copy")[0].core


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("Fund III", (3,)),
        ("3rd Fund", (3,)),
        ("Third Fund", (3,)),
        ("84.51", (84, 51)),
        ("4loops", (4,)),
        ("Four Loops", (4,)),
        ("Acme", ()),
    ],
)
def test_a_number_is_one_however_it_is_written(name: str, numbers: tuple[int, ...]) -> None:
    assert numbers == names.numbers(names.forms(name)[0])
