"""Business hours and holidays as the CRM keeps them."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

import ibis
import pyarrow as pa

from alignment_pipeline.contracts import CONTRACTS

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TIME = re.compile(r"^(\d{2}):(\d{2})")
MINUTES_PER_DAY = 1440
YEARS_BACK, YEARS_AHEAD = 3, 2
_INSTANCES = {"First": 0, "Second": 1, "Third": 2, "Fourth": 3, "Last": -1}
_Record = Mapping[str, str | None]
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"), start=1
    )
}


def business_hours(current: ibis.Table) -> ibis.Table:
    """One row per open interval of a weekday, from the current versions of raw_salesforce_business_hours.

    Times are meant in the record's own zone in spite of their Z. Start equal to end at midnight is open all day, null is closed.
    """
    rows = []
    for record in current.to_pyarrow().to_pylist():
        if (record["IsActive"] or "").lower() != "true":
            continue
        for weekday, day in enumerate(_DAYS):
            opens, closes = _minute(record[f"{day}StartTime"]), _minute(record[f"{day}EndTime"])
            if opens is None or closes is None:
                continue
            rows.append(
                {
                    "calendar": record["Name"] or record["record_id"],
                    "time_zone": record["TimeZoneSidKey"] or "UTC",
                    "weekday": weekday,
                    "opens_minute": opens,
                    "closes_minute": closes if closes > opens else MINUTES_PER_DAY,
                    "is_default": (record["IsDefault"] or "").lower() == "true",
                }
            )
    return ibis.memtable(pa.Table.from_pylist(rows, schema=CONTRACTS["business_hours"].schema))


def crm_holidays(current: ibis.Table, *, as_of: datetime) -> ibis.Table:
    """One row per closed day, from the current versions of raw_salesforce_holidays; recurrences unrolled around `as_of`."""
    first = date(as_of.year - YEARS_BACK, 1, 1)
    last = date(as_of.year + YEARS_AHEAD, 12, 31)
    rows = []
    for record in current.to_pyarrow().to_pylist():
        whole = (record["IsAllDay"] or "true").lower() == "true"
        opens = 0 if whole else _number(record["StartTimeInMinutes"], 0)
        closes = MINUTES_PER_DAY if whole else _number(record["EndTimeInMinutes"], MINUTES_PER_DAY)
        for day in sorted(set(_closed_days(record, first, last))):
            rows.append(
                {
                    "holiday_id": record["record_id"],
                    "name": record["Name"] or record["record_id"],
                    "closed_on": day,
                    "opens_minute": opens,
                    "closes_minute": closes,
                }
            )
    return ibis.memtable(pa.Table.from_pylist(rows, schema=CONTRACTS["crm_holidays"].schema))


def _minute(text: str | None) -> int | None:
    found = _TIME.match(text or "")
    return int(found[1]) * 60 + int(found[2]) if found else None


def _number(text: str | None, default: int) -> int:
    """A whole number; what cannot be read is in quarantine and counts as absent here."""
    try:
        return int(float(text)) if text else default
    except (ValueError, OverflowError):
        return default


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _closed_days(record: _Record, first: date, last: date) -> Iterator[date]:
    day = _day(record["ActivityDate"])
    if (record["IsRecurrence"] or "").lower() != "true":
        if day and first <= day <= last:
            yield day
        return
    # every second week counts from the series' own beginning, however long before the window that is
    begins = _day(record["RecurrenceStartDate"]) or day or first
    ends = min(filter(None, (_day(record["RecurrenceEndDateOnly"]), last)))
    for candidate in _every_day(max(begins, first), ends):
        if _recurs_on(record, candidate, begins):
            yield candidate


def _every_day(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _recurs_on(record: _Record, day: date, begins: date) -> bool:
    """Salesforce's RecurrenceType of a series that begins on `begins`."""
    interval = max(1, _number(record["RecurrenceInterval"], 1))
    mask = _number(record["RecurrenceDayOfWeekMask"], 0)
    day_of_month = _number(record["RecurrenceDayOfMonth"], 0)
    month = _MONTHS.get(record["RecurrenceMonthOfYear"] or "", 0)
    instance = _INSTANCES.get(record["RecurrenceInstance"] or "", 0)
    is_its_month = ((day.year - begins.year) * 12 + day.month - begins.month) % interval == 0
    match record["RecurrenceType"] or "RecursYearly":
        case "RecursDaily":
            return (day - begins).days % interval == 0
        case "RecursEveryWeekday":
            return day.weekday() < 5
        case "RecursWeekly":
            return _is_on(day, mask) and ((_sunday(day) - _sunday(begins)).days // 7) % interval == 0
        case "RecursMonthly":
            return day.day == day_of_month and is_its_month
        case "RecursMonthlyNth":
            return _is_nth(day, mask, instance) and is_its_month
        case "RecursYearly":
            return (day.month, day.day) == (month or begins.month, day_of_month or begins.day)
        case "RecursYearlyNth":
            return day.month == month and _is_nth(day, mask, instance)
    return False


def _is_on(day: date, mask: int) -> bool:
    """A day-of-week mask counts Sunday as 1, Monday 2, Tuesday 4, ..."""
    return bool(mask & (1 << ((day.weekday() + 1) % 7)))


def _sunday(day: date) -> date:
    """The Sunday that begins the day's week."""
    return day - timedelta(days=(day.weekday() + 1) % 7)


def _is_nth(day: date, mask: int, instance: int) -> bool:
    """The first, second, ... or last day of the month among those of the mask (several: any weekday, any weekend day)."""
    _, length = calendar.monthrange(day.year, day.month)
    days = [number for number in range(1, length + 1) if _is_on(day.replace(day=number), mask)]
    return instance < len(days) and bool(days) and days[instance] == day.day
