"""Seniority and function are read out of titles in the languages of the shipped agreement."""

from __future__ import annotations

import pytest

from alignment_pipeline.scoring.titles import TitleReader, normalise
from alignment_pipeline_tests.scoring.agreements import shipped

READER = TitleReader(shipped().scoring.personas)


@pytest.mark.parametrize(
    ("title", "seniority", "function"),
    [
        ("CEO", "c_level", "executive"),
        ("C.E.O.", "c_level", "executive"),
        ("Chief Marketing Officer", "c_level", "marketing"),
        ("Vice President of Sales", "vp", "sales"),
        ("SVP, Global Marketing", "vp", "marketing"),
        ("Director of IT", "director", "it"),
        ("Marketing Manager", "manager", "marketing"),
        ("Account Manager", "individual", "sales"),
        ("Assistant to the CEO", "individual", "executive"),
        ("Salesforce Administrator", "individual", "it"),
        ("Geschäftsführer", "c_level", "executive"),
        ("GESCHAEFTSFUEHRER", "c_level", "executive"),
        ("Leiterin Vertrieb", "director", "sales"),
        ("Marketingleiter", "director", "marketing"),
        ("Teamleiter Systemadministration", "manager", "it"),
        ("Directeur général", "c_level", "executive"),
        ("Directeur général adjoint", "vp", "executive"),
        ("Responsable marketing", "manager", "marketing"),
        ("Vicepresidenta de Marketing", "vp", "marketing"),
        ("Diretor de Vendas", "director", "sales"),
        ("Amministratore Delegato", "c_level", "executive"),
        ("営業部長", "director", "sales"),
        ("代表取締役社長", "c_level", "executive"),
        ("首席技术官", "c_level", "it"),
        ("  ", None, None),
        (None, None, None),
    ],
)
def test_titles_are_read(title: str | None, seniority: str | None, function: str | None) -> None:
    found = READER.read(title)

    assert (found.seniority, found.function) == (seniority, function)


def test_accents_case_and_punctuation_do_not_count() -> None:
    assert normalise("  DIRECTEUR-Général, (EMEA) ") == "directeur general emea"
