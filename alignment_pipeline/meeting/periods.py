"""The week or quarter a pack is about, and the weeks it is compared with.

Belongs here: names, days and bounds of periods, in the fiscal calendar's zone. What is counted in them: `sections/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.errors import ConfigurationError

Kind = Literal["week", "quarter"]
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK = re.compile(r"^(\d{4})-W(\d{2})$")
_QUARTER = re.compile(r"^(\d{4})Q([1-4])$")
_WEEKS_OF_A_QUARTER = 13


@dataclass(frozen=True)
class Period:
    """An ISO week (2026-W47) or a fiscal quarter (2026Q4), both days included."""

    name: str
    kind: Kind
    first: date
    last: date

    def window(self, weeks: int) -> date:
        """The first day of what the period is compared with: so many weeks before, or as many days as a quarter has."""
        return self.first - timedelta(weeks=weeks if self.kind == "week" else _WEEKS_OF_A_QUARTER)


def week_name(day: date) -> str:
    """`2026-W47`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def week_of(day: date) -> Period:
    """The ISO week that holds a day."""
    first = day - timedelta(days=day.weekday())
    return Period(week_name(day), "week", first, first + timedelta(days=6))


def meeting_week(today: date) -> Period:
    """The week a meeting of today is about: the last one, from Thursday on this one, of which most days are over then."""
    return week_of(today if today.weekday() >= 3 else today - timedelta(days=7))


def quarter_of(day: date, fiscal: Fiscal) -> Period:
    """The fiscal quarter that holds a day."""
    period = fiscal.period_of(day, "quarter")
    return Period(period.name, "quarter", period.first, period.last)


def parse(name: str, fiscal: Fiscal) -> Period:
    """The period of a name. Raises ConfigurationError for what is none."""
    if parts := _WEEK.match(name):
        try:
            return week_of(date.fromisocalendar(int(parts[1]), int(parts[2]), 1))
        except ValueError as error:
            raise ConfigurationError(f"{name} is no week: {error}") from error
    if parts := _QUARTER.match(name):
        day = date(int(parts[1]) - 1, 1, 1)
        while day.year <= int(parts[1]):
            quarter = fiscal.period_of(day, "quarter")
            if quarter.name == name:
                return Period(name, "quarter", quarter.first, quarter.last)
            day = quarter.last + timedelta(days=1)
    raise ConfigurationError(f"{name!r} names no period; write a week as 2026-W47 or a fiscal quarter as 2026Q4")


def days(period: Period, fiscal: Fiscal, *, weeks: int) -> ibis.Table:
    """One row per day from the window's first to the period's last: week, weekday, bounds in UTC, whether it is of the period."""
    first = period.window(weeks)
    dates = [first + timedelta(days=number) for number in range((period.last - first).days + 1)]
    moment = pa.timestamp("us", tz="UTC")
    return ibis.memtable(
        pa.table(
            {
                "day_on": pa.array(dates, pa.date32()),
                "week": [week_name(day) for day in dates],
                "weekday": [WEEKDAYS[day.weekday()] for day in dates],
                "in_period": ["yes" if period.first <= day <= period.last else "no" for day in dates],
                "begins_at": pa.array([fiscal.end_of(day - timedelta(days=1)) for day in dates], moment),
                "ends_at": pa.array([fiscal.end_of(day) for day in dates], moment),
            }
        )
    )


def dated(table: ibis.Table, column: str, days_of: ibis.Table) -> ibis.Table:
    """The rows whose moment lies in the window, with `week`, `weekday` and `in_period`."""
    named = days_of.select("week", "weekday", "in_period", "begins_at", "ends_at")
    joined = table.join(named, [table[column] >= named.begins_at, table[column] < named.ends_at])
    return joined.drop("begins_at", "ends_at")


def weeks_of(period: Period, *, weeks: int) -> list[str]:
    """The names of the window's weeks, in order; that of the period is the last."""
    day, listed = period.window(weeks), []
    while day <= period.last:
        listed.append(week_name(day))
        day += timedelta(days=7)
    return list(dict.fromkeys([*listed, week_name(period.last)]))


def business_days_after(day: date, number: int) -> date:
    """The day that is so many Mondays to Fridays later."""
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day


def moment_of(day: date, fiscal: Fiscal) -> datetime:
    """The moment at which a day begins."""
    return fiscal.end_of(day - timedelta(days=1))
