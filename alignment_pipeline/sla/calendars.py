"""Open time: from a calendar of the agreement to UTC spans with cumulative sums, and arithmetic on them.

Belongs here: hours, holidays, leave and zones. All moments are integer microseconds since 1970 UTC, so sums are exact.
A clock never walks over seconds: it looks two moments up in the cumulative table. What clocks do with it: `sla/clocks/clocks.py`.
"""

from __future__ import annotations

import itertools
import zoneinfo
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import holidays
import ibis
import numpy as np
import pyarrow as pa

from alignment_pipeline.agreement import patterns
from alignment_pipeline.agreement.calendars import WEEKDAYS, minutes_of
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts.moments import DAY, MINUTE, from_microseconds, microseconds
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sla.arrays import NEVER, Ints, fetch

# a shorter stretch may well be closed altogether, as between the years
_LONG_ENOUGH = timedelta(days=60)

Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class OpenTime:
    """Disjoint open spans in rising order; `before[i]` is the open time before span i."""

    opens: Ints
    closes: Ints
    before: Ints

    @classmethod
    def of(cls, spans: Spans) -> OpenTime:
        """From spans in any order; touching and overlapping ones are joined."""
        joined: list[list[int]] = []
        for begin, end in sorted(spans):
            if joined and begin <= joined[-1][1]:
                joined[-1][1] = max(joined[-1][1], end)
            else:
                joined.append([begin, end])
        opens = np.array([begin for begin, _ in joined], dtype=np.int64)
        closes = np.array([end for _, end in joined], dtype=np.int64)
        return cls(opens, closes, np.concatenate(([0], np.cumsum(closes - opens)[:-1])).astype(np.int64) if joined else opens)

    def consumed(self, moments: Ints) -> Ints:
        """Open microseconds from the table's begin to each moment."""
        if not len(self.opens):
            return np.zeros(len(moments), dtype=np.int64)
        at = np.searchsorted(self.opens, moments, side="right") - 1
        safe = np.maximum(at, 0)
        inside = np.clip(moments - self.opens[safe], 0, self.closes[safe] - self.opens[safe])
        return np.where(at < 0, 0, self.before[safe] + inside)

    def between(self, begins: Ints, ends: Ints) -> Ints:
        """Open microseconds from each begin to its end."""
        return self.consumed(ends) - self.consumed(begins)

    def add(self, starts: Ints, needs: Ints) -> Ints:
        """The first moment at which `needs` open microseconds have passed since each start; NEVER beyond the table."""
        if not len(self.opens):
            return np.where(needs <= 0, starts, NEVER)
        total = self.consumed(starts) + needs
        after = self.before + (self.closes - self.opens)
        at = np.searchsorted(after, total, side="left")
        safe = np.minimum(at, len(after) - 1)
        reached = self.opens[safe] + (total - self.before[safe])
        return np.where(needs <= 0, starts, np.where(at >= len(after), NEVER, reached))


def spliced(pieces: list[tuple[int, int, OpenTime]]) -> OpenTime:
    """One open time after the other, each from its begin to its end."""
    spans: Spans = []
    for begin, end, open_time in pieces:
        low, high = np.maximum(open_time.opens, begin), np.minimum(open_time.closes, end)
        is_some = low < high
        spans.extend(zip(low[is_some].tolist(), high[is_some].tolist(), strict=True))
    return OpenTime.of(spans)


ALWAYS = OpenTime.of([(-NEVER, NEVER)])


def business_minutes_between(begin: datetime, end: datetime, open_time: OpenTime) -> float:
    """Open minutes from `begin` to `end`."""
    return float(open_time.between(np.array([microseconds(begin)]), np.array([microseconds(end)]))[0]) / MINUTE


