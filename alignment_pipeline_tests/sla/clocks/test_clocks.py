"""The cases that people argue about, one test each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline_tests.sla.factories import ACCOUNT, CONTACT, DEAL, LEAD, OTHER_REP, QUEUE, REP, World, at, rows_of

Row = dict[str, object]
TOUCH = "first_touch_hand_raiser"


def clock(world: World, sla: Sla, crm: Crm, as_of: datetime, policy: str = TOUCH, **options: object) -> Row:
    found = [row for row in rows_of(world.ledger(sla, crm, as_of, **options).clocks) if row["policy"] == policy]  # type: ignore[arg-type]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-11-20T16:58:00", "2026-11-23T09:03:00"),  # Friday to Monday
        ("2026-09-04T16:58:00", "2026-09-08T09:03:00"),  # Monday is Labor Day
        ("2026-03-06T16:58:00", "2026-03-09T09:03:00"),  # clocks go forward on Sunday
        ("2026-10-30T16:58:00", "2026-11-02T09:03:00"),  # and back
        ("2026-11-18T16:55:00", "2026-11-18T17:00:00"),  # fills the day to its last minute
        ("2026-11-21T12:00:00", "2026-11-23T09:05:00"),  # Saturday
        ("2026-11-18T07:00:00", "2026-11-18T09:05:00"),  # before opening
    ],
)
def test_five_business_minutes_end_when_the_office_has_been_open_for_five(sla: Sla, crm: Crm, start: str, due: str) -> None:
    world = World().lead().hand_raise(at(start))

    assert clock(world, sla, crm, at(start))["due_at"] == at(due)


def test_the_customers_clock_does_not_reset_when_the_owner_changes(sla: Sla, crm: Crm) -> None:
    world = World().lead(owner=OTHER_REP).hand_raise(at("2026-11-18T10:00:00")).change(at("2026-11-18T10:03:00"), "OwnerId", REP, OTHER_REP)
    ledger = world.ledger(sla, crm, at("2026-11-18T10:04:00"))
    found = next(row for row in rows_of(ledger.clocks) if row["policy"] == TOUCH)
    slices = [row for row in rows_of(ledger.slices) if row["clock_id"] == found["clock_id"]]

    assert found["due_at"] == at("2026-11-18T10:05:00")
    assert (found["owner_id"], found["first_owner_id"], found["owners"]) == (OTHER_REP, REP, 2)
    assert [(row["owner_id"], row["elapsed_minutes"]) for row in slices] == [(REP, 3.0), (OTHER_REP, 1.0)]
    assert found["minutes_left"] == 1.0


def test_a_rep_in_another_zone_has_their_own_hours_for_what_is_left(sla: Sla, crm: Crm) -> None:
    world = World().user("005000000000009AAA", time_zone="America/Los_Angeles").lead(owner="005000000000009AAA")
    world.hand_raise(at("2026-11-18T16:58:00")).change(at("2026-11-18T16:59:00"), "OwnerId", REP, "005000000000009AAA")

    assert clock(world, sla, crm, at("2026-11-18T17:00:00"))["due_at"] == at("2026-11-18T17:03:00")


def test_a_reply_in_time_that_arrives_late_is_never_a_breach(sla: Sla, crm: Crm) -> None:
    start, deadline = at("2026-11-18T11:55:00"), at("2026-11-18T12:00:00")
    world = World().lead().hand_raise(start).touch(at("2026-11-18T11:59:00"), known_at=at("2026-11-18T12:05:00"))

    before = clock(world, sla, crm, at("2026-11-18T12:04:00"), watermark=at("2026-11-18T11:58:00"), known_at=at("2026-11-18T12:04:00"))
    after = clock(world, sla, crm, at("2026-11-18T12:06:00"), known_at=at("2026-11-18T12:06:00"))

    assert (before["state"], before["due_at"]) == ("unknown", deadline)
    assert (after["state"], after["stopped_at"], after["breach_reason"]) == ("met", at("2026-11-18T11:59:00"), None)


def test_a_late_reply_retracts_a_breach_and_cancels_its_rungs(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(at("2026-11-18T11:55:00")).touch(at("2026-11-18T11:59:00"), known_at=at("2026-11-18T12:05:00"))

    told = world.ledger(sla, crm, at("2026-11-18T12:04:00"), known_at=at("2026-11-18T12:04:00"))
    retracted = world.ledger(sla, crm, at("2026-11-18T12:06:00"), known_at=at("2026-11-18T12:06:00"))

    def rungs(ledger: object) -> dict[object, object]:
        return {row["rung"]: row["state"] for row in rows_of(ledger.escalations) if row["policy"] == TOUCH}  # type: ignore[attr-defined]

    assert next(row["state"] for row in rows_of(told.clocks) if row["policy"] == TOUCH) == "breached"
    assert rungs(told) == {"call_now": "due", "rep_reminder": "due", "rep_and_manager": "future", "executive": "future"}
    assert rungs(retracted) == {"call_now": "cancelled", "rep_reminder": "cancelled"}


def test_nothing_is_breached_while_the_feed_has_no_watermark(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(at("2026-11-18T10:00:00"))

    assert clock(world, sla, crm, at("2026-11-18T12:00:00"), watermark=at("2026-11-18T10:05:00"))["state"] == "unknown"
    assert clock(world, sla, crm, at("2026-11-18T12:00:00"), watermark=at("2026-11-18T10:05:01"))["state"] == "breached"


def test_a_touch_between_hand_raise_and_assignment_is_pre_touched_never_negative(sla: Sla, crm: Crm) -> None:
    world = World().lead(owner=REP).hand_raise(at("2026-11-18T10:00:00")).touch(at("2026-11-18T10:02:00"))
    world.change(at("2026-11-18T10:10:00"), "OwnerId", QUEUE, REP)

    found = clock(world, sla, crm, at("2026-11-18T11:00:00"))

    assert (found["state"], found["is_pre_touched"], found["elapsed_minutes"]) == ("met", True, 0.0)
    assert found["started_at"] == found["stopped_at"] == at("2026-11-18T10:10:00")


def test_the_wait_in_a_queue_is_the_systems_time_and_not_the_reps(sla: Sla, crm: Crm) -> None:
    world = World().lead(owner=REP).hand_raise(at("2026-11-18T10:00:00")).touch(at("2026-11-18T10:14:00"))
    world.change(at("2026-11-18T10:10:00"), "OwnerId", QUEUE, REP)

    speed = clock(world, sla, crm, at("2026-11-18T11:00:00"), "speed_to_lead")
    touch = clock(world, sla, crm, at("2026-11-18T11:00:00"))
    routing = clock(world, sla, crm, at("2026-11-18T11:00:00"), "routing")

    assert (speed["state"], speed["system_minutes"], speed["sales_minutes"]) == ("met_late", 10.0, 4.0)
    assert (touch["state"], touch["elapsed_minutes"]) == ("met", 4.0)
    assert (routing["state"], routing["raw_minutes"]) == ("met_late", 10.0)


@pytest.mark.parametrize(
    "row",
    [{"is_automatic": True}, {"direction": "inbound"}, {"is_completed": False}, {"touch_type": "other"}],
    ids=["auto-reply", "inbound", "planned", "our own task"],
)
def test_what_no_rep_did_stops_nothing(sla: Sla, crm: Crm, row: Row) -> None:
    world = World().lead().hand_raise(at("2026-11-18T10:00:00")).touch(at("2026-11-18T10:01:00"), **row)

    assert clock(world, sla, crm, at("2026-11-18T11:00:00"))["state"] == "breached"


def test_out_of_order_the_earliest_touch_wins(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(at("2026-11-18T10:00:00"))
    world.touch(at("2026-11-18T10:30:00")).touch(at("2026-11-18T10:04:00"), known_at=at("2026-11-18T10:45:00"))

    assert clock(world, sla, crm, at("2026-11-18T11:00:00"))["stopped_at"] == at("2026-11-18T10:04:00")


def test_at_risk_begins_at_eighty_percent(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(at("2026-11-18T10:00:00"))

    states = [clock(world, sla, crm, at("2026-11-18T10:00:00") + timedelta(seconds=seconds))["state"] for seconds in (239, 240, 299, 301)]

    assert states == ["pending", "at_risk", "at_risk", "breached"]


def test_a_hold_with_a_reason_pauses_up_to_its_cap_and_one_without_does_not(sla: Sla, crm: Crm) -> None:
    def held(reason: str | None) -> World:
        world = World().lead(is_on_hold=True, hold_reason=reason).stage(at("2026-11-18T10:00:00"), "MQL")
        world.change(at("2026-11-18T11:00:00"), "Alignment_On_Hold__c", "false", "true")
        return world.change(at("2026-11-18T11:00:00"), "Alignment_Hold_Reason__c", None, reason) if reason else world

    paused = clock(held("traveling"), sla, crm, at("2026-11-18T12:00:00"), "first_touch_mql")
    running = clock(held(None), sla, crm, at("2026-11-18T12:00:00"), "first_touch_mql")

    assert (paused["state"], paused["elapsed_minutes"], paused["paused_minutes"]) == ("paused", 60.0, 60.0)
    # the cap: 120 hours after Wednesday 11:00 is Monday 11:00; seven of eight hours are left, six of them on Monday
    assert paused["due_at"] == at("2026-11-24T10:00:00")
    assert (running["state"], running["elapsed_minutes"]) == ("pending", 120.0)


def test_a_hold_on_an_unowned_record_pauses_nothing(sla: Sla, crm: Crm) -> None:
    world = World().lead(owner=QUEUE, is_on_hold=True, hold_reason="later").hand_raise(at("2026-11-18T10:00:00"))
    world.change(at("2026-11-18T09:00:00"), "Alignment_On_Hold__c", None, "true").change(
        at("2026-11-18T09:00:00"), "Alignment_Hold_Reason__c", None, "later"
    )

    found = clock(world, sla, crm, at("2026-11-18T10:10:00"), "speed_to_lead")

    assert (found["state"], found["system_minutes"], found["paused_minutes"]) == ("breached", 10.0, 0.0)


def test_a_converted_lead_carries_its_clock_to_the_contact(sla: Sla, crm: Crm) -> None:
    person = f"lead:{LEAD}"
    world = World().lead(is_converted=True, converted_at=at("2026-11-18T10:03:00"), converted_contact_id=CONTACT)
    world.contact(person=person, created=at("2026-11-18T10:03:00"), owner=OTHER_REP)
    world.hand_raise(at("2026-11-18T10:00:00")).touch(at("2026-11-18T10:04:00"), source=f"contact:{CONTACT}", user_id=OTHER_REP)

    found = clock(world, sla, crm, at("2026-11-18T11:00:00"))

    assert (found["state"], found["object"], found["record_id"], found["owner_id"]) == ("met", "Contact", CONTACT, OTHER_REP)
    assert found["clock_id"] == f"sla:{LEAD}:{TOUCH}:2026-11-18T15:00:00Z"


def test_a_merged_lead_carries_its_clock_to_the_survivor(sla: Sla, crm: Crm) -> None:
    other, person = "00Q000000000002AAA", f"lead:{LEAD}"
    world = World().lead().lead(other, person=person, created=at("2026-11-18T09:59:00"))
    world.hand_raise(at("2026-11-18T10:00:00"), source=f"lead:{other}").deleted(at("2026-11-18T10:01:00"), record=other)
    world.touch(at("2026-11-18T10:03:00"))

    found = clock(world, sla, crm, at("2026-11-18T11:00:00"))

    assert (found["state"], found["record_id"]) == ("met", LEAD)


def test_a_deletion_cancels(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(at("2026-11-18T10:00:00")).change(at("2026-11-18T09:00:00"), "OwnerId", REP, REP)
    world.deleted(at("2026-11-18T10:02:00"))

    found = clock(world, sla, crm, at("2026-11-18T11:00:00"))

    assert (found["state"], found["raw_minutes"]) == ("cancelled", 2.0)


@pytest.mark.parametrize("how", ["customer", "open opportunity"])
def test_people_of_customers_and_open_deals_go_to_the_accounts_owner(sla: Sla, crm: Crm, how: str) -> None:
    person = f"lead:{LEAD}"
    world = World().lead().account(owner=OTHER_REP, people=[person], is_customer=how == "customer")
    if how == "open opportunity":
        world.deal(created=at("2026-11-01T10:00:00"), is_closed=False)
    world.hand_raise(at("2026-11-18T10:00:00"))
    ledger = world.ledger(sla, crm, at("2026-11-18T10:30:00"))

    policies = {row["policy"]: row["owner_id"] for row in rows_of(ledger.clocks)}
    left_out = {row["policy"]: (row["reason_code"], row["goes_to_owner_id"]) for row in rows_of(ledger.exclusions)}

    assert policies == {"routing": REP, "first_touch_existing_account": OTHER_REP}
    assert left_out[TOUCH] == ("existing_account", OTHER_REP)


def test_an_account_that_became_a_customer_later_keeps_its_old_clocks(sla: Sla, crm: Crm) -> None:
    world = World().lead().account(people=[f"lead:{LEAD}"], is_customer=True).hand_raise(at("2026-11-18T10:00:00"))
    world.deal(created=at("2026-11-18T15:00:00"), is_closed=True, is_won=True, closed_at=at("2026-11-20T15:00:00"))

    assert clock(world, sla, crm, at("2026-11-23T10:30:00"))["state"] == "breached"


def test_our_own_people_are_never_clocked(sla: Sla, crm: Crm) -> None:
    world = World().person(f"lead:{LEAD}", is_internal=True).lead().hand_raise(at("2026-11-18T10:00:00"))
    ledger = world.ledger(sla, crm, at("2026-11-18T10:30:00"))

    assert rows_of(ledger.clocks) == []
    assert {row["reason_code"] for row in rows_of(ledger.exclusions)} == {"internal"}


def test_a_rejection_counts_with_its_code_only(sla: Sla, crm: Crm) -> None:
    world = World().lead(disposition="Rejected", reject_code="Wrong size").stage(at("2026-11-18T10:00:00"), "MQL")
    world.change(at("2026-11-18T11:00:00"), "Alignment_Disposition__c", None, "Rejected")
    world.change(at("2026-11-18T12:00:00"), "Alignment_Reject_Code__c", None, "Wrong size")

    found = clock(world, sla, crm, at("2026-11-18T15:00:00"), "accept_or_reject")

    assert (found["state"], found["stopped_at"], found["stop_event"]) == ("met", at("2026-11-18T12:00:00"), "rejected")


def test_a_disposition_that_nobody_saw_change_is_not_held_against_the_rep(sla: Sla, crm: Crm) -> None:
    world = World().lead(disposition="Accepted", modified_at=at("2026-11-20T10:00:00")).stage(at("2026-11-18T10:00:00"), "MQL")

    assert clock(world, sla, crm, at("2026-11-23T15:00:00"), "accept_or_reject")["state"] == "met"


def test_persistence_counts_attempts(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(at("2026-11-02T10:00:00"))
    for day in range(3, 9):
        world.touch(at(f"2026-11-{day:02d}T10:00:00"))

    found = clock(world, sla, crm, at("2026-11-18T10:00:00"), "persistence")

    assert (found["state"], found["stopped_at"]) == ("met", at("2026-11-08T10:00:00"))


def test_an_mqa_is_answered_by_a_touch_of_anyone_of_the_account(sla: Sla, crm: Crm) -> None:
    world = World().lead().account(people=[f"lead:{LEAD}"]).mqa(at("2026-11-18T10:00:00")).touch(at("2026-11-18T12:00:00"))

    found = clock(world, sla, crm, at("2026-11-18T13:00:00"), "first_touch_mqa")

    assert (found["state"], found["object"], found["record_id"], found["elapsed_minutes"]) == ("met", "Account", ACCOUNT, 120.0)


def test_a_closed_deal_needs_its_reason_within_five_days(sla: Sla, crm: Crm) -> None:
    world = World().account().deal(is_closed=True, closed_at=at("2026-11-02T10:00:00"))
    late = clock(world, sla, crm, at("2026-11-09T10:00:00"), "win_loss_reason")
    world.rows["opportunities"][0]["loss_reason"] = "Price"
    world.change(at("2026-11-09T11:00:00"), "Alignment_Loss_Reason__c", None, "Price", record=DEAL, object_="Opportunity")

    assert (late["state"], late["object"], late["record_id"]) == ("breached", "Opportunity", DEAL)
    assert clock(world, sla, crm, at("2026-11-10T10:00:00"), "win_loss_reason")["state"] == "met_late"


def test_a_second_hand_raise_while_the_clock_runs_starts_no_second_clock_but_one_after_the_due_time_does(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(at("2026-11-18T10:00:00")).hand_raise(at("2026-11-18T10:03:00")).hand_raise(at("2026-11-19T10:00:00"))
    ledger = world.ledger(sla, crm, at("2026-11-19T10:01:00"))

    starts = sorted(row["started_at"] for row in rows_of(ledger.clocks) if row["policy"] == TOUCH)

    assert starts == [at("2026-11-18T10:00:00"), at("2026-11-19T10:00:00")]


def test_somebody_only_marketo_knows_waits_for_routing(sla: Sla, crm: Crm) -> None:
    world = (
        World()
        .person("marketo:77")
        .add("person_records", source_key="marketo:77", person_id="marketo:77", object="Marketo", record_id="77")
    )
    world.hand_raise(at("2026-11-18T10:00:00"), source="marketo:77")

    found = clock(world, sla, crm, at("2026-11-18T10:10:00"), "routing")

    assert (found["state"], found["object"], found["record_id"], found["owner_id"]) == ("breached", "Marketo", "77", None)


def test_leave_is_not_the_reps_time(sla: Sla, crm: Crm) -> None:
    email = "u001@us.example"
    away = Sla.model_validate({**sla.model_dump(), "leave": [{"email": email, "first_day": "2026-11-18", "last_day": "2026-11-19"}]})
    world = World().lead().hand_raise(datetime(2026, 11, 18, 15, tzinfo=UTC))

    assert clock(world, away, crm, at("2026-11-18T11:00:00"))["due_at"] == at("2026-11-20T09:05:00")


def test_a_promise_of_thirty_days_falls_due_after_thirty_days(sla: Sla, crm: Crm) -> None:
    world = World().lead().stage(at("2026-10-01T10:00:00", "UTC"), "Sales Lead")
    found = clock(world, sla, crm, at("2026-11-18T10:00:00"), "post_accept_ageing")
    rungs = {row["rung"]: row["due_at"] for row in rows_of(world.ledger(sla, crm, at("2026-11-18T10:00:00")).escalations)}

    assert (found["due_at"], found["state"]) == (at("2026-10-31T10:00:00", "UTC"), "breached")
    assert rungs["executive"] == at("2026-12-30T10:00:00", "UTC")


def test_a_promise_of_two_thousand_open_hours_has_a_due_time(sla: Sla, crm: Crm) -> None:
    policies = [item.model_dump() for item in sla.policies if item.name == TOUCH]
    policies[0] |= {"target": {"hours": 2_000}, "ladder": None}
    slow = Sla.model_validate({**sla.model_dump(), "policies": policies})
    found = clock(World().lead().hand_raise(at("2026-11-18T10:00:00")), slow, crm, at("2026-11-18T10:01:00"))

    # 250 weekdays that are no holidays of the United States
    assert found["due_at"] == at("2027-11-18T10:00:00")


def test_what_nobody_dated_starts_no_clock_that_would_move_with_every_change(sla: Sla, crm: Crm) -> None:
    for modified in ("2026-11-18T10:00:00", "2026-11-19T10:00:00"):
        world = World().lead(disposition="Qualified", modified_at=at(modified))

        assert rows_of(world.ledger(sla, crm, at("2026-11-20T10:00:00")).clocks) == []


def test_a_deleted_duplicate_of_unknown_age_does_not_take_the_person_over(sla: Sla, crm: Crm) -> None:
    person = f"lead:{LEAD}"
    world = World().lead().contact(person=person).hand_raise(at("2026-11-18T10:00:00"))
    world.deleted(at("2026-11-18T10:30:00"), record=CONTACT, object_="Contact")

    found = clock(world, sla, crm, at("2026-11-18T11:00:00"))

    assert (found["owner_id"], found["record_id"], found["state"]) == (REP, LEAD, "breached")


def test_qualification_ends_with_a_push_back_even_without_its_code(sla: Sla, crm: Crm) -> None:
    world = World().lead(disposition="Rejected").stage(at("2026-11-10T10:00:00"), "MQL")
    world.change(at("2026-11-12T10:00:00"), "Alignment_Disposition__c", None, "Rejected")

    assert clock(world, sla, crm, at("2026-11-18T10:00:00"), "qualification")["state"] == "met"
    assert clock(world, sla, crm, at("2026-11-18T10:00:00"), "accept_or_reject")["state"] == "breached"
