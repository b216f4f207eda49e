"""Business hours and holidays as the CRM keeps them."""

from __future__ import annotations

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
                    "calendar": record["Name"],
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
        opens = 0 if whole else int(float(record["StartTimeInMinutes"] or 0))
        closes = MINUTES_PER_DAY if whole else int(float(record["EndTimeInMinutes"] or MINUTES_PER_DAY))
        for day in sorted(set(_closed_days(record, first, last))):
            rows.append(
                {
                    "holiday_id": record["record_id"],
                    "name": record["Name"],
                    "closed_on": day,
                    "opens_minute": opens,
                    "closes_minute": closes,
                }
            )
    return ibis.memtable(pa.Table.from_pylist(rows, schema=CONTRACTS["crm_holidays"].schema))


def _minute(text: str | None) -> int | None:
    found = _TIME.match(text or "")
    return int(found[1]) * 60 + int(found[2]) if found else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _closed_days(record: Mapping[str, str | None], first: date, last: date) -> Iterator[date]:
    day = _day(record["ActivityDate"])
    if (record["IsRecurrence"] or "").lower() != "true":
        if day and first <= day <= last:
            yield day
        return
    begins = max(filter(None, (_day(record["RecurrenceStartDate"]) or day, first)))
    ends = min(filter(None, (_day(record["RecurrenceEndDateOnly"]), last)))
    for candidate in _every_day(begins, ends):
        if _recurs_on(record, candidate, begins):
            yield candidate


def _every_day(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _recurs_on(record: Mapping[str, str | None], day: date, begins: date) -> bool:
    """Salesforce's RecurrenceType; a day-of-week mask counts Sunday as 1, Monday 2, Tuesday 4, ..."""
    kind = record["RecurrenceType"] or "RecursYearly"
    interval = max(1, int(float(record["RecurrenceInterval"] or 1)))
    mask = int(float(record["RecurrenceDayOfWeekMask"] or 0))
    on_weekday = bool(mask & (1 << ((day.weekday() + 1) % 7)))
    day_of_month = int(float(record["RecurrenceDayOfMonth"] or 0))
    month = _MONTHS.get(record["RecurrenceMonthOfYear"] or "", 0)
    instance = _INSTANCES.get(record["RecurrenceInstance"] or "", 0)
    rules = {
        "RecursDaily": (day - begins).days % interval == 0,
        "RecursEveryWeekday": day.weekday() < 5,
        "RecursWeekly": on_weekday and ((day - begins).days // 7) % interval == 0,
        "RecursMonthly": day.day == day_of_month,
        "RecursMonthlyNth": on_weekday and _is_nth(day, instance),
        "RecursYearly": (day.month, day.day) == (month or begins.month, day_of_month or begins.day),
        "RecursYearlyNth": day.month == month and on_weekday and _is_nth(day, instance),
    }
    return rules.get(kind, False)


def _is_nth(day: date, instance: int) -> bool:
    if instance == -1:
        return (day + timedelta(days=7)).month != day.month
    return (day.day - 1) // 7 == instance
