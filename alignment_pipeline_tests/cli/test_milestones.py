"""What a run says while it goes on."""

import time

from alignment_pipeline.cli import milestones
from alignment_pipeline.cli.milestones import Milestones
from alignment_pipeline.contracts import CONTRACTS


def test_a_part_is_said_once_when_all_of_its_tables_are_there() -> None:
    said: list[str] = []
    told = Milestones(said.append, begun=time.monotonic() - 12)

    for table, rows in (("raw_marketo_leads", 18_000), ("raw_marketo_activities", 300_000), ("raw_marketo_activities", 300_001)):
        told(table, rows)
    told("sla_clocks", 7)

    assert said == ["  12 s  new in Marketo: 18,000 people, 300,000 activities"]


def test_every_part_names_tables_that_are_published() -> None:
    named = {table for _, words in milestones.PARTS for table in words}

    assert set() == named - CONTRACTS.keys()


def test_a_line_fits_eighty_columns() -> None:
    said: list[str] = []
    told = Milestones(said.append)
    for _, words in milestones.PARTS:
        for table in words:
            told(table, 99_999)

    assert len(said) == len(milestones.PARTS)
    assert [] == [line for line in said if len(line) > 80]