@dataclass
class Calendars:
    """All calendars of the agreement, read in any zone, with or without one person's leave, from `first` to `last`."""

    sla: Sla
    business_hours: pa.Table
    crm_holidays: pa.Table
    first: datetime
    last: datetime
    _built: dict[tuple[str, str, tuple[tuple[date, date], ...]], OpenTime] = field(default_factory=dict)
    _regimes: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, business_hours: ibis.Table, crm_holidays: ibis.Table, *, sla: Sla, first: datetime, last: datetime) -> Calendars:
        """With the hours and holidays of the CRM."""
        hours = fetch(business_hours, "calendar", "time_zone", "weekday", "opens_minute", "closes_minute", "is_default")
        return cls(sla, hours, fetch(crm_holidays, "name", "closed_on", "opens_minute", "closes_minute"), first, last)

    def base_zone(self, name: str) -> str:
        """The calendar's own zone: the agreement's, or the CRM's for Salesforce hours."""
        calendar = self.sla.calendar(name)
        if calendar.salesforce is None:
            return calendar.time_zone
        return str(self._salesforce_rows(name)[0]["time_zone"])

    def open_time(self, name: str, zone: str, leave: tuple[tuple[date, date], ...] = ()) -> OpenTime:
        """The calendar read in `zone`, less leave (first and last days off). Raises ConfigurationError when it never opens."""
        key = (name, zone, leave)
        if key not in self._built:
            spans = self._spans(name, zone, leave)
            if not spans and self.last - self.first >= _LONG_ENOUGH:
                raise ConfigurationError(
                    f"sla: calendar {name!r} has no open hour from {self.first.date()} to {self.last.date()}; "
                    "check its week, holidays and leave"
                )
            self._built[key] = OpenTime.of(spans)
        return self._built[key]

    def _salesforce_rows(self, name: str) -> list[dict[str, object]]:
        wanted = self.sla.calendar(name).salesforce or "default"
        rows = self.business_hours.to_pylist()
        matching = [row for row in rows if (row["is_default"] if wanted == "default" else str(row["calendar"]).lower() == wanted.lower())]
        if not matching:
            known = sorted({str(row["calendar"]) for row in rows})
            raise ConfigurationError(
                f"sla: calendar {name!r} takes Salesforce business hours {wanted!r}, which the CRM does not have; "
                f"it has: {', '.join(known) or 'none'}. Change `salesforce:` or give the calendar a `week:`"
            )
        return matching

    def _week(self, name: str) -> list[Spans]:
        week: list[Spans] = [[] for _ in WEEKDAYS]
        calendar = self.sla.calendar(name)
        if calendar.salesforce is None:
            for day, texts in calendar.week.items():
                week[WEEKDAYS.index(day)] = sorted(minutes_of(text) for text in texts)
            return week
        for row in self._salesforce_rows(name):
            week[int(str(row["weekday"]))].append((int(str(row["opens_minute"])), int(str(row["closes_minute"]))))
        return week

    def _moved(self, name: str, zone: str) -> frozenset[date]:
        """Weekend days on which the calendar's countries work, in return for a free day elsewhere."""
        calendar = self.sla.calendar(name)
        moved: set[date] = set()
        for region in calendar.holidays_by_zone.get(zone, calendar.holidays):
            moved |= self._holidays(region).weekend_workdays
        return frozenset(moved)

    def _holidays(self, region: str) -> holidays.HolidayBase:
        """Holidays of a country, or of a part of one ('DE-BY'), in the years of the table."""
        country, _, part = region.partition("-")
        return holidays.country_holidays(country, subdiv=part or None, years=range(self.first.year - 1, self.last.year + 2))

    def _closed(self, name: str, zone: str, leave: tuple[tuple[date, date], ...]) -> dict[date, Spans]:
        """Closed spans (minutes after local midnight) per local day."""
        calendar = self.sla.calendar(name)
        closed: dict[date, Spans] = {}
        for region in calendar.holidays_by_zone.get(zone, calendar.holidays):
            for day in self._holidays(region):
                closed.setdefault(day, []).append((0, 1_440))
        if calendar.crm_holidays:
            names = calendar.crm_holiday_names
            for row in self.crm_holidays.to_pylist():
                if names and not patterns.matches_text(row["name"], names):
                    continue
                closed.setdefault(row["closed_on"], []).append((row["opens_minute"], row["closes_minute"]))
        for first_day, last_day in leave:
            for number in range((last_day - first_day).days + 1):
                closed.setdefault(first_day + timedelta(days=number), []).append((0, 1_440))
        return closed

    def _spans(self, name: str, zone: str, leave: tuple[tuple[date, date], ...]) -> Spans:
        week, closed, moved = self._week(name), self._closed(name, zone, leave), self._moved(name, zone)
        wall: Spans = []
        day, end = self.first.date() - timedelta(days=2), self.last.date() + timedelta(days=2)
        while day <= end:
            midnight = (day - date(1970, 1, 1)).days * DAY
            spans = week[day.weekday()]
            if day in moved and not spans:
                # a working day that was moved to a weekend has the hours of the last open day of the week before it
                spans = next((week[weekday] for weekday in range(day.weekday() - 1, -1, -1) if week[weekday]), [])
            for shut in closed.get(day, []):
                spans = _less(spans, shut)
            wall.extend((midnight + opens * MINUTE, midnight + closes * MINUTE) for opens, closes in spans)
            day += timedelta(days=1)
        opens = np.array([begin for begin, _ in wall], dtype=np.int64)
        closes = np.array([finish for _, finish in wall], dtype=np.int64)
        open_spans: Spans = []
        for begin, finish, offset in self.regimes(zone):
            # inside one offset, wall time is UTC plus a constant: a span is cut at the change and moved, so gaps and folds are exact
            near = (closes > begin + offset) & (opens < finish + offset)
            lows, highs = np.maximum(opens[near], begin + offset) - offset, np.minimum(closes[near], finish + offset) - offset
            open_spans.extend(zip(lows.tolist(), highs.tolist(), strict=True))
        return open_spans

    def regimes(self, zone: str) -> list[tuple[int, int, int]]:
        """Spans of UTC microseconds in which the zone's offset is constant: (begin, end, offset)."""
        if zone not in self._regimes:
            self._regimes[zone] = _regimes(zoneinfo.ZoneInfo(zone), self.first - timedelta(days=3), self.last + timedelta(days=3))
        return self._regimes[zone]


def _less(spans: Spans, shut: tuple[int, int]) -> Spans:
    pieces = [piece for begin, end in spans for piece in ((begin, min(end, shut[0])), (max(begin, shut[1]), end))]
    return [(begin, end) for begin, end in pieces if end > begin]


def _regimes(zone: zoneinfo.ZoneInfo, first: datetime, last: datetime) -> list[tuple[int, int, int]]:
    def offset(us: int) -> int:
        utc_offset = from_microseconds(us).astimezone(zone).utcoffset()
        return (utc_offset or timedelta()) // timedelta(microseconds=1)

    begin, end = microseconds(first), microseconds(last)
    changes = [begin]
    for low, high in itertools.pairwise([*range(begin, end, DAY), end]):
        before = offset(low)
        if offset(high) == before:
            continue
        left, right = low, high
        while right - left > 1:
            middle = (left + right) // 2
            left, right = (middle, right) if offset(middle) == before else (left, middle)
        changes.append(right)
    return [(low, high, offset(low)) for low, high in itertools.pairwise([*changes, end])]
