"""Escalations in the CRM: each rung one task, taken back when it should never have been, and one clock per person on the record."""

from __future__ import annotations

import json
from datetime import timedelta

import ibis
import pyarrow as pa
import pytest

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts import field_updates
from alignment_pipeline.sla.escalation import tasks
from alignment_pipeline.sla.ledger import Ledger
from alignment_pipeline_tests.sla.factories import LEAD, MANAGER, REP, World, at, rows_of
from alignment_pipeline_tests.staging.factories import staged

START = at("2026-11-18T10:00:00")
KEY = f"sla:{LEAD}:first_touch_hand_raiser:2026-11-18T15:00:00Z"


def made(world: World, ledger: Ledger, crm: Crm) -> list[dict[str, object]]:
    table = tasks.escalation_tasks(
        ledger.escalations, world.sources().people, ledger.clocks, crm=crm, as_of=START, agreement_version="test"
    )
    assert table.to_pyarrow().schema.names == list(field_updates.RECORD_CREATES.names)
    return rows_of(table)


def test_each_due_rung_with_a_taker_is_one_task_with_its_key(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(START)
    created = made(world, world.ledger(sla, crm, START + timedelta(minutes=31)), crm)

    assert [row["external_key"] for row in created] == [f"{KEY}:call_now", f"{KEY}:rep_and_manager"]
    assert json.loads(str(created[0]["values"])) == {
        "Alignment_Key__c": f"{KEY}:call_now",
        "Subject": "Call Ada Byron (Engines Ltd) by Wed 18 Nov, 10:05 New York time: asked to be contacted",
        "Description": "Ada Byron (Engines Ltd) asked to be contacted. Call, write or meet by Wed 18 Nov, 10:05 New York time.",
        "WhoId": LEAD,
        "OwnerId": REP,
        "Status": "Not Started",
        "Priority": "High",
        "ActivityDate": "2026-11-18",
    }
    assert created[1]["owner_id"] == MANAGER
    assert [json.loads(str(row["people"])) for row in created] == [[["Lead", LEAD, "Ada Byron"]]] * 2


def test_a_description_ends_with_what_the_person_did_last(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(START)
    ledger = world.ledger(sla, crm, START + timedelta(minutes=31))
    (person,) = {row["person_id"] for row in rows_of(ledger.clocks)}
    seen = (("Trial", 5), ("Webinar attended", 3), ("Pricing page", 1), ("E-mail click", 4))
    rows = [{"person_id": person, "factor": factor, "last_at": START - timedelta(days=days)} for factor, days in seen]
    rows.append({"person_id": "somebody else", "factor": "Meeting", "last_at": START})

    created = rows_of(
        tasks.escalation_tasks(
            ledger.escalations,
            world.sources().people,
            ledger.clocks,
            factors=ibis.memtable(pa.Table.from_pylist(rows)),
            crm=crm,
            as_of=START,
            agreement_version="test",
        )
    )

    description = json.loads(str(created[0]["values"]))["Description"]
    assert description.splitlines()[1:] == [
        "Lately: Pricing page (17 Nov 2026), Webinar attended (15 Nov 2026), E-mail click (14 Nov 2026)."
    ]


def test_nobody_who_asked_not_to_be_written_gets_a_task(sla: Sla, crm: Crm) -> None:
    world = World().person(f"lead:{LEAD}", is_do_not_sync=True).lead().hand_raise(START)

    assert made(world, world.ledger(sla, crm, START + timedelta(minutes=31)), crm) == []


def test_people_only_marketo_knows_get_no_task_in_the_crm(sla: Sla, crm: Crm) -> None:
    world = (
        World().person("marketo:7").add("person_records", source_key="marketo:7", person_id="marketo:7", object="Marketo", record_id="7")
    )
    world.hand_raise(START, source="marketo:7")

    assert made(world, world.ledger(sla, crm, START + timedelta(minutes=31)), crm) == []


def test_a_late_reply_takes_the_open_tasks_back(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(START).touch(START + timedelta(minutes=4), known_at=START + timedelta(minutes=40))
    open_tasks = ibis.memtable(
        pa.table({"external_key": [f"{KEY}:call_now", f"{KEY}:rep_and_manager", "other"], "record_id": ["00T1", "00T2", "00T3"]})
    )

    def back(minutes: int) -> list[tuple[object, object]]:
        as_of = START + timedelta(minutes=minutes)
        ledger = world.ledger(sla, crm, as_of, known_at=as_of)
        found = tasks.retracted_tasks(ledger.clocks, open_tasks, crm=crm, as_of=as_of, agreement_version="test")
        return [(row["record_id"], row["value"]) for row in rows_of(found)]

    assert back(39) == []
    assert back(41) == [("00T1", '"Completed"'), ("00T2", '"Completed"')]


@pytest.mark.parametrize(
    ("minutes", "status", "policy"),
    [
        (1, "pending", "First touch of a hand-raiser"),
        (4.5, "at risk", "First touch of a hand-raiser"),
        (30, "breached", "First touch of a hand-raiser"),
    ],
)
def test_the_crm_shows_the_clock_that_counts_most_now(sla: Sla, crm: Crm, minutes: float, status: str, policy: str) -> None:
    as_of = START + timedelta(minutes=minutes)
    ledger = World().lead().hand_raise(START).stage(START, "MQL").ledger(sla, crm, as_of)
    shown = rows_of(tasks.person_slas(ledger.clocks, sla=sla, as_of=as_of, agreement_version="test"))

    assert [(row["sla_status"], row["sla_policy"], row["record_id"]) for row in shown] == [(status, policy, LEAD)]


def test_an_old_breach_does_not_hide_a_clock_that_runs(sla: Sla, crm: Crm) -> None:
    world = World().lead().stage(START - timedelta(days=60), "MQL").hand_raise(START)
    as_of = START + timedelta(minutes=1)
    shown = rows_of(tasks.person_slas(world.ledger(sla, crm, as_of).clocks, sla=sla, as_of=as_of, agreement_version="test"))

    assert [(row["sla_status"], row["sla_policy"]) for row in shown] == [("pending", "First touch of a hand-raiser")]


def test_the_crm_value_does_not_flicker_while_nothing_happens(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(START)

    def shown(minutes: int) -> list[tuple[object, ...]]:
        as_of = START + timedelta(minutes=minutes)
        rows = rows_of(tasks.person_slas(world.ledger(sla, crm, as_of).clocks, sla=sla, as_of=as_of, agreement_version="test"))
        return [(row["sla_status"], row["sla_due_at"], row["sla_reason"]) for row in rows]

    assert shown(10) == shown(200)


def opened(key: str, owner: str, *, is_closed: bool = False) -> ibis.Table:
    return ibis.memtable(pa.table({"external_key": [key], "owner_id": [owner], "is_closed": [is_closed]}))


def test_a_rep_who_has_an_open_task_about_somebody_gets_no_second_one(sla: Sla, crm: Crm) -> None:
    world = World().lead().stage(START - timedelta(days=9), "MQL").hand_raise(START)
    ledger = world.ledger(sla, crm, START + timedelta(minutes=1))
    stamp = {"crm": crm, "as_of": START, "agreement_version": "test"}
    clock = next(str(row["clock_id"]) for row in rows_of(ledger.clocks) if row["policy"] == "qualification")
    people = world.sources().people

    free = rows_of(tasks.escalation_tasks(ledger.escalations, people, ledger.clocks, **stamp))
    taken = rows_of(tasks.escalation_tasks(ledger.escalations, people, ledger.clocks, opened(f"{clock}:rep_reminder", REP), **stamp))
    closed = opened(f"{clock}:rep_reminder", REP, is_closed=True)
    after = rows_of(tasks.escalation_tasks(ledger.escalations, people, ledger.clocks, closed, **stamp))

    assert [row["owner_id"] for row in free].count(REP) == 1, "of several rungs for one rep and person one is chosen"
    assert [row["external_key"] for row in taken if row["owner_id"] == REP] in ([], [f"{clock}:rep_reminder"])
    assert after == free


def test_many_late_leads_come_to_a_manager_as_one_digest_that_names_each(sla: Sla, crm: Crm) -> None:
    rows = [
        {
            "escalation_id": f"sla:00Q{number}:x:t:rep_and_manager",
            "clock_id": f"sla:00Q{number}:x:t",
            "object": "Lead",
            "record_id": f"00Q{number}",
            "task_owner_id": MANAGER,
            "task_subject": f"Still open for Bob: Ann Lee {number}",
            "task_body": "",
            "task_priority": "High",
            "title": "First touch: rep and manager",
            "position": 2,
            "due_at": START + timedelta(minutes=number),
            "state": "due",
        }
        for number in range(tasks.MOST_SINGLE + 2)
    ]
    keys = (("clock_id", "clock_id"), ("record_id", "record_id"), ("person_id", "record_id"))
    clocks = ibis.memtable(pa.table({name: [row[key] for row in rows] for name, key in keys})).mutate(owner_id=ibis.literal(REP))
    people = staged("people", [{"person_id": row["record_id"], "first_name": "Ann", "last_name": f"Lee {n}"} for n, row in enumerate(rows)])
    found = rows_of(
        tasks.escalation_tasks(ibis.memtable(pa.Table.from_pylist(rows)), people, clocks, crm=crm, as_of=START, agreement_version="t")
    )

    assert [row["external_key"] for row in found] == [f"sla:digest:{MANAGER}:2026-11-18"]
    values = json.loads(str(found[0]["values"]))
    assert values["Subject"] == "5 late: go through them with your team"
    assert values["Description"].splitlines() == [f"Still open for Bob: Ann Lee {number}" for number in range(5)]
    assert json.loads(str(found[0]["people"])) == [["Lead", f"00Q{number}", f"Ann Lee {number}"] for number in range(5)]
    assert values["OwnerId"] == MANAGER and "WhoId" not in values
