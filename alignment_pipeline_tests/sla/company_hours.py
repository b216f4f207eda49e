"""When offices are open, read from the agreement and the CRM's holidays in plain Python, for the oracle of a whole organisation.

Belongs here: each five minutes of a period are asked what the wall clock shows. No interval, no sum table. Clocks: `company_oracle.py`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from alignment_pipeline.agreement.calendars import WEEKDAYS
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline_tests.sla.company_records import Row

MICRO, CELL = timedelta(microseconds=1), timedelta(minutes=5)


class Strip:
    """One byte for each five minutes of the period: whether the office is open then, by the wall clock of a zone."""

    def __init__(self, spans: dict[int, list[tuple[int, int]]], closed: dict[date, list[tuple[int, int]]], zone: str,
                 begin: datetime, end: datetime) -> None:  # fmt: skip
        self.begin, self.end = begin, end
        bounds = [bound for day in (*spans.values(), *closed.values()) for span in day for bound in span]
        assert not any(bound % 5 for bound in bounds), "hours that begin within five minutes need a finer strip"
        where, cells, moment = ZoneInfo(zone), bytearray(), begin
        while moment < end:
            local = moment.astimezone(where)
            minute = local.hour * 60 + local.minute
            is_open = any(opens <= minute < closes for opens, closes in spans.get(local.weekday(), ()))
            cells.append(is_open and not any(shuts <= minute < ends for shuts, ends in closed.get(local.date(), ())))
            moment += CELL
        self.cells = bytes(cells)

    def micros(self, begin: datetime, end: datetime) -> int:
        """Open microseconds between two moments."""
        first, last = self._cell(begin), self._cell(end)
        if first == last:
            return self.cells[first] * ((end - begin) // MICRO)
        head = self.begin + (first + 1) * CELL - begin
        tail = end - (self.begin + last * CELL)
        whole = self.cells.count(1, first + 1, last)
        return self.cells[first] * (head // MICRO) + whole * (CELL // MICRO) + self.cells[last] * (tail // MICRO)

    def reach(self, begin: datetime, need: int) -> datetime:
        """Walk cell by cell until `need` open microseconds have passed."""
        number, moment = self._cell(begin), begin
        while True:
            until = self.begin + (number + 1) * CELL
            length = (until - moment) // MICRO if self.cells[number] else 0
            if length >= need:
                return moment + need * MICRO
            need, moment, number = need - length, until, number + 1

    def _cell(self, moment: datetime) -> int:
        return (moment - self.begin) // CELL


class Hours:
    """The agreement's calendars from `begin` to `end`, each as a strip per zone."""

    def __init__(self, sla: Sla, crm_holidays: list[Row], begin: datetime, end: datetime) -> None:
        assert not sla.leave, "the shipped agreement has no leave; teach the oracle"
        self.sla, self.crm_holidays, self.begin, self.end = sla, crm_holidays, begin, end
        self.strips: dict[tuple[str, str], Strip] = {}

    def strip(self, name: str, zone: str | None) -> Strip:
        """A calendar read in a zone, or in its own where the zone is none."""
        calendar = self.sla.calendar(name)
        assert calendar.salesforce is None, "no shipped policy runs in the CRM's hours; teach the oracle"
        zone = _zone(zone) or calendar.time_zone
        if (name, zone) not in self.strips:
            spans = {WEEKDAYS.index(day): [_minutes(span) for span in texts] for day, texts in calendar.week.items()}
            closed: dict[date, list[tuple[int, int]]] = {}
            for region in calendar.holidays_by_zone.get(zone, calendar.holidays):
                country, _, part = region.partition("-")
                for day in holidays.country_holidays(country, subdiv=part or None, years=range(self.begin.year - 1, self.end.year + 2)):
                    closed.setdefault(day, []).append((0, 1440))
            for row in self.crm_holidays if calendar.crm_holidays else ():
                closed.setdefault(row["closed_on"], []).append((row["opens_minute"], row["closes_minute"]))
            self.strips[name, zone] = Strip(spans, closed, zone, self.begin, self.end)
        return self.strips[name, zone]


def _minutes(span: str) -> tuple[int, int]:
    opens, closes = (text.strip().split(":") for text in span.split("-"))
    return int(opens[0]) * 60 + int(opens[1]), int(closes[0]) * 60 + int(closes[1])


def _zone(name: str | None) -> str | None:
    try:
        return ZoneInfo(name).key if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
