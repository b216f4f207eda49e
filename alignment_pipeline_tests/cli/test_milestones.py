"""What a run says while it goes on."""

import time

import pytest

from alignment_pipeline.cli import milestones
from alignment_pipeline.cli.milestones import Milestones
from alignment_pipeline.contracts import CONTRACTS

USUAL = {"SALESFORCE_DOMAIN": "acme.my.salesforce.com", "MARKETO_DOMAIN": "123-ABC-456.mktorest.com"}
ENVIRONS = {
    "Salesforce and Marketo": USUAL,
    "HubSpot alone": {"HUBSPOT_ACCESS_TOKEN": "pat"},
    "HubSpot beside": {"SALESFORCE_DOMAIN": "acme.my.salesforce.com", "HUBSPOT_ACCESS_TOKEN": "pat"},
}


def test_a_part_is_said_once_when_all_of_its_tables_are_there() -> None:
    said: list[str] = []
    told = Milestones(said.append, time.monotonic() - 12, milestones.parts(USUAL))

    for table, rows in (("raw_marketo_leads", 18_000), ("raw_marketo_activities", 300_000), ("raw_marketo_activities", 300_001)):
        told(table, rows)
    told("sla_clocks", 7)

    assert said == ["  12 s  new in Marketo: 18,000 people, 300,000 activities"]


def test_systems_go_by_their_own_names() -> None:
    titles = {name: [title for title, _ in milestones.parts(environ) if title.startswith("new in")] for name, environ in ENVIRONS.items()}

    assert titles == {
        "Salesforce and Marketo": ["new in Salesforce", "new in Marketo"],
        "HubSpot alone": ["new in HubSpot"],
        "HubSpot beside": ["new in Salesforce", "new in HubSpot"],
    }


@pytest.mark.parametrize("name", ENVIRONS)
def test_every_part_names_tables_that_are_published(name: str) -> None:
    named = {table for _, words in milestones.parts(ENVIRONS[name]) for table in words}

    assert set() == named - CONTRACTS.keys()


@pytest.mark.parametrize("name", ENVIRONS)
def test_a_line_fits_eighty_columns(name: str) -> None:
    said: list[str] = []
    parts = milestones.parts(ENVIRONS[name])
    told = Milestones(said.append, parts=parts)
    for _, words in parts:
        for table in words:
            told(table, 99_999)

    assert len(said) == len(parts)
    assert [] == [line for line in said if len(line) > 80]
