"""The fast lane spends its share and no call more, fast while it can."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alignment_pipeline.agreement.sla import FastLane
from alignment_pipeline.contracts.moments import microseconds
from alignment_pipeline.fast_lane.pace import seconds_to_next_poll
from alignment_pipeline.sla.calendars import OpenTime

LANE = FastLane()
DAY = datetime(2026, 11, 18, tzinfo=UTC)
OFFICE = OpenTime.of([(microseconds(DAY + timedelta(hours=9)), microseconds(DAY + timedelta(hours=17)))])


def wait(hour: float, *, used: int = 0, calls: int = 100_000, a_poll: float = 1) -> float | None:
    return seconds_to_next_poll(
        LANE, now=DAY + timedelta(hours=hour), resets_at=DAY + timedelta(days=1), calls_used=used, calls_a_day=calls,
        calls_a_poll=a_poll, open_time=OFFICE,
    )  # fmt: skip


def test_with_calls_to_spare_the_agreements_times_hold() -> None:
    assert (wait(10), wait(20)) == (2.5, 60.0)


def test_a_used_up_share_stops_the_lane_until_the_reset() -> None:
    assert wait(10, used=30_000) is None


def test_the_fewer_calls_are_left_the_longer_the_wait() -> None:
    waits = [wait(10, calls=calls) for calls in (50_000, 20_000, 10_000, 5_000)]

    assert all(one is not None for one in waits)
    assert waits == sorted(waits) and waits[-1] > 2.5


@pytest.mark.parametrize("calls", [4_000, 12_000])
@pytest.mark.parametrize("a_poll", [1, 3])
def test_a_day_of_polling_stays_inside_the_share_and_reaches_its_end(calls: int, a_poll: int) -> None:
    now, used, last = DAY, 0, DAY
    while now < DAY + timedelta(days=1):
        pause = seconds_to_next_poll(
            LANE, now=now, resets_at=DAY + timedelta(days=1), calls_used=used, calls_a_day=calls, calls_a_poll=a_poll, open_time=OFFICE
        )
        if pause is None:
            break
        used, last = used + a_poll, now
        now += timedelta(seconds=pause)

    assert used <= LANE.budget_share * calls
    assert last > DAY + timedelta(hours=16)
