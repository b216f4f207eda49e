"""An unknown outcome beside somebody's edit: whether ours arrived is read off the field that rides along, not guessed from the moment."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from alignment_pipeline.agreement.field_map import FieldMapping
from alignment_pipeline.write_back.records.results import write_results
from alignment_pipeline_tests.write_back import portal_office
from alignment_pipeline_tests.write_back.office import Office, lead_id, office

#: How a shared value is sent: one record a call, on condition that nobody changed the record.
_SHARED = {"method": "PATCH", "path": "/(composite|sobjects)"}


def _written(acme: Office, earlier: str | None) -> None:
    """A value of ours from before, if there is one."""
    if earlier:
        acme.want(lead_id(0), Note__c=earlier)
        acme.run()
        acme.advance(minutes=5)


def _unknown(acme: Office, fault: str, **options: float) -> None:
    """Want a shared value, and lose the request on the way (`cut_before`) or have it arrive minutes later (`zombie`)."""
    acme.want(lead_id(0), Note__c="ours")
    acme.fault(fault, **_SHARED, **options)
    assert acme.run(patience_seconds=0).states == {"UNKNOWN": 1}


def _until_there(acme: Office, value: str) -> None:
    for _ in range(200):
        if acme.value(lead_id(0), "Note__c") == value:
            return
        time.sleep(0.05)
    raise AssertionError("the late write never arrived")


@pytest.mark.parametrize("earlier", [None, "ours of last week"])
def test_a_value_that_never_arrived_is_sent_again_though_a_person_edited_another_field(tmp_path: Path, earlier: str | None) -> None:
    with office(tmp_path) as acme:
        _written(acme, earlier)
        _unknown(acme, "cut_before")
        acme.edit(lead_id(0), Company="Renamed Ltd")
        acme.advance(minutes=12)

        acme.run_recovery()
        acme.run()

        assert acme.value(lead_id(0), "Note__c") == "ours"


@pytest.mark.parametrize("earlier", [None, "ours of last week"])
def test_a_value_that_arrived_and_was_taken_back_by_a_person_is_held(tmp_path: Path, earlier: str | None) -> None:
    with office(tmp_path) as acme:
        _written(acme, earlier)
        _unknown(acme, "zombie", seconds=240)
        acme.advance(minutes=5)
        _until_there(acme, "ours")
        acme.edit(lead_id(0), Note__c=earlier)
        acme.advance(minutes=12)

        acme.run_recovery()
        acme.run()

        assert acme.value(lead_id(0), "Note__c") == earlier and acme.states()["HELD"] == 1


def test_a_lifecycle_stage_moves_forward_and_an_earlier_one_that_changes_nothing_is_no_success(tmp_path: Path) -> None:
    """HubSpot acknowledges an earlier stage and keeps the later one: it is reported, and not tried again for ever."""
    stages = ["subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer"]
    mapped = FieldMapping(
        object="Contact", field="lifecyclestage", value="person.stage", type="picklist", label="Stage", values=stages, owner="machine"
    )
    with portal_office.portal_office(tmp_path, chosen=portal_office.agreement(mapped)) as acme:
        one, two = portal_office.contact_id(0), portal_office.contact_id(1)
        for who in (one, two):
            acme.want(who, lifecyclestage="lead")
        assert acme.run().states == {"VERIFIED": 2}
        acme.advance(minutes=5)
        acme.edit(one, lifecyclestage="customer")
        acme.want(two, lifecyclestage="opportunity")
        acme.advance(minutes=5)
        done = acme.run()
        said = {row["record_id"]: row["reason"] for row in write_results(acme.journal).to_pyarrow().to_pylist()}
        acme.advance(days=1)

        assert (acme.value(one, "lifecyclestage"), acme.value(two, "lifecyclestage")) == ("customer", "opportunity")
        assert done.states == {"VERIFIED": 1, "CONFLICT": 1}
        assert "stored another value than was written" in said[one]
        assert acme.plan().plan.skipped == {"held: FLAPPING": 1}
