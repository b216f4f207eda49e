"""A sandbox that was stopped goes on where it was: records, log and clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox import persistence
from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.marketo import control
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.world import World, sandbox_clock

BEGIN = datetime(2026, 11, 21, 8, tzinfo=UTC)
SIZE = persistence.Size(1, 100, 500, 2500, 60.0)
LEAD = {"Id": "00Q000000000001", "LastName": "Hand", "Company": "Works", "Status": "New", "CreatedDate": BEGIN - timedelta(days=2)}


def world() -> World:
    """As generated from the same numbers."""
    salesforce, marketo = SalesforceStore(), MarketoStore()
    salesforce.load({"Lead": [LEAD]})
    marketo.load(
        [{"id": 1, "email": "a@works.example", "createdAt": "2026-11-01T00:00:00Z"}],
        [{"leadId": 1, "activityTypeId": 1, "activityDate": "2026-11-20T00:00:00Z"}],
    )
    return World(clock=sandbox_clock(BEGIN), faults=Faults(), salesforce=salesforce, marketo=marketo)


def test_what_was_written_is_there_after_the_next_start(tmp_path: Path) -> None:
    first = world()
    person = People(first.salesforce, None)
    (lead,) = first.salesforce.tables["Lead"]
    person.edit(lead, {"Status": "Working"})
    made = person.create("Task", {"Subject": "Call", "WhoId": lead, "Status": "Not Started"})
    control.add_activities(first, [{"leadId": 1, "activityTypeId": 2, "primaryAttributeValue": "Request a demo"}])
    control.edit_lead(first, 1, {"company": "Works Ltd"})
    first.advance(3600)
    persistence.save(first, SIZE, tmp_path / "state.json")

    found = persistence.load(tmp_path / "state.json")
    assert found is not None
    second = world()
    persistence.lay_over(second, found[1])

    assert SIZE == found[0]
    assert first.salesforce.tables["Lead"] == second.salesforce.tables["Lead"]
    assert first.salesforce.tables["Task"][made] == second.salesforce.tables["Task"][made]
    assert first.marketo.leads == second.marketo.leads
    assert len(first.marketo.log) == len(second.marketo.log)
    assert timedelta(0) <= second.clock.now() - (BEGIN + timedelta(hours=1)) < timedelta(minutes=5)
    assert 0o600 == (tmp_path / "state.json").stat().st_mode & 0o777


def test_a_file_that_is_no_state_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}")

    with pytest.raises(ConfigurationError, match=r"state\.json"):
        persistence.load(tmp_path / "state.json")
