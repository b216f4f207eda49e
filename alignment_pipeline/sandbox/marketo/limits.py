"""Calls per day and per window, and the usage and error counts that the statistics endpoints report.

Limits belong to the subscription: all its API users share them. Calls refused for a limit are not counted. The quota of export
bytes is in `exports.py`.
"""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alignment_pipeline.sandbox.marketo.answers import Refusal
from alignment_pipeline.sandbox.marketo.settings import MarketoSettings


class Limits:
    """Counts calls and refuses what is too much. Not thread safe: the store's lock guards it."""

    def __init__(self, settings: MarketoSettings) -> None:
        self._settings = settings
        self._zone = ZoneInfo(settings.day_ends_in)
        self._recent: deque[datetime] = deque()
        self._calls: dict[str, Counter[str]] = {}
        self._errors: dict[str, Counter[str]] = {}

    def day(self, now: datetime) -> str:
        """The day a quota is counted in: it changes at midnight of the subscription's zone."""
        return now.astimezone(self._zone).date().isoformat()

    def admit(self, user: str, now: datetime, *, per_day: int | None = None) -> None:
        """Count one call. Raises Refusal 607 or 606 when it is one too many."""
        allowed = self._settings.calls_per_day if per_day is None else per_day
        today = self._calls.setdefault(self.day(now), Counter())
        if today.total() >= allowed:
            raise Refusal("607", "Daily quota reached")
        window = timedelta(seconds=self._settings.window_seconds)
        while self._recent and self._recent[0] <= now - window:
            self._recent.popleft()
        if len(self._recent) >= self._settings.calls_per_window:
            most, seconds = self._settings.calls_per_window, self._settings.window_seconds
            raise Refusal("606", f"Max rate limit '{most}' exceeded with in '{seconds}' secs")
        self._recent.append(now)
        today[user] += 1

    def note_error(self, code: str, now: datetime) -> None:
        """Count one refused call."""
        self._errors.setdefault(self.day(now), Counter())[code] += 1

    def usage(self, now: datetime, days: int) -> list[dict[str, object]]:
        """Per day, latest first: date, total, users."""
        entries: list[dict[str, object]] = []
        for day in self._days(now, days):
            calls = self._calls.get(day, Counter())
            users = [{"userId": user, "count": count} for user, count in sorted(calls.items())]
            entries.append({"date": day, "total": calls.total(), "users": users})
        return entries

    def errors(self, now: datetime, days: int) -> list[dict[str, object]]:
        """Per day, latest first: date, total, errors."""
        entries: list[dict[str, object]] = []
        for day in self._days(now, days):
            errors = self._errors.get(day, Counter())
            codes = [{"errorCode": code, "count": count} for code, count in sorted(errors.items())]
            entries.append({"date": day, "total": errors.total(), "errors": codes})
        return entries

    def _days(self, now: datetime, days: int) -> list[str]:
        return [self.day(now - timedelta(days=back)) for back in range(days)]
