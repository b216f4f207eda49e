"""How many calls the portal takes: in ten seconds, in a second for search, in a day of the account.

Belongs here: counting and refusing. Who calls is the app's.
"""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alignment_pipeline.sandbox.hubspot.answers import Refusal
from alignment_pipeline.sandbox.hubspot.settings import HubSpotSettings


class Limits:
    """The counters of one portal."""

    def __init__(self, settings: HubSpotSettings) -> None:
        self._settings = settings
        self._zone = ZoneInfo(settings.time_zone)
        self._recent: deque[datetime] = deque()
        self._searches: deque[datetime] = deque()
        self._days: Counter[str] = Counter()
        self.allowed = settings.calls_per_day

    def used(self, now: datetime) -> int:
        """Calls of the account's day so far."""
        return self._days[now.astimezone(self._zone).date().isoformat()]

    def resets_at(self, now: datetime) -> datetime:
        """Midnight of the account's time zone."""
        local = now.astimezone(self._zone)
        return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)

    def admit(self, now: datetime, *, is_search: bool, per_day: int | None = None) -> dict[str, str]:
        """Count a call and give the headers of its answer. Raises Refusal 429 when it is one too many."""
        self.allowed = self._settings.calls_per_day if per_day is None else per_day
        if self.used(now) >= self.allowed:
            raise _limited("DAILY", "You have reached your daily limit.")
        _drop(self._recent, now - timedelta(seconds=self._settings.window_seconds))
        _drop(self._searches, now - timedelta(seconds=1))
        if is_search and len(self._searches) >= self._settings.searches_per_second:
            raise _limited("SECONDLY", "You have reached your secondly limit.")
        if len(self._recent) >= self._settings.calls_per_window:
            raise _limited("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.")
        self._recent.append(now)
        self._days[now.astimezone(self._zone).date().isoformat()] += 1
        if is_search:
            self._searches.append(now)
            return {}
        return {
            "X-HubSpot-RateLimit-Max": str(self._settings.calls_per_window),
            "X-HubSpot-RateLimit-Remaining": str(self._settings.calls_per_window - len(self._recent)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(self._settings.window_seconds * 1000)),
            "X-HubSpot-RateLimit-Daily": str(self.allowed),
            "X-HubSpot-RateLimit-Daily-Remaining": str(self.allowed - self.used(now)),
        }


def _drop(recent: deque[datetime], until: datetime) -> None:
    while recent and recent[0] <= until:
        recent.popleft()


def _limited(policy: str, message: str) -> Refusal:
    more = {"errorType": "RATE_LIMIT", "policyName": policy, "groupName": f"publicapi:private_app-api-calls-{policy.lower()}"}
    return Refusal(429, "RATE_LIMITS", message, more=more)
