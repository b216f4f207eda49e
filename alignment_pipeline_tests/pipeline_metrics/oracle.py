"""Plain-Python answers over a list of events: written from docs/pipeline.md alone, nothing of the package in it.

An event is (deal, moment, values after it); a deal's values on a day are those of its last event before the day is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

Event = tuple[str, datetime, dict[str, Any]]


@dataclass(frozen=True)
class Period:
    first: date
    last: date


def quarter(day: date) -> Period:
    month = (day.month - 1) // 3 * 3 + 1
    first = date(day.year, month, 1)
    following = date(day.year + month // 10, (month + 3 - 1) % 12 + 1, 1)
    return Period(first, following - timedelta(days=1))


def state(events: Iterable[Event], day: date) -> dict[str, dict[str, Any]]:
    """Deal -> values at the end of a day; deleted ones are not there."""
    end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    last: dict[str, dict[str, Any]] = {}
    for deal, moment, values in sorted(events, key=lambda event: (event[0], event[1])):
        if moment < end:
            last[deal] = values | {"created": last.get(deal, {}).get("created", moment)}
    return {deal: values for deal, values in last.items() if not values["is_deleted"]}


def is_in(values: dict[str, Any] | None, period: Period) -> bool:
    return values is not None and period.first <= values["close"] <= period.last


def bridge(events: list[Event], since: date, until: date, period: Period, team: str | None = None) -> dict[str, int]:
    """Part -> signed hundredths, one deal after the other."""
    before, after = state(events, since), state(events, until)
    end = datetime(since.year, since.month, since.day, tzinfo=UTC) + timedelta(days=1)
    sums: dict[str, int] = {}

    def add(part: str, cents: int) -> None:
        sums[part] = sums.get(part, 0) + cents

    for deal in before.keys() | after.keys():
        whole_0, whole_1 = before.get(deal), after.get(deal)
        one = whole_0 if whole_0 and team in (None, whole_0["owner"]) else None
        two = whole_1 if whole_1 and team in (None, whole_1["owner"]) else None
        cents_0, cents_1 = (one or {}).get("cents") or 0, (two or {}).get("cents") or 0
        starts = one is not None and one["stage"] == "open" and is_in(one, period)
        ends = two is not None and two["stage"] == "open" and is_in(two, period)
        if starts:
            add("start", cents_0)
        if ends:
            add("end", cents_1)
        closing = two["stage"] if two and two["stage"] != "open" and is_in(two, period) else None
        if starts:
            if ends or closing:
                add("increased" if cents_1 > cents_0 else "decreased", cents_1 - cents_0)
            if closing:
                add(closing, -cents_1)
            elif not ends:
                leaving = "pushed_out" if two else "transferred_out" if whole_1 else "deleted"
                add(leaving, -cents_0)
            continue
        stood = whole_0["stage"] if whole_0 else None
        was_closed = stood in ("won", "lost")
        if closing and ((closing == "won" and stood == "won") or (closing == "lost" and was_closed)):
            closing = None
        if not (ends or closing):
            continue
        assert two is not None
        if two["created"] >= end:
            entry = "new"
        elif was_closed:
            entry = "reopened"
        elif whole_0 and whole_0["stage"] == "open" and is_in(whole_0, period):
            entry = "transferred_in"
        else:
            entry = "pulled_in"
        add(entry, cents_1)
        if closing:
            add(closing, -cents_1)
    return {part: cents for part, cents in sums.items() if cents}


def open_and_booked(events: list[Event], day: date, period: Period) -> dict[str, int]:
    """Sums of a day: open, overdue, bookings, all open; and how many have no amount."""
    on = list(state(events, day).values())
    inside = [values for values in on if is_in(values, period)]
    return {
        "open_pipeline": sum(values["cents"] or 0 for values in inside if values["stage"] == "open"),
        "overdue_pipeline": sum(values["cents"] or 0 for values in inside if values["stage"] == "open" and values["close"] < day),
        "all_open_pipeline": sum(values["cents"] or 0 for values in on if values["stage"] == "open"),
        "bookings": sum(values["cents"] or 0 for values in inside if values["stage"] == "won"),
        "without_amount": sum(values["cents"] is None for values in inside if values["stage"] == "open"),
    }


def past_periods(events: list[Event], today: date, number: int, count: int) -> list[tuple[int, int, int]]:
    """(open on business day `number`, won of that, later bookings) of the last complete periods, the latest first."""
    found, final, period = [], state(events, today), quarter(today)
    for _ in range(count):
        period = quarter(period.first - timedelta(days=1))
        days = [period.first + timedelta(days=place) for place in range((period.last - period.first).days + 1)]
        working = [day for day in days if day.weekday() < 5]
        day = (working[number - 1] if number <= len(working) else period.last) if number else period.first - timedelta(days=1)
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        open_ = {deal: values for deal, values in state(events, day).items() if values["stage"] == "open" and is_in(values, period)}
        won = {deal: values for deal, values in final.items() if values["stage"] == "won" and is_in(values, period)}
        of_open = sum(values["cents"] or 0 for deal, values in won.items() if deal in open_)
        later = sum(values["cents"] or 0 for deal, values in won.items() if deal not in open_ and closing(events, deal, today) >= end)
        found.append((sum(values["cents"] or 0 for values in open_.values()), of_open, later))
    return found


def closing(events: list[Event], deal: str, today: date) -> datetime:
    """When a deal was closed after it was last open."""
    end = datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)
    own = sorted((event for event in events if event[0] == deal and event[1] < end), key=lambda event: event[1])
    at = None
    for _deal, moment, values in own:
        at = None if values["stage"] == "open" else at or moment
    assert at is not None
    return at


def waits(events: list[Event], until: datetime) -> list[tuple[float, int, float]]:
    """From creation to won: (days, 1 won, 2 lost or deleted, 0 still there; days since creation) of each deal."""
    found = []
    for deal in sorted({event[0] for event in events}):
        own = sorted((event for event in events if event[0] == deal and event[1] < until), key=lambda event: event[1])
        if not own:
            continue
        created, ends = own[0][1], []
        for _deal, moment, values in own:
            if values["is_deleted"] or values["stage"] == "lost":
                ends.append((moment, 2))
            elif values["stage"] == "won":
                ends.append((moment, 1))
        moment, ending = min(ends) if ends else (until, 0)
        found.append(((moment - created) / timedelta(days=1), ending, (until - created) / timedelta(days=1)))
    return found


@dataclass(frozen=True)
class Step:
    """From a stage, or `created`, to others; `order` is the place of each stage in the CRM's list."""

    begins: str
    reaches: tuple[str, ...]
    leaves: tuple[str, ...]
    order: dict[str, int]


