"""What holds for every ledger, whatever happened."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts import sla as tables
from alignment_pipeline_tests.sla.factories import LEAD, MANAGER, OTHER_REP, QUEUE, REP, World, at, rows_of

START = at("2026-11-18T10:00:00")


def story(seed: int) -> World:
    """Twenty leads with hand-raises, stages, touches, owners and holds; some news arrive late."""
    rng = random.Random(seed)
    world = World()
    for number in range(20):
        lead = f"00Q{number:012d}AAA"
        world.lead(lead, owner=OTHER_REP)
        owner: str = QUEUE
        for _ in range(rng.randrange(1, 7)):
            moment = START + timedelta(minutes=rng.randrange(0, 3_000))
            known = moment + timedelta(minutes=rng.choice((0, 0, 7, 200)))
            kind = rng.choice(("raise", "raise", "touch", "owner", "stage"))
            if kind == "raise":
                world.hand_raise(moment, source=f"lead:{lead}", known_at=known)
            elif kind == "touch":
                world.touch(moment, source=f"lead:{lead}", known_at=known)
            elif kind == "stage":
                world.stage(moment, "MQL", person=f"lead:{lead}")
            else:
                new = rng.choice((REP, OTHER_REP))
                world.change(moment, "OwnerId", owner, new, record=lead, known_at=known)
                owner = new
    return world


@pytest.mark.parametrize("seed", range(3))
def test_row_order_and_repetition_change_nothing(sla: Sla, crm: Crm, seed: int) -> None:
    world, as_of = story(seed), START + timedelta(days=2)
    first, second = world.ledger(sla, crm, as_of), world.ledger(sla, crm, as_of, order=-1)

    for name in ("clocks", "slices", "escalations", "exclusions"):
        left, right = (sorted(rows_of(getattr(ledger, name)), key=str) for ledger in (first, second))
        assert left == right, name


def test_a_history_lived_in_ticks_ends_like_one_read_at_once_and_tells_each_rung_once(sla: Sla, crm: Crm) -> None:
    world, end = story(11), START + timedelta(days=3)
    told: dict[object, object] = {}
    for hour in range(0, 73, 9):
        tick = START + timedelta(hours=hour)
        for row in rows_of(world.ledger(sla, crm, tick, known_at=tick).escalations):
            if row["state"] == "due":
                told.setdefault(row["escalation_id"], (row["rung"], row["clock_id"]))
    whole = world.ledger(sla, crm, end, known_at=end)
    again = world.ledger(sla, crm, end, known_at=end)
    states = {row["clock_id"]: row["state"] for row in rows_of(whole.clocks)}

    assert rows_of(whole.clocks) == rows_of(again.clocks)
    assert len({(clock, rung) for rung, clock in told.values()}) == len(told) > 0
    due = {row["escalation_id"] for row in rows_of(whole.escalations) if row["state"] == "due"}
    assert due <= set(told)
    # what was told and is not due any more belongs to a clock that has ended or moved: it is taken back, not forgotten
    for key in set(told) - due:
        assert states.get(told[key][1]) in ("met", "met_late", "cancelled", None), key


@pytest.mark.parametrize("seed", range(3))
def test_slices_add_up_to_the_customers_clock(sla: Sla, crm: Crm, seed: int) -> None:
    ledger = story(seed).ledger(sla, crm, START + timedelta(days=2))
    sums: dict[object, list[float]] = {}
    for row in rows_of(ledger.slices):
        mine = sums.setdefault(row["clock_id"], [0.0, 0.0, 0.0])
        for place, name in enumerate(("elapsed_minutes", "raw_minutes", "paused_minutes")):
            mine[place] += float(str(row[name]))
    for row in rows_of(ledger.clocks):
        assert sums[row["clock_id"]] == pytest.approx([row["elapsed_minutes"], row["raw_minutes"], row["paused_minutes"]], abs=1e-9)
        parts = [float(str(row[f"{party}_minutes"])) for party in ("system", "marketing", "sales")]
        assert sum(parts) == pytest.approx(row["elapsed_minutes"], abs=1e-9)
        assert row["elapsed_minutes"] >= 0 and row["started_at"] <= (row["stopped_at"] or row["started_at"])


def test_keys_are_unique_and_columns_are_the_contracts(sla: Sla, crm: Crm) -> None:
    ledger = story(5).ledger(sla, crm, START + timedelta(days=2))

    for name, contract in (
        ("clocks", tables.SLA_CLOCKS),
        ("slices", tables.SLA_SLICES),
        ("escalations", tables.SLA_ESCALATIONS),
        ("exclusions", tables.SLA_EXCLUSIONS),
    ):
        table = getattr(ledger, name).to_pyarrow()
        assert table.schema.names == list(contract.names)
        assert [field.type for field in table.schema] == [column.arrow.type for column in contract.columns]
        keys = [tuple(row[column] for column in contract.key) for row in table.to_pylist()]
        assert len(set(keys)) == len(keys)
        for column in contract.columns:
            assert column.nullable or table[column.name].null_count == 0, column.name


def test_a_clock_is_at_risk_from_the_moment_that_its_row_announced(sla: Sla, crm: Crm) -> None:
    world = World().lead().hand_raise(START)
    as_of = START + timedelta(minutes=1)
    rows = rows_of(world.ledger(sla, crm, as_of).clocks)
    announced = min(row["at_risk_at"] for row in rows if row["at_risk_at"] > as_of)

    assert announced == START + timedelta(minutes=4)
    before, after = (world.ledger(sla, crm, moment) for moment in (announced - timedelta(seconds=1), announced))
    kinds = [{(row["policy"], row["state"]) for row in rows_of(ledger.clocks)} for ledger in (before, after)]
    assert ("first_touch_hand_raiser", "pending") in kinds[0] and ("first_touch_hand_raiser", "at_risk") in kinds[1]


def test_a_rung_of_a_lead_whose_rep_has_left_goes_one_step_up(sla: Sla, crm: Crm) -> None:
    world = World().lead(owner="005000000000007AAA").hand_raise(START)
    world.user("005000000000007AAA", manager_id=MANAGER, is_active=False)
    ledger = world.ledger(sla, crm, START + timedelta(minutes=10))
    owners = {row["rung"]: row["task_owner_id"] for row in rows_of(ledger.escalations) if row["state"] == "due"}

    assert owners == {"call_now": MANAGER, "rep_reminder": None}


def test_old_rungs_are_not_told_on_the_first_run(sla: Sla, crm: Crm) -> None:
    ledger = World().lead().hand_raise(START).ledger(sla, crm, START + timedelta(days=30))

    assert {row["state"] for row in rows_of(ledger.escalations)} == {"expired"}


def test_names_from_the_crm_stay_on_one_line_and_fill_no_other_placeholder(sla: Sla, crm: Crm) -> None:
    world = World().person(f"lead:{LEAD}", first_name="{reason}\r\nBcc: x", last_name="\x00Evil").lead().hand_raise(START)
    ledger = world.ledger(sla, crm, START + timedelta(minutes=1))
    subject = next(str(row["task_subject"]) for row in rows_of(ledger.escalations) if row["rung"] == "call_now")

    assert subject == "Call {reason} Bcc: x Evil (Engines Ltd) by Wed 18 Nov, 10:05 New York time: asked to be contacted"


def test_a_stage_entered_twice_is_two_triggers(sla: Sla, crm: Crm) -> None:
    world = World().account(people=[f"lead:{LEAD}"], is_customer=True).lead()
    world.stage(START, "MQL").stage(START + timedelta(hours=1), "MQL")
    left_out = [
        row["trigger_id"]
        for row in rows_of(world.ledger(sla, crm, START + timedelta(days=1)).exclusions)
        if row["policy"] == "first_touch_mql"
    ]

    assert len(set(left_out)) == len(left_out) == 2
