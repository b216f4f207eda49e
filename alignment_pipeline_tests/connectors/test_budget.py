"""A whole small organisation: every record of every object is read, within the calls that the demo may spend."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alignment_pipeline.connectors.marketo.extraction import MarketoExtraction
from alignment_pipeline.connectors.salesforce.extraction import SalesforceExtraction
from alignment_pipeline.connectors.streams import StreamState
from alignment_pipeline.contracts.systems.marketo import MARKETO
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.marketo.settings import MarketoSettings
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.organisation.organisation import ANCHOR, Organisation, generate
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.server import Sandbox
from alignment_pipeline.sandbox.world import World, sandbox_clock
from alignment_pipeline_tests.connectors.served import Served, rows_of

FULL_SALESFORCE, FULL_MARKETO, NOTHING_NEW = 90, 120, 30
# what an organisation with one currency has
ORDINARY = [stream for stream in SALESFORCE.streams if stream.only_with is None]


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return generate(seed=3, accounts=200, people=800, activities=6_000)


@pytest.fixture
def demo(organisation: Organisation) -> Iterator[Served]:
    world = World(sandbox_clock(ANCHOR, base=lambda: 1_000_000.0), Faults(), SalesforceStore(), MarketoStore(MarketoSettings()))
    world.salesforce.load(organisation.salesforce)
    world.marketo.load(
        organisation.marketo_leads, organisation.marketo_activities, organisation.marketo_activity_types, organisation.marketo_deleted_leads
    )
    with Sandbox(world) as sandbox:
        yield Served(sandbox, world)


def test_all_of_salesforce_is_read_and_then_nothing(demo: Served) -> None:
    # A threshold of 300 sends as many objects through Bulk as 8,000 does in the organisation of full size.
    first = SalesforceExtraction(demo.salesforce(), bulk_rows_from=300)
    states: dict[str, StreamState] = {}
    for reading in first.readings(ORDINARY):
        found = {row["record_id"] for row in rows_of(reading)}
        states[reading.stream.object] = reading.report.state
        table = demo.world.salesforce.tables[reading.stream.object]
        living = {identity for identity, record in table.items() if not record.get("IsDeleted")}
        # What was deleted more than 15 days ago has left the recycle bin, and with it every query.
        assert living <= found <= set(table), reading.stream.object
        assert "census differs" not in str(reading.report.note)
    assert first.session.counter.by_endpoint["bulk query create"] >= 5
    assert first.session.counter.total <= FULL_SALESFORCE
    assert first.session.counter.total == demo.world.calls.total("salesforce")

    demo.world.advance(3_600)
    again = SalesforceExtraction(demo.salesforce(), states)
    assert sum(len(rows_of(reading)) for reading in again.readings(ORDINARY)) <= 3, "users and the organisation, stamped at start"
    assert again.session.counter.total <= 5


def test_all_of_marketo_is_read_and_then_little(demo: Served, organisation: Organisation) -> None:
    first = MarketoExtraction(demo.marketo())
    states: dict[str, StreamState] = {}
    found: dict[str, set[str]] = {}
    for reading in first.readings(MARKETO.streams):
        rows = rows_of(reading)
        found[reading.stream.object] = {row["record_id"] for row in rows if not row["is_deleted"]}
        states[reading.stream.object] = reading.report.state
        assert len(rows) == len({(row["record_id"], row["is_deleted"], row.get("mergedInto")) for row in rows}), reading.stream.object
    source = organisation.marketo_activities
    guids = {str(one["marketoGUID"]) for one in (source() if callable(source) else source)}
    assert found["leads"] == {str(one) for one in demo.world.marketo.leads}
    assert found["activities"] == guids
    assert first.session.counter.total <= FULL_MARKETO

    demo.world.advance(3_600)
    again = MarketoExtraction(demo.marketo(), states)
    new = {reading.stream.object: {row["record_id"] for row in rows_of(reading)} for reading in again.readings(MARKETO.streams)}
    assert new["activities"] <= found["activities"]
    assert again.session.counter.total <= NOTHING_NEW - 5, "together with Salesforce a run with nothing new stays below 30"
