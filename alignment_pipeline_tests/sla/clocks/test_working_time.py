"""A rep's hours are read in the zone that the rep had at each minute, not in today's."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline_tests.sla.factories import REP, World, at, rows_of

RAISED = at("2026-11-18T16:58:00")


def clock(sla: Sla, crm: Crm, as_of: datetime, zone: str, past: list[tuple[str, datetime]], *, touched: datetime | None = None) -> Any:
    world = World().lead().hand_raise(RAISED)
    if touched:
        world.touch(touched)
    texts = [{"zone": name, "until": until.isoformat()} for name, until in past]
    for user in world.rows["users"]:
        if user["user_id"] == REP:
            user.update(time_zone=zone, past_time_zones=json.dumps(texts) if texts else None)
    (row,) = [row for row in rows_of(world.ledger(sla, crm, as_of).clocks) if row["policy"] == "first_touch_hand_raiser"]
    return {name: row[name] for name in ("state", "due_at", "at_risk_at", "elapsed_minutes")}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Tokyo", "America/Los_Angeles", "Australia/Lord_Howe"])
def test_a_clock_that_was_over_before_a_rep_moved_keeps_its_due_time_and_state(sla: Sla, crm: Crm, zone: str) -> None:
    touched, moved, as_of = at("2026-11-19T09:02:00"), at("2026-11-27T00:00:00"), at("2026-11-30T12:00:00")
    before = clock(sla, crm, at("2026-11-25T12:00:00"), "America/New_York", [], touched=touched)

    assert clock(sla, crm, as_of, zone, [("America/New_York", moved)], touched=touched) == before


def test_what_is_left_of_a_clock_runs_in_the_new_zone_from_the_move_on(sla: Sla, crm: Crm) -> None:
    # two of five minutes are used in New York by 17:00; the rep is in Los Angeles the next day, where business opens three hours later
    found = clock(sla, crm, at("2026-11-19T18:00:00"), "America/Los_Angeles", [("America/New_York", at("2026-11-18T20:00:00"))])
    assert found["due_at"] == at("2026-11-19T09:03:00", "America/Los_Angeles")


@settings(max_examples=10, deadline=None)
@given(
    hours=st.integers(24, 240),
    zones=st.lists(st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "America/Chicago"]), min_size=1, max_size=3, unique=True),
)
def test_moves_after_the_end_change_nothing_however_many(sla: Sla, crm: Crm, hours: int, zones: list[str]) -> None:
    touched = at("2026-11-19T09:02:00")
    names, moves = ["America/New_York", *zones], [touched + timedelta(hours=hours * (number + 1)) for number in range(len(zones))]
    as_of = moves[-1] + timedelta(days=1)

    assert clock(sla, crm, as_of, names[-1], list(zip(names, moves, strict=False)), touched=touched) == clock(
        sla, crm, as_of, "America/New_York", [], touched=touched
    )
