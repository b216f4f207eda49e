"""The lane's pace: seconds to the next poll, by the agreement's times and share of the day's calls.

Belongs here: what the systems allow a day, when that begins again, and the one small calculation that follows from it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from alignment_pipeline.agreement.sla import FastLane, Sla
from alignment_pipeline.connectors.listening import Log
from alignment_pipeline.contracts.moments import microseconds
from alignment_pipeline.fast_lane.memory import Memory
from alignment_pipeline.fast_lane.store import Store
from alignment_pipeline.sla.calendars import ALWAYS, Calendars, OpenTime

_SHARE_IS_SPENT_SECONDS = 300.0
#: After a failure; doubled after each further one.
_FIRST_REST, _LONGEST_REST = 1.0, 60.0
_CALENDAR_DAYS = 3
_SECOND = 1_000_000


def rest_seconds(failures: int) -> float:
    """How long to wait after so many failures."""
    return min(_FIRST_REST * 2 ** min(failures, 6), _LONGEST_REST)


@dataclass
class Pace:
    """Decides waits, for the logs of these systems and the CRM. `crm_calls_a_day` is None while nobody has asked the CRM.

    Each log is polled at its own pace. One that could not be polled rests, longer each time.
    """

    sla: Sla
    store: Store
    logs: Mapping[str, Log]
    crm_name: str
    crm_calls_a_day: int | None = None
    _open: tuple[datetime, OpenTime] | None = None
    _polled_at: dict[str, datetime] = field(default_factory=dict)
    _failed: dict[str, int] = field(default_factory=dict)

    def due(self, memory: Memory, now: datetime) -> list[str]:
        """Systems whose log is to be polled now."""
        return [name for name in self.logs if self._seconds_left(name, memory, now) <= 0.0]

    def polled(self, names: Iterable[str], failed: Container[str], *, begun: datetime, ended: datetime) -> None:
        """Note a round's polls: when it began and ended, and which of them failed."""
        for name in names:
            self._failed[name] = self._failed.get(name, 0) + 1 if name in failed else 0
            self._polled_at[name] = ended if name in failed else begun

    def wait_seconds(self, memory: Memory, now: datetime) -> float:
        """Seconds until some log is to be polled; five minutes at a time while its share is spent."""
        return max(0.0, min(self._seconds_left(name, memory, now) for name in self.logs))

    def _seconds_left(self, name: str, memory: Memory, now: datetime) -> float:
        polled_at, failures = self._polled_at.get(name), self._failed.get(name, 0)
        if polled_at is None:
            return 0.0
        wait = self._wait_for(self.logs[name], memory, now)
        rest = rest_seconds(failures) if failures else 0.0
        return max(wait, rest) - (now - polled_at).total_seconds()

    def _wait_for(self, log: Log, memory: Memory, now: datetime) -> float:
        used = memory.calls.get(log.system.name, 0) if memory.day == now.date().isoformat() else 0
        seconds = seconds_to_next_poll(
            self.sla.fast_lane,
            now=now,
            resets_at=_next_midnight(now, log.zone),
            calls_used=used,
            calls_a_day=log.calls_a_day,
            calls_a_poll=log.calls_a_poll,
            open_time=self.open_time(now),
        )
        return _SHARE_IS_SPENT_SECONDS if seconds is None else seconds

    def is_crm_spent(self, memory: Memory, now: datetime) -> bool:
        """Whether the lane's share of the CRM's calls is used up today: then hand-raises wait for the full run."""
        if self.crm_calls_a_day is None or memory.day != now.date().isoformat():
            return False
        return memory.calls.get(self.crm_name, 0) >= self.sla.fast_lane.budget_share * self.crm_calls_a_day

    def open_time(self, now: datetime) -> OpenTime:
        """Business hours around now, of the calendar that the agreement names."""
        name = self.sla.fast_lane.calendar
        if name is None:
            return ALWAYS
        if self._open is None or now - self._open[0] > timedelta(days=1):
            days = timedelta(days=_CALENDAR_DAYS)
            hours, shut = (_rows(self.store, table) for table in ("business_hours", "crm_holidays"))
            calendars = Calendars(self.sla, hours, shut, now - days, now + days)
            self._open = (now, calendars.open_time(name, calendars.base_zone(name)))
        return self._open[1]


def seconds_to_next_poll(
    lane: FastLane,
    *,
    now: datetime,
    resets_at: datetime,
    calls_used: int,
    calls_a_day: int,
    calls_a_poll: float,
    open_time: OpenTime = ALWAYS,
) -> float | None:
    """Seconds to wait before the next poll; None when the share is used up until `resets_at`.

    The agreement's poll times hold while the share lasts. When what is left would not reach to the reset at that pace, the open
    hours are stretched evenly first (closed hours stay at their slow pace as long as that alone fits).
    """
    left = lane.budget_share * calls_a_day - calls_used
    if left < calls_a_poll:
        return None
    edges = np.array([microseconds(now), microseconds(resets_at)], dtype=np.int64)
    open_seconds = float(open_time.between(edges[:1], edges[1:])[0]) / _SECOND
    closed_seconds = max(0.0, float(edges[1] - edges[0]) / _SECOND - open_seconds)
    is_open = bool(open_time.between(edges[:1], edges[:1] + 1)[0])
    polls = left / calls_a_poll
    closed_polls = min(polls, closed_seconds / lane.poll_seconds_closed)
    stretched = open_seconds / max(polls - closed_polls, 1.0)
    if is_open:
        return max(lane.poll_seconds_open, stretched)
    return max(lane.poll_seconds_closed, closed_seconds / max(polls, 1.0))


def _rows(store: Store, name: str) -> Any:
    return store.rows(store.read(name))


def _next_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """When a system counts again."""
    local = now.astimezone(zone)
    following = datetime.combine(local.date() + timedelta(days=1), time(), zone)
    return following.astimezone(UTC)
