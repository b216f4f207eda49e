"""The lane's pace: seconds to the next poll, by the agreement's times and share of the day's calls.

Belongs here: what the systems allow a day and when that begins anew. The calculation: `sla/fast_lane.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.runtime.fast_lane.memory import Memory
from alignment_pipeline.runtime.fast_lane.store import Store
from alignment_pipeline.sla.calendars import ALWAYS, Calendars, OpenTime
from alignment_pipeline.sla.fast_lane import seconds_to_next_poll

# Marketo: 50,000 calls a day by default, counted from midnight Central Time
# (https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/rest-api#limits)
MARKETO_CALLS_A_DAY = 50_000
_MARKETO_ZONE = ZoneInfo("America/Chicago")
_POLL_CALLS = 1.0
_SHARE_IS_SPENT_SECONDS = 300.0
_CALENDAR_DAYS = 3


@dataclass
class Pace:
    """Decides waits. `salesforce_calls_a_day` is None while nobody has asked the organisation."""

    sla: Sla
    store: Store
    marketo_calls_a_day: int = MARKETO_CALLS_A_DAY
    salesforce_calls_a_day: int | None = None
    _open: tuple[datetime, OpenTime] | None = None

    def wait_seconds(self, memory: Memory, now: datetime) -> float:
        """Seconds until the next poll; five minutes at a time while the share is spent."""
        resets_at = _next_midnight(now)
        used = memory.calls.get("marketo", 0) if memory.day == now.date().isoformat() else 0
        found = seconds_to_next_poll(
            self.sla.fast_lane,
            now=now,
            resets_at=resets_at,
            calls_used=used,
            calls_a_day=self.marketo_calls_a_day,
            calls_a_poll=_POLL_CALLS,
            open_time=self.open_time(now),
        )
        return _SHARE_IS_SPENT_SECONDS if found is None else found

    def is_salesforce_spent(self, memory: Memory, now: datetime) -> bool:
        """Whether the lane's share of Salesforce's calls is used up today: then hand-raises wait for the full run."""
        if self.salesforce_calls_a_day is None or memory.day != now.date().isoformat():
            return False
        return memory.calls.get("salesforce", 0) >= self.sla.fast_lane.budget_share * self.salesforce_calls_a_day

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


def _rows(store: Store, name: str) -> Any:
    return store.rows(store.read(name))


def _next_midnight(now: datetime) -> datetime:
    """When Marketo counts anew."""
    local = now.astimezone(_MARKETO_ZONE)
    following = datetime.combine(local.date() + timedelta(days=1), time(), _MARKETO_ZONE)
    return following.astimezone(UTC)
