"""Follow-up in numbers: of decided clocks only, by team, rep, source and period, with the system's time told apart."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import ibis
import pytest

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts import sla as tables
from alignment_pipeline.sla.standing import accountability, outcomes
from alignment_pipeline_tests.sla.factories import OTHER_REP, QUEUE, REP, World, at, rows_of

START = at("2026-11-18T10:00:00")
AS_OF = START + timedelta(hours=6)
Row = dict[str, object]


def told() -> World:
    """Rep one touches after 2 and after 30 minutes; rep two never; one clock still runs."""
    world = World()
    world.lead("00Q000000000001AAA").hand_raise(START, source="lead:00Q000000000001AAA")
    world.touch(START + timedelta(minutes=2), source="lead:00Q000000000001AAA")
    world.lead("00Q000000000002AAA").hand_raise(START, source="lead:00Q000000000002AAA")
    world.change(START + timedelta(minutes=10), "OwnerId", QUEUE, REP, record="00Q000000000002AAA")
    world.touch(START + timedelta(minutes=30), source="lead:00Q000000000002AAA")
    world.lead("00Q000000000003AAA", owner=OTHER_REP).hand_raise(START, source="lead:00Q000000000003AAA")
    world.lead("00Q000000000004AAA", owner=OTHER_REP).hand_raise(AS_OF - timedelta(minutes=1), source="lead:00Q000000000004AAA")
    return world


def follow_ups(world: World, sla: Sla, crm: Crm, policy: str, as_of: datetime = AS_OF, **where: object) -> Row:
    ledger = world.ledger(sla, crm, as_of)
    found = accountability.sla_follow_ups(ledger.clocks, world.sources().users, sla=sla, as_of=as_of, agreement_version="test")
    assert found.to_pyarrow().schema.names == list(tables.SLA_FOLLOW_UPS.names)
    wanted = {"policy": policy, "period": "all", "team": "(all)", "owner_id": "(all)", "lead_source": "(all)"} | where
    (row,) = [row for row in rows_of(found) if all(row[name] == value for name, value in wanted.items())]
    return row


def test_rates_are_of_decided_clocks(sla: Sla, crm: Crm) -> None:
    row = follow_ups(told(), sla, crm, "first_touch_hand_raiser")

    assert (row["clocks"], row["decided"], row["met"], row["met_late"], row["breached"], row["never_touched"], row["running"]) == (
        4,
        3,
        1,
        1,
        1,
        1,
        1,
    )
    assert row["follow_up_rate_pct"] == pytest.approx(100 / 3)
    assert row["acted_on_rate_pct"] == pytest.approx(200 / 3)


def test_each_rep_answers_for_their_own(sla: Sla, crm: Crm) -> None:
    first = follow_ups(told(), sla, crm, "first_touch_hand_raiser", team="Sales", owner_id=REP)
    second = follow_ups(told(), sla, crm, "first_touch_hand_raiser", team="Sales", owner_id=OTHER_REP)

    assert (first["decided"], first["acted_on_rate_pct"]) == (2, 100.0)
    assert (second["decided"], second["acted_on_rate_pct"], second["running"]) == (1, 0.0, 1)


def test_speed_to_lead_tells_the_systems_time_from_the_reps(sla: Sla, crm: Crm) -> None:
    row = follow_ups(told(), sla, crm, "speed_to_lead")

    assert row["raw_p50_minutes"] == 16.0  # of 2 and 30
    assert row["system_p95_minutes"] == pytest.approx(9.5)  # of 0 and 10
    assert row["sales_p95_minutes"] == pytest.approx(2 + 0.95 * 18)  # of 2 and 20


def test_without_a_decided_clock_there_is_no_rate(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(START)
    row = follow_ups(world, sla, crm, "first_touch_hand_raiser", as_of=START + timedelta(minutes=1))

    assert (row["decided"], row["follow_up_rate_pct"], row["raw_p50_minutes"]) == (0, None, None)


def test_sums_are_the_sums_of_their_parts(sla: Sla, crm: Crm) -> None:
    world = told()
    ledger = world.ledger(sla, crm, AS_OF)
    rows = rows_of(accountability.sla_follow_ups(ledger.clocks, world.sources().users, sla=sla, as_of=AS_OF, agreement_version="test"))
    for policy in {row["policy"] for row in rows}:
        for period in ("week", "month", "all"):
            mine = [row for row in rows if (row["policy"], row["period"]) == (policy, period)]
            detail = [row for row in mine if "(all)" not in (row["team"], row["owner_id"], row["lead_source"])]
            whole = [row for row in mine if (row["team"], row["owner_id"], row["lead_source"]) == ("(all)",) * 3]
            for name in ("clocks", "decided", "met", "breached", "running"):
                assert sum(int(str(row[name])) for row in detail) == sum(int(str(row[name])) for row in whole)


def dispositions(world: World, sla: Sla, crm: Crm) -> ibis.Table:
    said = outcomes.person_outcomes(world.sources(), sla=sla, crm=crm, as_of=AS_OF, agreement_version="test")
    return outcomes.sla_dispositions(said, as_of=AS_OF, agreement_version="test")


def test_a_status_and_a_disposition_of_one_moment_are_one_outcome(sla: Sla, crm: Crm) -> None:
    lead = "00Q000000000001AAA"
    world = World().lead(lead, disposition="Rejected", reject_code="Wrong size", status="Unqualified")
    world.change(START, "Alignment_Disposition__c", None, "Rejected", record=lead).change(
        START, "Status", "Open", "Unqualified", record=lead
    )

    rows = rows_of(outcomes.person_outcomes(world.sources(), sla=sla, crm=crm, as_of=AS_OF, agreement_version="test"))

    assert [(row["outcome"], row["said_at"], row["owner_id"]) for row in rows] == [("rejected", START, REP)]


def test_reject_codes_are_counted_as_typed(sla: Sla, crm: Crm) -> None:
    world = World()
    for number, (said, code) in enumerate((("Rejected", "Wrong size"), ("Rejected", "Wrong size"), ("Accepted", None), ("Deferred", None))):
        lead = f"00Q00000000000{number}AAA"
        world.lead(lead, disposition=said, reject_code=code)
        world.change(START, "Alignment_Disposition__c", None, said, record=lead)
        if code:
            world.change(START + timedelta(minutes=1), "Alignment_Reject_Code__c", None, code, record=lead)
    rows = rows_of(dispositions(world, sla, crm))

    assert [(row["outcome"], row["code"], row["people"], row["share_pct"]) for row in rows] == [
        ("accepted", "(none)", 1, 25.0),
        ("deferred", "(none)", 1, 25.0),
        ("rejected", "Wrong size", 2, 50.0),
    ]
    assert {(row["period_start_on"], row["owner_id"]) for row in rows} == {(date(2026, 11, 1), REP)}


def test_closed_deals_with_a_reason_are_captured(sla: Sla, crm: Crm) -> None:
    world = World().account()
    for number, reason in enumerate(("Price", " ", None)):
        world.deal(f"00600000000000{number}AAA", is_closed=True, closed_at=START, loss_reason=reason)
    world.deal("006000000000009AAA", is_closed=False)
    rows = rows_of(outcomes.win_loss_captures(world.sources().opportunities, as_of=AS_OF, agreement_version="test"))

    assert [(row["closed"], row["with_reason"], row["owner_id"], row["is_won"]) for row in rows] == [(3, 1, REP, False)]
    assert rows[0]["capture_pct"] == pytest.approx(100 / 3)


def test_a_rejection_without_code_counts_and_takes_the_code_given_later(sla: Sla, crm: Crm) -> None:
    world = World().person("lead:00Q000000000002AAA", reject_code="Competitor")
    for number in (1, 2):
        lead = f"00Q00000000000{number}AAA"
        world.lead(lead, status="Unqualified").change(START, "Status", "Open", "Unqualified", record=lead)
    rows = rows_of(dispositions(world, sla, crm))

    assert [(row["outcome"], row["code"], row["people"]) for row in rows] == [("rejected", "(none)", 1), ("rejected", "Competitor", 1)]
