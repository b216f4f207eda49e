"""The fast lane spends its share and no call more, fast while it can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from alignment_pipeline.agreement.sla import FastLane, Sla
from alignment_pipeline.connectors.listening import Log
from alignment_pipeline.contracts.moments import microseconds
from alignment_pipeline.contracts.systems.hubspot import HUBSPOT
from alignment_pipeline.contracts.systems.marketo import MARKETO
from alignment_pipeline.contracts.systems.system import System
from alignment_pipeline.fast_lane.memory import Memory
from alignment_pipeline.fast_lane.pace import Pace, seconds_to_next_poll
from alignment_pipeline.fast_lane.store import Store
from alignment_pipeline.sla.calendars import OpenTime

LANE = FastLane()
_UTC = ZoneInfo("UTC")
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


@dataclass
class Slow:
    """A log that costs this many calls a poll."""

    system: System
    calls_a_poll: float = 1.0
    calls_a_day: int = 1_000_000
    zone: ZoneInfo = _UTC


def paced(**logs: Slow) -> Pace:
    return Pace(Sla(fast_lane=FastLane(calendar=None)), cast(Store, None), cast(Mapping[str, Log], logs), "salesforce")


def test_a_log_whose_polls_are_dear_does_not_slow_down_the_other() -> None:
    pace, memory = paced(marketo=Slow(MARKETO), hubspot=Slow(HUBSPOT, calls_a_poll=1000.0)), Memory()
    polled: dict[str, int] = {"marketo": 0, "hubspot": 0}
    now, end = DAY, DAY + timedelta(hours=1)
    while now < end:
        due = pace.due(memory, now)
        memory.spend(now, **{name: int(pace.logs[name].calls_a_poll) for name in due})
        for name in due:
            polled[name] += 1
        pace.polled(due, (), begun=now, ended=now)
        now += timedelta(seconds=pace.wait_seconds(memory, now))

    assert polled["marketo"] == pytest.approx(3600 / 2.5, abs=2)
    assert 5 < polled["hubspot"] < 20


def test_a_log_that_fails_rests_longer_each_time_and_is_polled_at_once_when_it_answered() -> None:
    pace, memory, waits = paced(hubspot=Slow(HUBSPOT)), Memory(), []
    for _ in range(8):
        pace.polled(["hubspot"], {"hubspot"}, begun=DAY, ended=DAY)
        waits.append(pace.wait_seconds(memory, DAY))
    pace.polled(["hubspot"], (), begun=DAY, ended=DAY)

    assert waits == [2.5, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    assert pace.wait_seconds(memory, DAY) == 2.5
