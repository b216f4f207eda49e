"""A hand-raise becomes one Task of its rep: once, whatever happens in between, and the full run finds nothing left to do."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from alignment_pipeline.defs.fast_lane import hand_raises_job
from alignment_pipeline.defs.placement import HERE
from alignment_pipeline.errors import AnotherWriter
from alignment_pipeline.fast_lane import lane
from alignment_pipeline.fast_lane.memory import Memory
from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline.write_back.plans import approval, keys
from alignment_pipeline_tests.fast_lane.lane_world import Place

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def warm(monday: Place):  # type: ignore[no-untyped-def]
    with lane.opened(monday.home) as found, lane.leading(found):
        found.tick()
        yield found


def hurry(warm: lane.Lane) -> None:
    """The pause before the next try is over."""
    warm.memory.open = {guid: replace(one, not_before=None) for guid, one in warm.memory.open.items()}


def test_a_hand_raise_becomes_one_task_for_the_leads_owner(monday: Place, warm: lane.Lane) -> None:
    person, lead = monday.reachable()[0]
    monday.raise_hand(person)

    made = warm.tick()

    (task,) = monday.tasks(lead)
    owner = monday.company.world.salesforce.tables["Lead"][lead]["OwnerId"]
    assert (made.tasks_created, len(made.answered), made.waiting) == (1, 1, {})
    assert (task["OwnerId"], task["Subject"].startswith("Call "), task["Status"]) == (owner, True, "Not Started")
    assert monday.company.world.salesforce.tables["Lead"][lead]["Alignment_SLA_Status__c"]


def test_a_second_look_writes_nothing(monday: Place, warm: lane.Lane) -> None:
    before = monday.writes()

    made = warm.tick()

    assert (made.polled, made.is_idle, monday.writes()) == (0, True, before)


def test_an_idle_look_costs_one_call(warm: lane.Lane) -> None:
    assert warm.tick().calls == {"marketo": 1}


def test_what_was_learned_before_a_crash_is_answered_after_it(monday: Place, warm: lane.Lane) -> None:
    person, lead = monday.reachable()[0]
    monday.raise_hand(person)
    warm.tick(may_answer=False)
    reborn = lane.Lane(warm.home, warm.journal, Memory.load(warm.journal), warm.store)

    made = reborn.tick()

    warm.memory = Memory.load(warm.journal)
    assert (made.polled, len(made.answered), len(monday.tasks(lead))) == (0, 1, 1), made


def test_a_crash_after_writing_and_before_forgetting_doubles_nothing(monday: Place, warm: lane.Lane) -> None:
    person, lead = monday.reachable()[0]
    monday.raise_hand(person)
    warm.tick(may_answer=False)
    before_the_write = Memory.load(warm.journal)
    warm.tick()
    reborn = lane.Lane(warm.home, warm.journal, before_the_write, warm.store)

    made = reborn.tick()

    warm.memory = Memory.load(warm.journal)
    assert (len(made.answered), made.tasks_created, len(monday.tasks(lead))) == (1, 0, 1)


def test_other_forms_cost_no_call_to_the_crm(monday: Place, warm: lane.Lane) -> None:
    person, lead = monday.reachable()[0]
    monday.raise_hand(person, form="Newsletter")

    made = warm.tick()

    assert (made.polled, made.no_hand_raise, made.calls, monday.tasks(lead)) == (1, 1, {"marketo": 1}, [])


def test_without_a_standing_approval_it_plans_and_says_so(monday: Place, warm: lane.Lane) -> None:
    person, lead = monday.reachable()[0]
    approval.revoke_standing(warm.journal, keys.signing_key(warm.home.path, warm.home.environ))
    monday.raise_hand(person)

    made = warm.tick()
    without = monday.tasks(lead)
    monday.company.alignment("approve", "--standing")
    hurry(warm)
    again = warm.tick()

    assert (without, made.plan_hash is not None, "approve --standing" in next(iter(made.waiting.values()))) == ([], True, True)
    assert (len(again.answered), len(monday.tasks(lead))) == (1, 1)


def test_a_person_without_a_lead_waits_for_the_sync_and_is_answered_then(monday: Place, warm: lane.Lane) -> None:
    world = monday.company.world
    template = next(iter(world.marketo.leads.values()))
    number = world.marketo.next_lead_id()
    values = {
        "id": number,
        "email": "new.hand@example-raiser.com",
        "lastName": "Hand",
        "company": "Raiser Works",
        "createdAt": template.values["createdAt"],
    }
    world.marketo.load([values])
    monday.raise_hand(number)

    made = warm.tick()
    rep = next(row["OwnerId"] for row in world.salesforce.rows("Lead") if str(row["OwnerId"]).startswith("005"))
    lead = People(world.salesforce, None).create(
        "Lead", {"LastName": "Hand", "Company": "Raiser Works", "Email": values["email"], "Status": "New", "OwnerId": rep}
    )
    hurry(warm)
    again = warm.tick()

    assert list(made.waiting.values()) == [lane.NO_RECORD]
    assert (len(again.answered), len(monday.tasks(lead))) == (1, 1)


def test_what_becomes_visible_late_is_found(monday: Place, warm: lane.Lane) -> None:
    first, second = monday.reachable()[:2]
    monday.raise_hand(first[0], late_seconds=60)
    monday.raise_hand(second[0])
    early = warm.tick()
    monday.company.world.advance(61)

    late = warm.tick()

    assert (len(early.answered), len(late.answered), len(monday.tasks(first[1]))) == (1, 1, 1)


def test_somebody_who_is_not_in_marketo_any_more_waits_with_that_reason(monday: Place, warm: lane.Lane) -> None:
    monday.raise_hand(999_999_999)

    made = warm.tick()

    warm.memory.open.clear()
    assert ([lane.GONE], [], 0) == (list(made.waiting.values()), made.answered, made.tasks_created)


def test_one_process_leads_and_one_stands_by(monday: Place, warm: lane.Lane) -> None:
    with lane.opened(monday.home) as other, lane.opened(monday.home) as third, lane.standing_by(other):
        assert lane.processes(monday.home) == 2
        with pytest.raises(AnotherWriter), lane.leading(other):
            pass
        with pytest.raises(AnotherWriter), lane.standing_by(third):
            pass


def test_the_job_leaves_the_lane_to_the_processes_that_run_it(monday: Place, warm: lane.Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in monday.company.environ.items():
        monkeypatch.setenv(name, value)
    before = monday.writes()

    with lane.opened(monday.home) as other, lane.standing_by(other):
        done = hand_raises_job(HERE).execute_in_process()

    assert (done.success, monday.writes()) == (True, before)


def test_the_full_run_afterwards_derives_the_same_keys_and_makes_no_second_task(monday: Place, warm: lane.Lane) -> None:
    answered = {task["WhoId"] for task in monday.tasks() if task["Subject"].startswith("Call ")}
    ran = monday.company.alignment("run", "--json")

    lines = _changes(monday, ran.json["plan"]["plan_hash"])
    again = [
        line for line in lines if line["field"] == "WhoId" and line["after"] in answered and line["external_key"].endswith(":call_now")
    ]

    assert ran.code in (0, 3), ran.err
    assert answered
    assert again == []


def _changes(monday: Place, plan_hash: str) -> list[dict]:  # type: ignore[type-arg]
    path = monday.home.path / "plans" / plan_hash[:12] / "plan.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