Wait = tuple[datetime, datetime, int]
"""Entered, until when, and how it ended: 1 converted, 2 left otherwise, 0 still there."""


def step_waits(events: list[Event], step: Step, until: datetime) -> list[Wait]:
    """Of deals whose events name their stage in `name`: the first entry into a step, and what came of it."""
    lives: dict[str, dict[datetime, dict[str, Any]]] = {}
    for deal, moment, values in sorted(events, key=lambda event: (event[0], event[1])):
        if moment < until:
            lives.setdefault(deal, {})[moment] = values  # of several at one moment the last
    known = {values["name"] for life in lives.values() for values in life.values()}

    def place(stage: str) -> int | None:
        return step.order[stage] if stage in known else None

    reached = [there for there in (place(stage) for stage in step.reaches if stage != "won") if there is not None]
    found = []
    for life in lives.values():
        entered = _entry(life, step.begins, place(step.begins), step.order)
        if entered is None:
            continue
        ends = []
        for moment, values in life.items():
            if moment < entered:
                continue
            is_open, at = values["stage"] == "open", step.order[values["name"]]
            beyond = is_open and any(at >= one for one in reached)
            if not values["is_deleted"] and (values["name"] in step.reaches or values["stage"] == "won" or beyond):
                ends.append((moment, 1))
            if values["is_deleted"] or values["stage"] == "lost" or values["name"] in step.leaves:
                ends.append((moment, 2))
        moment, ending = min(ends) if ends else (until, 0)
        found.append((entered, moment, ending))
    return found


def _entry(life: dict[datetime, dict[str, Any]], begins: str, place: int | None, order: dict[str, int]) -> datetime | None:
    """When a deal entered a stage first: by being in it, or by being in a later one after it was seen in an earlier one."""
    seen = [(moment, values) for moment, values in life.items() if not values["is_deleted"]]
    if begins == "created":
        return seen[0][0] if seen else None
    seen = [(moment, values) for moment, values in seen if values["stage"] != "lost"]
    for moment, values in seen:
        passed = place is not None and order[values["name"]] > place and order[seen[0][1]["name"]] < place
        if values["name"] == begins or passed:
            return moment
    return None


def readings(waits: list[Wait], within: float, until: datetime, period: Period) -> dict[str, tuple[float | None, int]]:
    """The three readings, each with the number of cases below the line."""
    inside = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (period.first, period.last + timedelta(days=1))]
    rows = [((ended - entered) / timedelta(days=1), ending, (until - entered) / timedelta(days=1)) for entered, ended, ending in waits]
    entries = sum(inside[0] <= entered < inside[1] for entered, _ended, _ending in waits)
    exits = sum(ending == 1 and inside[0] <= ended < inside[1] for _entered, ended, ending in waits)
    old = [row for row in rows if row[2] >= within]
    return {
        "flow": (exits / entries if entries else None, entries),
        "cohort": (sum(row[1] == 1 and row[0] <= within for row in old) / len(old) if old else None, len(old)),
        "incidence": (incidence(rows, within) if rows else None, len(rows)),
    }


def incidence(rows: list[tuple[float, int, float]], within: float) -> float:
    """Aalen-Johansen by its definition: at each day of an exit, who is there, who goes."""
    total, alive = 0.0, 1.0
    for day in sorted({days for days, ending, _age in rows if ending and days <= within}):
        there = sum(days >= day for days, _ending, _age in rows)
        total += alive * sum(ending == 1 and days == day for days, ending, _age in rows) / there
        alive *= 1 - sum(ending != 0 and days == day for days, ending, _age in rows) / there
    return total
