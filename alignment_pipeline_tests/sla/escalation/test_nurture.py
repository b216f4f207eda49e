"""People whom sales gave back reach nurture, and leave it again."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.sla.escalation import nurture
from alignment_pipeline_tests.sla.factories import World, at, rows_of

NOW = at("2026-11-18T10:00:00")


def told(world: World, *fields: str, object_: str = "MarketoLead", type_: str = "text") -> dict[str, object]:
    mappings = [{"object": object_, "field": field, "value": "person.nurture", "type": type_, "label": "L"} for field in fields]
    terms = {"sla": Sla(), "crm": Crm.model_validate({"fields": mappings}), "as_of": NOW, "agreement_version": "test"}
    sources = world.sources()
    rows = rows_of(nurture.nurture_updates(sources.people, sources.person_stage_changes, **terms))
    assert {row["field"] for row in rows} <= set(fields)
    return {str(row["record_id"]): json.loads(str(row["value"])) for row in rows}


def test_who_is_back_with_marketing_is_named_with_the_code_and_who_left_is_cleared() -> None:
    world = World()
    for number, (stages, code) in enumerate(
        [(["MQL", "Recycled"], "Wrong size"), (["Recycled", "MQL"], None), (["MQL"], None), (["Recycled"], None)]
    ):
        world.person(f"marketo:{number}", marketing_key=f"marketo:{number}", reject_code=code)
        for hour, stage in enumerate(stages):
            world.stage(NOW - timedelta(hours=9 - hour), stage, person=f"marketo:{number}")

    assert told(world, "recycled") == {"0": "Recycled: Wrong size", "1": None, "3": "Recycled"}


def test_without_a_field_or_for_people_not_to_be_written_nothing_is() -> None:
    world = (
        World()
        .person("marketo:1", marketing_key="marketo:1", is_do_not_sync=True)
        .stage(NOW - timedelta(hours=1), "Recycled", person="marketo:1")
    )

    assert told(world, "recycled") == {}
    assert told(World().person("marketo:1", marketing_key="marketo:1").stage(NOW, "Recycled", person="marketo:1")) == {}


def test_a_contact_is_told_where_the_crm_itself_does_the_nurturing() -> None:
    world = World()
    world.person("contact:1", marketing_key="hubspot:1", contact_id="003000000000000001", reject_code="Wrong size")
    world.person("hubspot:2", marketing_key="hubspot:2")
    for person in ("contact:1", "hubspot:2"):
        world.stage(NOW - timedelta(hours=1), "Recycled", person=person)

    assert told(world, "nurture", object_="Contact") == {"003000000000000001": "Recycled: Wrong size"}
    assert told(world, "recycled") == {}, "another system's people are not Marketo's"


def test_in_a_list_a_person_is_or_is_not() -> None:
    world = World()
    for number, stages in enumerate([["Recycled"], ["Recycled", "MQL"]]):
        world.person(
            f"hubspot:{number}", marketing_key=f"hubspot:{number}", contact_id=f"00300000000000000{number}", reject_code="Wrong size"
        )
        for hour, stage in enumerate(stages):
            world.stage(NOW - timedelta(hours=9 - hour), stage, person=f"hubspot:{number}")

    assert told(world, "nurture", object_="Contact", type_="list") == {"003000000000000000": True, "003000000000000001": False}


def test_a_list_is_for_nurture_of_contacts_only() -> None:
    line = {"object": "Contact", "field": "nurture", "value": "person.nurture", "type": "list", "label": "L"}
    for wrong in ({"object": "MarketoLead"}, {"value": "person.stage"}, {"field": "Nurture__c"}, {"owner": "shared"}):
        with pytest.raises(ValueError, match="list"):
            Crm.model_validate({"fields": [line | wrong]})
