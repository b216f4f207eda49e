"""What a run says while it goes on."""

import os
import pty
import subprocess
import sys
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


def test_before_the_first_table_it_says_which_systems_are_read() -> None:
    assert {name: milestones.reading(environ) for name, environ in ENVIRONS.items()} == {
        "Salesforce and Marketo": "reading Salesforce and Marketo",
        "HubSpot alone": "reading HubSpot",
        "HubSpot beside": "reading Salesforce and HubSpot",
    }


STEP = """
import os, time
from alignment_pipeline.cli.milestones import milestones
with milestones("Running", {}, first="reading") as report:
    time.sleep(0.3)
    real = os.dup(2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # as Dagster does while a step runs
    report.line("identified: 790 people")
    os.dup2(real, 2)
"""


def test_on_a_terminal_a_line_takes_the_place_of_the_status_although_a_step_has_its_own_stderr() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", STEP], stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while piece := _read(ours):
            shown += piece
    os.close(ours)

    before, _, after = shown.partition(b"   0 s  identified: 790 people")
    assert process.returncode == 0
    assert before.endswith(b"\r\x1b[2K") and b"reading" in before
    assert after


def _read(terminal: int) -> bytes:
    """What the terminal shows next; nothing when the other side is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""
