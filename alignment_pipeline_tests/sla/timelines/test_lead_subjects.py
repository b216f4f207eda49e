"""Each lead record with a clock of its own: whose lead an event is, and what ends it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline_tests.sla.factories import CONTACT, LEAD, OTHER_REP, QUEUE, REP, World, at, rows_of

START = at("2026-11-18T10:00:00")
SECOND = "00Q000000000002AAA"
ADA = f"lead:{LEAD}"


def policy(subject: str = "lead", **more: Any) -> Sla:
    usual = {"name": "p", "title": "P", "subject": subject, "trigger": {"event": "activity"}, "stops": [{"event": "touch"}],
             "target": {"hours": 1}, "time": "calendar"}  # fmt: skip
    return Sla.model_validate({"calendars": [], "policies": [usual | more]})


def clocks(world: World, crm: Crm, sla: Sla, hours: float = 48) -> list[dict[str, object]]:
    return rows_of(world.ledger(sla, crm, START + timedelta(hours=hours)).clocks)


def two_leads() -> World:
    """Ada's lead of long ago, and one that she made yesterday, owned by somebody else."""
    return World().lead().lead(SECOND, person=ADA, owner=OTHER_REP, created=START - timedelta(days=1))


def test_a_person_with_two_leads_has_one_clock_and_each_lead_has_its_own(crm: Crm) -> None:
    world = two_leads().hand_raise(START).hand_raise(START, source=f"lead:{SECOND}")
    of_person, of_leads = clocks(world, crm, policy("person")), clocks(world, crm, policy())

    assert [(row["subject_id"], row["person_id"]) for row in of_person] == [(ADA, ADA)]
    assert {(row["subject_id"], row["person_id"], row["owner_id"], row["object"], row["record_id"]) for row in of_leads} == {
        (LEAD, ADA, REP, "Lead", LEAD),
        (SECOND, ADA, OTHER_REP, "Lead", SECOND),
    }


def test_what_marketing_saw_counts_for_the_lead_that_was_the_latest_then(crm: Crm) -> None:
    world = two_leads().add("person_records", source_key="marketo:7", person_id=ADA, object="Marketo", record_id="7", is_alive=True)
    world.hand_raise(START - timedelta(days=3), source="marketo:7").hand_raise(START, source="marketo:7")
    assert {(row["subject_id"], row["trigger_at"]) for row in clocks(world, crm, policy())} == {
        (LEAD, START - timedelta(days=3)),
        (SECOND, START),
    }


def test_a_call_with_one_lead_answers_that_one(crm: Crm) -> None:
    world = two_leads().hand_raise(START).hand_raise(START, source=f"lead:{SECOND}")
    world.touch(START + timedelta(minutes=10), source=f"lead:{SECOND}")
    assert {row["subject_id"]: row["state"] for row in clocks(world, crm, policy(), hours=0.5)} == {LEAD: "pending", SECOND: "met"}


def test_a_conversion_ends_the_lead_s_clock_and_not_the_person_s(crm: Crm) -> None:
    moment = START + timedelta(minutes=30)
    converted = {"is_converted": True, "converted_at": moment, "converted_contact_id": CONTACT, "modified_at": moment}
    world = World().lead(**converted).contact(person=ADA, created=moment).hand_raise(START)
    assert [row["state"] for row in clocks(world, crm, policy(), hours=0.9)] == ["cancelled"]
    assert [row["state"] for row in clocks(world, crm, policy("person"), hours=0.9)] == ["at_risk"]


def test_a_lead_in_a_queue_has_a_clock_where_the_agreement_says_so(crm: Crm) -> None:
    world = World().lead(owner=QUEUE).hand_raise(START)
    (clock,) = clocks(world, crm, policy(), hours=0.5)

    assert (clock["state"], clock["system_minutes"], clock["sales_minutes"]) == ("pending", 30.0, 0.0)
    assert clocks(world, crm, policy(start="assignment"), hours=0.5) == []


def test_a_stage_is_the_latest_lead_s(crm: Crm) -> None:
    world = two_leads().stage(START, "MQL", person=ADA)
    sla = policy(trigger={"event": "stage_entered", "stages": ["MQL"]})
    assert [row["subject_id"] for row in clocks(world, crm, sla)] == [SECOND]


def test_a_hand_raise_is_of_the_person_whose_the_record_was(crm: Crm) -> None:
    """Marketing's one record of a job changer: the old lead's clock stays with the old lead, the new one's with the new one."""
    world = World().lead().lead(SECOND, created=START - timedelta(days=1))
    world.add("person_records", source_key="marketo:7", person_id=f"lead:{SECOND}", object="Marketo", record_id="7", is_alive=True)
    for person, since in ((ADA, START - timedelta(days=900)), (f"lead:{SECOND}", START - timedelta(days=1))):
        world.add("record_periods", source_key="marketo:7", from_at=since, person_id=person, decided_by=person)
    world.hand_raise(START - timedelta(days=3), source="marketo:7").hand_raise(START, source="marketo:7")
    of_people = {(row["subject_id"], row["trigger_at"]) for row in clocks(world, crm, policy("person"))}
    of_leads = {(row["subject_id"], row["trigger_at"]) for row in clocks(world, crm, policy())}

    assert of_people == {(ADA, START - timedelta(days=3)), (f"lead:{SECOND}", START)}
    assert of_leads == {(LEAD, START - timedelta(days=3)), (SECOND, START)}
