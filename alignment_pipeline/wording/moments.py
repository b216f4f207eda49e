"""How moments are said to people: in the owner's time zone, as a date that does not age.

Belongs here: dates and times as text. The current time is never asked, so a sentence stays true as long as its facts do.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def day(moment: date) -> str:
    """`12 Nov 2026`."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def due(moment: datetime, zone: str | None, *, year: int | None = None) -> str:
    """`Thu 12 Nov, 10:00 Berlin time`; the year is said when it is not `year`. Without a known zone only the day is said."""
    at = moment.astimezone(_zone(zone)) if zone else moment.astimezone(UTC)
    text = f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}"
    if year is not None and at.year != year:
        text += f" {at.year}"
    return f"{text}, {at:%H:%M} {place(zone)} time" if zone else text


def short(moment: datetime, zone: str | None, *, year: int | None = None) -> str:
    """As `due`, without naming the zone again."""
    return due(moment, zone, year=year).removesuffix(f" {place(zone)} time" if zone else "")


def place(zone: str | None) -> str:
    """The city of a zone: `New York`."""
    return (zone or "").rsplit("/", 1)[-1].replace("_", " ")


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
