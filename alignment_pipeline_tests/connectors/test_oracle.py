"""After any history of edits, deletions, merges, late commits and faults, the latest raw rows say what the source says."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from alignment_pipeline.connectors.marketo.extraction import MarketoExtraction
from alignment_pipeline.connectors.salesforce.extraction import SalesforceExtraction
from alignment_pipeline.connectors.streams import StreamState
from alignment_pipeline.errors import AlignmentError
from alignment_pipeline.sandbox.marketo.control import add_activities, edit_lead
from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline_tests.connectors.served import STREAMS, Served, leads, people, rows_of

FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("answer", {"status": 503, "body": "", "count": 2}),
    ("truncate", {"count": 1}),
    ("expire_token", {"count": 1}),
    ("html", {"status": 503, "count": 1}),
    ("cut_before", {"count": 1}),
    ("answer", {"status": 503, "body": "", "count": 40}),
)


class Raw:
    """What the warehouse would hold: every version once; the latest of a record by stamp, then by when it was learned."""

    def __init__(self) -> None:
        self.versions: dict[tuple[Any, ...], Mapping[str, Any]] = {}
        self.state: StreamState | None = None
        self.failures = 0

    def read(self, open_reading: Callable[[dict[str, StreamState]], Any]) -> None:
        """One run: all of it is kept, or nothing."""
        states = {self.state.stream: self.state} if self.state is not None else {}
        try:
            reading = open_reading(states)
            rows = rows_of(reading)
        except AlignmentError:
            self.failures += 1
            return
        for row in rows:
            key = (row["record_id"], row["modified_at"], row["row_hash"], row["is_deleted"])
            self.versions.setdefault(key, row)
        self.state = reading.report.state

    def latest(self) -> dict[str, Mapping[str, Any]]:
        """record_id -> the row that stands."""
        order = sorted(self.versions.values(), key=lambda row: (row["modified_at"], row["known_at"], row["row_hash"]))
        return {row["record_id"]: row for row in order}


def _crm_act(dice: random.Random, person: People, world: Served) -> None:
    """One thing that people do to leads."""
    table = world.world.salesforce.tables["Lead"]
    living = sorted(identity for identity, record in table.items() if not record.get("IsDeleted"))
    deleted = sorted(identity for identity, record in table.items() if record.get("IsDeleted") and not record.get("MasterRecordId"))
    act = dice.choice(["create", "edit", "edit", "edit", "late", "delete", "undelete", "merge"])
    if act == "create" or len(living) < 5:
        person.create("Lead", {"LastName": f"N{dice.random()}", "Company": "New"})
    elif act == "edit":
        person.edit(dice.choice(living), {"Title": f"T{dice.randrange(1000)}"})
    elif act == "late":
        person.edit(dice.choice(living), {"Title": f"L{dice.randrange(1000)}"}, visible_after_seconds=dice.choice([30, 300, 800]))
    elif act == "delete":
        person.delete(dice.choice(living))
    elif act == "undelete" and deleted:
        person.undelete(dice.choice(deleted))
    elif act == "merge":
        winner, loser = dice.sample(living, 2)
        person.merge(winner, [loser])


def _read_leads(raw: Raw, world: Served, **options: Any) -> None:
    raw.read(lambda states: SalesforceExtraction(world.salesforce(), states, **options).readings([STREAMS["Lead"]])[0])


@pytest.mark.parametrize("seed", range(6))
def test_salesforce_rows_end_as_the_organisation(world: Served, seed: int) -> None:
    dice = random.Random(seed)
    world.world.salesforce.load({"Lead": leads(60)})
    person, raw = People(world.world.salesforce), Raw()
    for _ in range(12):
        for _ in range(dice.randrange(8)):
            _crm_act(dice, person, world)
            world.world.advance(dice.choice([0, 1, 20, 400]))
        if dice.random() < 0.5:
            kind, options = dice.choice(FAULTS)
            world.fault(kind, system="salesforce", **options)
        _read_leads(raw, world, bulk_rows_from=dice.choice([1, 10**9]))
        world.world.faults.clear()
        world.world.advance(dice.choice([5, 90, 3_600]))
    world.world.advance(1_000)
    _read_leads(raw, world)
    expected = {
        identity: (bool(record.get("IsDeleted")), record.get("Title"), record.get("MasterRecordId"))
        for identity, record in world.world.salesforce.tables["Lead"].items()
    }

    assert {identity: (row["is_deleted"], row["Title"], row["MasterRecordId"]) for identity, row in raw.latest().items()} == expected
    assert raw.failures < 13


@pytest.mark.parametrize("seed", range(3))
def test_marketo_rows_end_as_the_subscription(world: Served, seed: int) -> None:
    dice = random.Random(seed)
    world.world.marketo.load(people(20))
    found: dict[str, Raw] = {"leads": Raw(), "activities": Raw()}
    guids: set[str] = set()
    for turn in range(8):
        for number in range(dice.randrange(6)):
            edit_lead(world.world, dice.randrange(1, 21), {"title": f"T{dice.randrange(1000)}"})
            guid = f"{turn}-{number}"
            guids.add(guid)
            late = dice.choice([0, 0, 60, 3_000])
            add_activities(world.world, [{"leadId": 1, "activityTypeId": 1, "marketoGUID": guid}], late_seconds=late)
            world.world.advance(dice.choice([0, 1, 20, 400]))
        if dice.random() < 0.5:
            kind, options = dice.choice(FAULTS)
            world.fault(kind, system="marketo", **options)
        for name, raw in found.items():
            raw.read(lambda states, name=name: MarketoExtraction(world.marketo(), states, activity_days=20).readings([STREAMS[name]])[0])
        world.world.faults.clear()
        world.world.advance(dice.choice([5, 90, 3_600, 90_000]))
    world.world.advance(3_100)
    for name, raw in found.items():
        raw.read(lambda states, name=name: MarketoExtraction(world.marketo(), states, activity_days=20).readings([STREAMS[name]])[0])
    seen = {row["marketoGUID"] for row in found["activities"].versions.values()}
    titles = {str(lead.lead_id): lead.values.get("title") for lead in world.world.marketo.leads.values()}

    assert guids <= seen
    assert {identity: row["title"] for identity, row in found["leads"].latest().items()} == titles
