"""The clocks that teams promise each other, row by row: what starts each, each thing that stops it, and what does not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline_tests.sla.factories import CHIEF, CONTACT, DEAL, LEAD, MANAGER, OTHER_REP, QUEUE, REP, World, at, rows_of

START = at("2026-11-03T10:00:00")
DISPOSITION, CODE, STATUS = "Alignment_Disposition__c", "Alignment_Reject_Code__c", "Status"
OTHER_QUEUE = "00G000000000002AAA"


def clock(world: World, sla: Sla, crm: Crm, policy: str, **later: float) -> dict[str, object]:
    found = [row for row in rows_of(world.ledger(sla, crm, START + timedelta(**later)).clocks) if row["policy"] == policy]
    assert len(found) == 1, found
    return found[0]


def said(world: World, at_: datetime, field: str, value: str) -> World:
    """A person sets a field of the lead."""
    names = {DISPOSITION: "disposition", CODE: "reject_code", STATUS: "status"}
    lead = world.rows["leads"][0]
    world.change(at_, field, lead.get(names[field]), value)  # type: ignore[arg-type]
    lead[names[field]] = value
    return world


def test_routing_is_done_by_a_named_human_and_by_nothing_else(sla: Sla, crm: Crm) -> None:
    parties = sla.parties.model_copy(update={"system_user_ids": [OTHER_REP]})
    world = World().lead(owner=REP).hand_raise(START)
    world.change(START + timedelta(seconds=10), "OwnerId", QUEUE, OTHER_QUEUE)
    world.change(START + timedelta(seconds=20), "OwnerId", OTHER_QUEUE, OTHER_REP)
    world.change(START + timedelta(seconds=90), "OwnerId", OTHER_REP, REP)

    found = clock(world, sla.model_copy(update={"parties": parties}), crm, "routing", hours=1)

    assert (found["state"], found["stopped_at"]) == ("met_late", START + timedelta(seconds=90))
    assert (found["system_minutes"], found["sales_minutes"]) == (1.5, 0.0)


def test_a_disposition_answers_a_hand_raise_as_a_touch_does(sla: Sla, crm: Crm) -> None:
    world = said(World().lead().hand_raise(START), START + timedelta(minutes=4), DISPOSITION, "Deferred")

    assert clock(world, sla, crm, "first_touch_hand_raiser", hours=1)["stop_event"] == "disposition"


def test_speed_to_lead_counts_from_the_hand_raise_and_first_touch_from_the_assignment(sla: Sla, crm: Crm) -> None:
    world = World().lead(owner=REP).hand_raise(START).touch(START + timedelta(minutes=9))
    world.change(START + timedelta(minutes=6), "OwnerId", QUEUE, REP)

    speed, touch = (clock(world, sla, crm, name, hours=1) for name in ("speed_to_lead", "first_touch_hand_raiser"))

    assert (speed["elapsed_minutes"], speed["system_minutes"], speed["sales_minutes"]) == (9.0, 6.0, 3.0)
    assert (touch["elapsed_minutes"], speed["state"], touch["state"]) == (3.0, "met_late", "met")


@pytest.mark.parametrize(
    ("field", "value", "stop"),
    [(DISPOSITION, "Accepted", "accepted"), (STATUS, "Working - Contacted", "accepted"), (DISPOSITION, "Deferred", None)],
)
def test_a_handover_is_accepted_by_disposition_or_status(sla: Sla, crm: Crm, field: str, value: str, stop: str | None) -> None:
    world = said(World().lead().stage(START, "MQL"), START + timedelta(hours=2), field, value)

    assert clock(world, sla, crm, "accept_or_reject", days=3)["stop_event"] == stop


@pytest.mark.parametrize("outcome", ["opportunity", "deferred", "pushed back", "nothing"])
def test_qualification_has_seven_days_and_three_outcomes(sla: Sla, crm: Crm, outcome: str) -> None:
    world, later = World().lead().stage(START, "MQL"), START + timedelta(days=3)
    if outcome == "opportunity":
        world.contact(person=f"lead:{LEAD}", created=later).deal(created=later)
        world.add("opportunity_contact_roles", role_id="00K1", opportunity_id=DEAL, contact_id=CONTACT, created_at=later)
    elif outcome == "deferred":
        said(world, later, DISPOSITION, "Deferred")
    elif outcome == "pushed back":
        said(world, later, DISPOSITION, "Rejected")

    found = clock(world, sla, crm, "qualification", days=8)

    assert found["due_at"] == START + timedelta(days=7)
    assert (found["state"], found["stopped_at"]) == (("breached", None) if outcome == "nothing" else ("met", later))


@pytest.mark.parametrize(("days", "state"), [(3, "met"), (9, "met_late"), (None, "breached")])
def test_the_account_executive_has_a_week_from_the_sales_lead(sla: Sla, crm: Crm, days: int | None, state: str) -> None:
    world = said(World().lead(), START, DISPOSITION, "Qualified")
    if days is not None:
        said(said(world, START + timedelta(days=days), DISPOSITION, "Rejected"), START + timedelta(days=days), CODE, "Wrong size")

    found = clock(world, sla, crm, "ae_conversion", days=12)

    assert (found["started_at"], found["due_at"], found["state"]) == (START, START + timedelta(days=7), state)


@pytest.mark.parametrize(("last", "state"), [(13, "met"), (15, "met_late")])
def test_six_attempts_count_inside_the_window(sla: Sla, crm: Crm, last: int, state: str) -> None:
    world = World().lead().hand_raise(START)
    for number in range(5):
        world.touch(START + timedelta(hours=1 + number))
    world.touch(START + timedelta(days=last))

    assert clock(world, sla, crm, "persistence", days=20)["state"] == state


@pytest.mark.parametrize(("stage", "state"), [("Recycled", "met"), ("Opportunity", "met"), ("Sales Lead", "breached")])
def test_an_accepted_lead_moves_on_or_goes_back_within_thirty_days(sla: Sla, crm: Crm, stage: str, state: str) -> None:
    world = World().lead().stage(START, "Sales Lead")
    world = world.stage(START + timedelta(days=29), stage) if stage != "Sales Lead" else world

    assert clock(world, sla, crm, "post_accept_ageing", days=31)["state"] == state


def test_waiting_for_the_customer_pauses_up_to_its_cap(sla: Sla, crm: Crm) -> None:
    pauses = sla.pauses.model_copy(update={"waiting_cap_hours": 48.0})
    world = said(World().lead().stage(START, "MQL"), START + timedelta(days=1), STATUS, "Waiting on Customer")
    chosen = sla.model_copy(update={"pauses": pauses})

    waiting, over = (clock(world, chosen, crm, "qualification", days=days) for days in (2, 4))

    assert (waiting["state"], waiting["paused_minutes"]) == ("paused", 1_440.0)
    assert (over["state"], over["paused_minutes"], over["due_at"]) == ("pending", 2_880.0, START + timedelta(days=9))


def test_hours_can_be_read_where_the_lead_lives(sla: Sla, crm: Crm) -> None:
    policies = [policy.model_copy(update={"zone": "lead"}) for policy in sla.policies if policy.name == "speed_to_lead"]
    world = World().person(f"lead:{LEAD}", country="Germany").lead().hand_raise(START)

    found = clock(world, sla.model_copy(update={"policies": policies}), crm, "speed_to_lead", minutes=1)

    # ten in New York is four in the afternoon in Berlin
    assert (found["time_zone"], found["due_at"]) == ("Europe/Berlin", START + timedelta(minutes=5))


def test_a_lunch_break_is_no_business_time_and_both_durations_are_kept(sla: Sla, crm: Crm) -> None:
    policies = [policy.model_copy(update={"calendar": "inside_sales_hours"}) for policy in sla.policies if policy.name == "speed_to_lead"]
    world = World().lead().hand_raise(at("2026-11-03T11:58:00")).touch(at("2026-11-03T13:02:00"))

    found = clock(world, sla.model_copy(update={"policies": policies}), crm, "speed_to_lead", hours=6)

    assert (found["due_at"], found["state"]) == (at("2026-11-03T13:03:00"), "met")
    assert (found["elapsed_minutes"], found["raw_minutes"]) == (4.0, 64.0)


def test_the_published_ladder_is_one_day_the_rep_two_the_manager_three_the_executive(sla: Sla, crm: Crm) -> None:
    """Marketo's own: the value must change in 24 h; then a reminder, after 48 h the manager too, after 72 h the chief; each once."""
    stops = [{"event": "disposition"}]
    policy = {"name": "day", "title": "Day", "trigger": {"event": "activity"}, "stops": stops, "target": {"hours": 24}, "time": "calendar"}
    chosen = Sla.model_validate(sla.model_dump() | {"policies": [policy | {"ladder": "sales"}]})
    world = World().lead().hand_raise(START)
    told: dict[object, tuple[object, object]] = {}
    for hours in range(0, 100, 6):
        for row in rows_of(world.ledger(chosen, crm, START + timedelta(hours=hours)).escalations):
            if row["state"] == "due":
                told.setdefault(row["escalation_id"], (hours, row["task_owner_id"]))

    assert list(told.values()) == [(30, REP), (54, MANAGER), (78, CHIEF)]
