"""Business hours and holidays as the CRM keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

import ibis
import pyarrow as pa
from dateutil import rrule

from alignment_pipeline.contracts import CONTRACTS

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TIME = re.compile(r"^(\d{2}):(\d{2})")
MINUTES_PER_DAY = 1440
YEARS_BACK, YEARS_AHEAD = 3, 2
_INSTANCES = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}
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
    clock = _TIME.match(text or "")
    return int(clock[1]) * 60 + int(clock[2]) if clock else None


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
    begins = _day(record["RecurrenceStartDate"]) or day or first
    ends = min(filter(None, (_day(record["RecurrenceEndDateOnly"]), last)))
    rule = _recurrence(record, begins, ends)
    if rule is not None:
        # every second week counts from the series' own beginning, however long before the window that is
        for moment in rule.between(_midnight(first), _midnight(ends), inc=True):
            yield moment.date()


def _recurrence(record: _Record, begins: date, ends: date) -> rrule.rrule | None:
    """Salesforce's recurrence as RFC 5545's; None where it closes no day."""
    month = _MONTHS.get(record["RecurrenceMonthOfYear"] or "", 0)
    day_of_month = _number(record["RecurrenceDayOfMonth"], 0)
    weekdays = _weekdays(_number(record["RecurrenceDayOfWeekMask"], 0))
    place = _INSTANCES.get(record["RecurrenceInstance"] or "", 1)
    wanted: dict[str, Any]
    match record["RecurrenceType"] or "RecursYearly":
        case "RecursDaily":
            wanted = {"freq": rrule.DAILY}
        case "RecursEveryWeekday":
            wanted = {"freq": rrule.DAILY, "byweekday": range(5)}
        case "RecursWeekly" if weekdays:
            wanted = {"freq": rrule.WEEKLY, "byweekday": weekdays}
        case "RecursMonthly" if 1 <= day_of_month <= 31:
            wanted = {"freq": rrule.MONTHLY, "bymonthday": day_of_month}
        case "RecursMonthlyNth" if weekdays:
            wanted = {"freq": rrule.MONTHLY, "byweekday": weekdays, "bysetpos": place}
        case "RecursYearly" if 0 <= day_of_month <= 31:
            wanted = {"freq": rrule.YEARLY, "bymonth": month or begins.month, "bymonthday": day_of_month or begins.day}
        case "RecursYearlyNth" if weekdays and month:
            wanted = {"freq": rrule.YEARLY, "bymonth": month, "byweekday": weekdays, "bysetpos": place}
        case _:
            return None
    has_interval = wanted["freq"] in (rrule.WEEKLY, rrule.MONTHLY) or wanted == {"freq": rrule.DAILY}
    interval = max(1, _number(record["RecurrenceInterval"], 1)) if has_interval else 1
    # Salesforce's weeks begin on Sunday
    return rrule.rrule(**wanted, interval=interval, wkst=rrule.SU, dtstart=_midnight(begins), until=_midnight(ends))


def _weekdays(mask: int) -> list[int]:
    """The weekdays (Monday is 0) of a mask that counts Sunday as 1, Monday 2, Tuesday 4, ..."""
    return [weekday for weekday in range(7) if mask & (1 << ((weekday + 1) % 7))]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
