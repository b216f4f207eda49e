"""The fiscal calendar: the zone in which a day ends, and the periods of a fiscal year.

Belongs here: the two settings and the calendar arithmetic that follows from them. Calendars of business hours: `calendars.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator

from alignment_pipeline.agreement.section import Section

PeriodKind = Literal["month", "quarter", "year"]
_MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, order=True)
class FiscalPeriod:
    """A month, quarter or year of a fiscal year, both days included. `name` is 2026Q4, 2026M11 or 2026."""

    first: date
    last: date
    name: str

    def business_days(self, until: date | None = None) -> int:
        """Mondays to Fridays of the period up to and with a day; all of them by default."""
        end = self.last if until is None else min(until, self.last)
        return sum((self.first + timedelta(days=number)).weekday() < 5 for number in range((end - self.first).days + 1))

    def day(self, number: int) -> date:
        """The business day of this number, counted from 1; the period's last day when it has fewer."""
        weekdays = [one for one in self._days() if one.weekday() < 5]
        return weekdays[number - 1] if 0 < number <= len(weekdays) else self.last

    def _days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


class Fiscal(Section):
    """When a day ends and when a fiscal year begins. A fiscal year bears the number of the calendar year in which it ends."""

    first_month: Annotated[int, Field(ge=1, le=12)] = Field(default=1, description="Month in which the fiscal year begins")
    time_zone: str = Field(default="UTC", description="IANA zone in which a day ends")
    period: PeriodKind = Field(default="quarter", description="Period for which targets, coverage and bridges are given")

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no IANA time zone; write one such as Europe/Berlin")
        return value

    def year_of(self, day: date) -> int:
        """The fiscal year that holds a day."""
        return day.year + (1 if self.first_month > 1 and day.month >= self.first_month else 0)

    def period_of(self, day: date, kind: PeriodKind | None = None) -> FiscalPeriod:
        """The period that holds a day."""
        length = _MONTHS[kind or self.period]
        place = (day.month - self.first_month) % 12 // length
        month = self.first_month - 1 + place * length
        year = self.year_of(day) - (1 if self.first_month > 1 else 0)
        first, following = _month(year, month), _month(year, month + length)
        number = {1: f"M{place + 1:02d}", 3: f"Q{place + 1}", 12: ""}[length]
        return FiscalPeriod(first, following - timedelta(days=1), f"{self.year_of(first)}{number}")

    def before(self, period: FiscalPeriod, kind: PeriodKind | None = None) -> FiscalPeriod:
        """The period before."""
        return self.period_of(period.first - timedelta(days=1), kind)

    def after(self, period: FiscalPeriod, kind: PeriodKind | None = None) -> FiscalPeriod:
        """The period after."""
        return self.period_of(period.last + timedelta(days=1), kind)

    def end_of(self, day: date) -> datetime:
        """The moment at which a day is over, in UTC."""
        return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(self.time_zone)).astimezone(UTC)

    def day_of(self, moment: datetime) -> date:
        """The day on which a moment falls."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()


def _month(year: int, months: int) -> date:
    return date(year + months // 12, months % 12 + 1, 1)
