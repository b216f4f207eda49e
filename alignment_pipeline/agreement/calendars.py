"""When work counts: named calendars of open hours, holidays and leave.

Belongs here: what a calendar may say. The arithmetic on it is `sla/calendars.py`; the clocks that use it: `sla_policies.py`.
"""

from __future__ import annotations

import itertools
import re
import zoneinfo
from datetime import date
from typing import Annotated, Literal, Self

import holidays
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.section import Misplaced, Section

WEEKDAYS: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_HOURS = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-4]):([0-5]\d)$")


def _known_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is not an IANA time zone; write it as Europe/Berlin or America/New_York") from error
    return value


def _known_holidays(value: str) -> str:
    country, _, part = value.partition("-")
    try:
        holidays.country_holidays(country, subdiv=part or None, years=2026)
    except NotImplementedError as error:
        raise ValueError(f"{value!r} names no country or part of one with known holidays; write ISO codes as US, DE or DE-BY") from error
    return value


def minutes_of(text: str) -> tuple[int, int]:
    """Minutes after local midnight of a span such as `09:00-12:30`; 24:00 is the day's end. Raises ValueError."""
    match = _HOURS.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a range of hours; write it as 09:00-17:00")
    opens, closes = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if closes > 1440 or closes <= opens:
        raise ValueError(f"{text!r} must end after it begins and by 24:00; split hours over midnight in two days")
    return opens, closes


Zone = Annotated[str, AfterValidator(_known_zone)]
HolidayRegion = Annotated[str, AfterValidator(_known_holidays)]


class Calendar(Section):
    """Open hours of a week in one time zone, less holidays. Either `week` or `salesforce` says the hours."""

    name: Slug = Field(description="Name that policies use")
    time_zone: Zone = Field(default="UTC", description="IANA zone of the hours; with `salesforce` the CRM's own zone counts")
    week: dict[Weekday, list[str]] = Field(default={}, description="Open spans per weekday, as 09:00-12:30; a day left out is closed")
    salesforce: str | None = Field(default=None, min_length=1, description="Name of a Salesforce BusinessHours record, or 'default'")
    holidays: list[HolidayRegion] = Field(default=[], description="Countries or their parts whose public holidays close it, as US or DE-BY")
    holidays_by_zone: dict[Zone, list[HolidayRegion]] = Field(
        default={}, description="Holidays instead of `holidays` when the calendar runs in that zone (policies with zone rep or lead)"
    )
    crm_holidays: bool = Field(default=False, description="Salesforce holidays close it too")
    crm_holiday_names: list[Pattern] = Field(
        default=[],
        description="Only the Salesforce holidays with these names; empty: all. Salesforce does not tell to which BusinessHours one belongs",
    )

    @model_validator(mode="after")
    def _says_its_hours(self) -> Self:
        if bool(self.week) == bool(self.salesforce):
            raise ValueError(f"calendar {self.name}: give `week` or `salesforce`, one of them")
        for day, spans in self.week.items():
            ordered = sorted(minutes_of(span) for span in spans)
            if any(later[0] < earlier[1] for earlier, later in itertools.pairwise(ordered)):
                raise ValueError(f"calendar {self.name}: the spans of {day} overlap: {', '.join(spans)}")
        if self.crm_holiday_names and not self.crm_holidays:
            raise Misplaced(f"calendar {self.name}: crm_holiday_names chooses among crm_holidays, which are off", "crm_holiday_names")
        if self.week and not any(self.week.values()):
            raise ValueError(f"calendar {self.name}: never opens; give at least one span")
        return self


class Leave(Section):
    """Days off of one person: their business time stands still."""

    email: str = Field(min_length=3, description="The CRM user's e-mail")
    first_day: date = Field(description="First day off, in the user's zone")
    last_day: date = Field(description="Last day off")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError(f"leave of {self.email}: last_day {self.last_day} is before first_day {self.first_day}")
        return self


class LeadZone(Section):
    """The time zone of people in a country, or one of its states."""

    country: str = Field(min_length=1, description="Country as the CRM spells it, any case")
    state: str | None = Field(default=None, description="State as the CRM spells it, any case")
    time_zone: Zone = Field(description="IANA time zone, as Europe/Berlin")
