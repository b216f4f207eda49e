"""Every combination that the schema of policies allows runs on a small organisation, whatever happens in it."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.agreement.sla_policies import EVENTS_OF, EventName, Policy
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.sla.ledger import Ledger
from alignment_pipeline_tests.sla.factories import ACCOUNT, CONTACT, DEAL, LEAD, OTHER_REP, QUEUE, REP, World, at, rows_of

START = at("2026-11-18T10:00:00")
LADDER = {
    "name": "up",
    "rungs": [{"name": "rep", "at_share": 1, "task_to": "rep", "notify": ["manager"], "subject": "Call {person}", "body": "{reason}"}],
}


def minutes(number: float) -> Any:
    return START + timedelta(minutes=number)


def organisation() -> World:
    """A lead, a contact, an account and a deal to whom nearly everything happens, some of it twice."""
    world = World().lead(owner=QUEUE, created=minutes(-90)).contact(created=minutes(-500)).account(people=[f"contact:{CONTACT}"])
    world.deal(created=minutes(20), is_closed=True, closed_at=minutes(400), lead_source="Web")
    for number in (0, 30, 600):
        world.hand_raise(minutes(number)).hand_raise(minutes(number + 1), source=f"contact:{CONTACT}")
        world.touch(minutes(number + 5)).touch(minutes(number + 6), source=f"account:{ACCOUNT}").touch(
            minutes(number + 7), source=f"opportunity:{DEAL}"
        )
        world.stage(minutes(number + 2), "MQL").stage(minutes(number + 3), "Sales Lead", person=f"contact:{CONTACT}")
        world.mqa(minutes(number + 4))
    world.change(minutes(10), "OwnerId", QUEUE, REP).change(minutes(50), "OwnerId", REP, OTHER_REP)
    for number, (old, new) in enumerate([("New", "Working"), ("Working", "Qualified"), ("Qualified", "Recycled")]):
        world.change(minutes(40 + number), "Status", old, new)
    world.add("opportunity_stage_changes", change_id="008000001", opportunity_id=DEAL, stage="Proposal", changed_at=minutes(60))
    return world


WORLD = organisation()


def policies(trigger: str, subject: str) -> list[dict[str, Any]]:
    """Every stop, start and repetition of a trigger; the other settings take turns, so that each value meets each event."""
    turns = itertools.cycle(
        itertools.product(("calendar", "rep", "lead"), ([], ["hold"], ["hold", "waiting", "leave"]), ("all", "new", "existing"))
    )
    out = []
    for stop, start, again in itertools.product(
        sorted(EVENTS_OF[subject]), ("trigger", "assignment"), ("after_stop", "after_due", "never")
    ):
        zone, pauses, applies_to = next(turns)
        out.append(
            {
                "name": f"p{len(out)}",
                "title": "Promise",
                "subject": subject,
                "trigger": {"event": trigger},
                "stops": [{"event": stop, "count": 1 + len(out) % 2}],
                "cancels": [{"event": stop}] if len(out) % 5 == 0 else [],
                "start": start,
                "again": again,
                "zone": zone,
                "pauses": pauses,
                "applies_to": applies_to if subject == "person" else "all",
                "duty": "account_owner" if subject == "person" and applies_to == "existing" else "owner",
                "pre_touch_hours": 0 if len(out) % 3 else 2,
                "target": {"minutes": 30},
                "ladder": "up",
                **({"calendar": "hours"} if len(out) % 2 else {"time": "calendar", "calendar": None}),
            }
        )
    return out


def section(of: list[dict[str, Any]]) -> Sla:
    hours = {"name": "hours", "week": {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}}
    return Sla.model_validate({"calendars": [hours], "policies": of, "escalation": {"ladders": [LADDER]}})


def assert_publishable(ledger: Ledger) -> None:
    """What publication refuses: a key twice, an empty value where the contract wants one."""
    for name, found in vars(ledger).items():
        contract, rows = CONTRACTS[f"sla_{name}"], rows_of(found)
        assert len({tuple(row[key] for key in contract.key) for row in rows}) == len(rows), name
        required = [column.name for column in contract.columns if not column.nullable]
        assert [(name, row) for row in rows for column in required if row[column] is None][:1] == []


def test_the_events_of_the_schema_are_those_of_its_subjects() -> None:
    assert set(get_args(EventName)) == set().union(*EVENTS_OF.values())


@pytest.mark.parametrize(("subject", "trigger"), [(subject, event) for subject, events in EVENTS_OF.items() for event in sorted(events)])
def test_every_stop_start_and_repetition_of_a_trigger_runs(subject: str, trigger: str, crm: Crm) -> None:
    sla = section(policies(trigger, subject))
    ledger = WORLD.ledger(sla, crm, minutes(3_000))
    clocks, slices = rows_of(ledger.clocks), rows_of(ledger.slices)

    assert {row["policy"] for row in clocks} <= {policy.name for policy in sla.policies}
    assert all(row["started_at"] >= row["trigger_at"] and row["elapsed_minutes"] >= 0 for row in clocks)
    assert {row["clock_id"] for row in slices} == {row["clock_id"] for row in clocks}
    assert_publishable(ledger)


EVENT = st.sampled_from(sorted(get_args(EventName)))


@settings(max_examples=6, deadline=None)
@given(
    some=st.lists(
        st.fixed_dictionaries(
            {
                "subject": st.sampled_from(sorted(EVENTS_OF)),
                "trigger": st.fixed_dictionaries({"event": EVENT}),
                "stops": st.lists(st.fixed_dictionaries({"event": EVENT, "count": st.integers(1, 3)}), min_size=1, max_size=3),
                "cancels": st.lists(st.fixed_dictionaries({"event": EVENT}), max_size=2),
                "start": st.sampled_from(["trigger", "assignment"]),
                "again": st.sampled_from(["after_stop", "after_due", "never"]),
                "applies_to": st.sampled_from(["all", "new", "existing"]),
                "duty": st.sampled_from(["owner", "account_owner"]),
                "zone": st.sampled_from(["calendar", "rep", "lead"]),
                "lead_sources": st.sampled_from([[], ["Web"], ["Trade show", "web"]]),
                "where": st.sampled_from([{}, {"person.country": ["Ger*"]}, {"Lead.Region__c": ["*"]}, {"Account.Industry": ["it"]}]),
                "where_not": st.sampled_from([{}, {"person.status": ["junk"]}, {"Opportunity.Type": ["renewal*"]}]),
                "time": st.just("calendar"),
                "target": st.sampled_from([{"minutes": 1}, {"hours": 2.5}, {"days": 3}]),
            }
        ),
        min_size=10,
        max_size=20,
    )
)
def test_what_the_schema_takes_runs_and_what_it_refuses_it_refuses_in_words(crm: Crm, some: list[dict[str, Any]]) -> None:
    taken = []
    for number, one in enumerate(some):
        try:
            Policy.model_validate(one | {"name": f"p{number}", "title": "Promise"})
        except ValidationError as error:
            assert f"policy p{number}: " in str(error)
        else:
            taken.append(one | {"name": f"p{number}", "title": "Promise"})
    assert_publishable(WORLD.ledger(section(taken), crm, minutes(3_000)))


def test_a_clock_can_start_at_a_record_s_creation_and_of_some_lead_sources_alone(crm: Crm) -> None:
    base = {"title": "New", "trigger": {"event": "created"}, "stops": [{"event": "touch"}], "target": {"hours": 1}, "time": "calendar"}
    sla = section([base | {"name": "all"}, base | {"name": "web", "lead_sources": ["web"]}])
    world = World().lead(created=START).lead("00Q000000000009AAA", created=minutes(5))
    world.rows["people"][0]["lead_source"] = "Web"
    started = {(row["policy"], row["subject_id"], row["started_at"]) for row in rows_of(world.ledger(sla, crm, minutes(30)).clocks)}

    assert started == {
        ("all", f"lead:{LEAD}", START), ("all", "lead:00Q000000000009AAA", minutes(5)), ("web", f"lead:{LEAD}", START),
    }  # fmt: skip


def test_a_clock_can_start_when_a_status_is_left(crm: Crm) -> None:
    policy = {"name": "left", "title": "Left", "trigger": {"event": "status_left", "values": ["new"]}, "stops": [{"event": "touch"}],
              "target": {"hours": 1}, "time": "calendar"}  # fmt: skip
    world = World().lead().change(START, "Status", "New", "Working").change(minutes(9), "Status", "Working", "Qualified")
    assert [row["started_at"] for row in rows_of(world.ledger(section([policy]), crm, minutes(30)).clocks)] == [START]


def test_a_call_on_the_account_or_its_opportunity_answers_their_clocks(crm: Crm) -> None:
    base = {"title": "Touch", "stops": [{"event": "touch"}], "target": {"days": 2}, "time": "calendar"}
    sla = section(
        [
            base | {"name": "mqa", "subject": "account", "trigger": {"event": "mqa_entered"}},
            base | {"name": "deal", "subject": "opportunity", "trigger": {"event": "opportunity_created"}},
        ]
    )
    for source, answered in ((f"account:{ACCOUNT}", {"mqa"}), (f"opportunity:{DEAL}", {"mqa", "deal"}), (f"lead:{LEAD}", set())):
        world = World().lead().account().deal(created=START).mqa(START).touch(minutes(30), source=source)
        clocks = rows_of(world.ledger(sla, crm, minutes(60)).clocks)
        assert {row["policy"] for row in clocks if row["state"] == "met"} == answered
