"""Open time by sums equals open time by looking at every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import holidays
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts import CONTRACTS, moments
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sla import calendars
from alignment_pipeline.sla.arrays import NEVER
from alignment_pipeline.sla.standing.calendar_days import calendar_days
from alignment_pipeline_tests.sla import oracle
from alignment_pipeline_tests.sla.factories import at, contract, rows_of, table

HOURS = CONTRACTS["business_hours"].schema
CLOSED = CONTRACTS["crm_holidays"].schema
NIGHT = ((0, 150), (1_260, 1_440))
# a day on which each zone's clocks change, and the minutes of the change are inside open hours
CHANGES = {
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "Australia/Lord_Howe": ("2026-04-04", "2026-10-03"),
    "Africa/Casablanca": ("2026-02-15", "2026-03-22"),
    "Asia/Kolkata": ("2026-03-08", "2026-10-25"),
    "America/Santiago": ("2026-04-05", "2026-09-06"),
}


def minutes_after(start: datetime, minutes: float, open_time: calendars.OpenTime) -> datetime | None:
    """The moment at which `minutes` open minutes have passed; None beyond the calendar's table."""
    reached = int(open_time.add(np.array([moments.microseconds(start)]), np.array([round(minutes * moments.MINUTE)]))[0])
    return None if reached >= NEVER else moments.from_microseconds(reached)


def read(
    week: object = None, *, hours: list[dict[str, object]] | None = None, closed: list[dict[str, object]] | None = None, **more: object
) -> calendars.Calendars:
    calendar = {"name": "hours", "time_zone": "America/New_York", **({"week": week} if week else {}), **more}
    sla = Sla.model_validate({"calendars": [calendar]})
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    return calendars.Calendars(sla, pa.Table.from_pylist(hours or [], HOURS), pa.Table.from_pylist(closed or [], CLOSED), first, last)


@pytest.mark.parametrize("zone", sorted(CHANGES))
def test_every_minute_around_a_change_of_clocks_is_open_or_closed_as_the_wall_clock_says(zone: str) -> None:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    built = read({day: ["00:00-02:30", "21:00-24:00"] for day in days}).open_time("hours", zone)
    office = oracle.Office((NIGHT,) * 7)
    for day in CHANGES[zone]:
        begin = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=1)
        minutes = [begin + number * oracle.MINUTE for number in range(3 * 1_440)]
        edges = np.array([moments.microseconds(minute) for minute in [*minutes, minutes[-1] + oracle.MINUTE]])
        actual = (np.diff(built.consumed(edges)) // moments.MINUTE).tolist()

        assert [int(office.is_open(minute, zone)) for minute in minutes] == actual


def test_adding_open_minutes_is_the_inverse_of_counting_them() -> None:
    built = read({"mon": ["09:00-12:00", "13:00-17:00"], "wed": ["10:00-11:30"]}).open_time("hours", "Europe/Berlin")
    rng = np.random.default_rng(7)
    starts = rng.integers(
        moments.microseconds(datetime(2026, 1, 5, tzinfo=UTC)), moments.microseconds(datetime(2026, 10, 1, tzinfo=UTC)), 500
    )
    needs = rng.integers(1, 3_000 * moments.MINUTE, 500)

    ends = built.add(starts, needs)

    assert (built.between(starts, ends) == needs).all()
    assert (built.between(starts, ends - 1) == needs - 1).all()


def test_scalar_and_vector_agree() -> None:
    built = read({"fri": ["09:00-17:00"], "mon": ["09:00-17:00"]}).open_time("hours", "America/New_York")
    start = at("2026-11-20T16:58:00")

    assert minutes_after(start, 5, built) == at("2026-11-23T09:03:00")
    assert calendars.business_minutes_between(start, at("2026-11-23T09:03:00"), built) == 5.0


def test_salesforce_hours_are_read_in_their_own_zone_with_their_holidays() -> None:
    hours = [
        {"calendar": "EMEA", "time_zone": "Europe/Paris", "weekday": day, "opens_minute": 540, "closes_minute": 1_080, "is_default": True}
        for day in range(5)
    ]
    closed = [{"holiday_id": "0C0", "name": "Half day", "closed_on": date(2026, 5, 1), "opens_minute": 720, "closes_minute": 1_440}]
    built = read(hours=hours, closed=closed, salesforce="default", crm_holidays=True)

    assert built.base_zone("hours") == "Europe/Paris"
    open_time = built.open_time("hours", "Europe/Paris")
    assert (
        calendars.business_minutes_between(at("2026-05-01T00:00", "Europe/Paris"), at("2026-05-02T00:00", "Europe/Paris"), open_time)
        == 180.0
    )


def test_a_salesforce_calendar_that_the_crm_does_not_have_says_which_it_has() -> None:
    hours = [{"calendar": "EMEA", "time_zone": "UTC", "weekday": 0, "opens_minute": 0, "closes_minute": 1_440, "is_default": False}]

    with pytest.raises(ConfigurationError, match=r"'default', which the CRM does not have; it has: EMEA"):
        read(hours=hours, salesforce="default").base_zone("hours")


def test_a_calendar_that_never_opens_is_an_error() -> None:
    days = [date(2025, 12, 25) + timedelta(days=number) for number in range(400)]
    closed = [{"holiday_id": "0C0", "name": "", "closed_on": day, "opens_minute": 0, "closes_minute": 1_440} for day in days]

    with pytest.raises(ConfigurationError, match="no open hour"):
        read({"mon": ["09:00-17:00"]}, closed=closed, crm_holidays=True).open_time("hours", "UTC")


@pytest.mark.parametrize(
    ("calendar", "message"),
    [
        ({"week": {"mon": ["9-17"]}}, "is not a range of hours"),
        ({"week": {"mon": ["17:00-09:00"]}}, "must end after it begins"),
        ({"week": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "overlap"),
        ({"week": {"mon": ["09:00-12:00"]}, "time_zone": "EST5"}, "not an IANA time zone"),
        ({"week": {"mon": ["09:00-12:00"]}, "holidays": ["ZZ"]}, "known holidays"),
        ({}, "give `week` or `salesforce`"),
        ({"week": {"mon": ["09:00-12:00"]}, "salesforce": "default"}, "one of them"),
    ],
)
def test_wrong_calendars_are_refused_in_words(calendar: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Sla.model_validate({"calendars": [{"name": "hours", **calendar}]})


def test_a_short_stretch_may_be_closed_altogether() -> None:
    closed = [
        {"holiday_id": "0C0", "name": "", "closed_on": date(2026, 12, day), "opens_minute": 0, "closes_minute": 1_440}
        for day in range(20, 32)
    ]
    built = read({"mon": ["09:00-17:00"]}, closed=closed, crm_holidays=True)
    built.first, built.last = datetime(2026, 12, 24, tzinfo=UTC), datetime(2026, 12, 29, tzinfo=UTC)
    open_time = built.open_time("hours", "UTC")

    assert calendars.business_minutes_between(built.first, built.last, open_time) == 0.0
    assert minutes_after(built.first, 5, open_time) is None


def test_calendar_days_add_up_in_each_zone_of_a_clock_and_in_the_calendar_s_own() -> None:
    week = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    policy = {"name": "touch", "title": "Touch", "trigger": {"event": "activity"}, "stops": [{"event": "touch"}], "target": {"hours": 1}}
    sla = Sla.model_validate(
        {
            "calendars": [
                {"name": "hours", "time_zone": "America/New_York", "week": week, "holidays": ["US"]},
                {"name": "unused", "salesforce": "Nowhere"},
            ],
            "policies": [policy | {"calendar": "hours"}],
            "reporting_weeks": 4,
        }
    )
    clocks = table(contract("sla_clocks"), [{"calendar": "hours", "time_zone": "Asia/Tokyo"}, {"calendar": None, "time_zone": None}])
    empty = [table(contract(name), []) for name in ("business_hours", "crm_holidays")]
    rows = rows_of(calendar_days(clocks, *empty, sla=sla, as_of=datetime(2026, 11, 30, tzinfo=UTC)))

    assert {(row["calendar"], row["time_zone"]) for row in rows} == {("hours", "America/New_York"), ("hours", "Asia/Tokyo")}
    mine = {row["day_on"]: row for row in rows if row["time_zone"] == "America/New_York"}
    assert [mine[date(2026, 11, day)]["open_minutes"] for day in (25, 26, 27, 28)] == [480.0, 0.0, 480.0, 0.0]
    days = sorted(mine)
    assert mine[days[-1]]["cumulative_minutes"] == sum(float(str(mine[day]["open_minutes"])) for day in days[:-1])
    # Monday in Tokyo begins on Sunday evening in UTC, but nine o'clock there is midnight
    tokyo = {row["day_on"]: row["open_minutes"] for row in rows if row["time_zone"] == "Asia/Tokyo"}
    assert (tokyo[date(2026, 11, 29)], tokyo[date(2026, 11, 30)]) == (0.0, 480.0)


def test_salesforce_holidays_close_only_the_calendars_that_name_them() -> None:
    """Salesforce's holidays belong to some BusinessHours, and its API does not tell to which."""
    week = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    usual = {"week": week, "time_zone": "UTC", "crm_holidays": True}
    some = [
        {"name": "all", **usual},
        {"name": "emea", **usual, "crm_holiday_names": ["EMEA*"]},
        {"name": "asia", **usual, "crm_holiday_names": ["apac*"]},
    ]
    sla = Sla.model_validate({"calendars": some})
    day = date(2026, 11, 18)
    closed = [{"holiday_id": "0C0", "name": "EMEA: company day", "closed_on": day, "opens_minute": 0, "closes_minute": 1_440}]
    begin = datetime(2026, 11, 16, tzinfo=UTC)
    found = calendars.Calendars.of(
        table(contract("business_hours"), []), table(contract("crm_holidays"), closed), sla=sla, first=begin, last=begin + timedelta(days=4)
    )
    noon = datetime(2026, 11, 18, 12, tzinfo=UTC)

    assert {name: minutes_after(noon, 60, found.open_time(name, "UTC")) for name in ("all", "emea", "asia")} == {
        "all": datetime(2026, 11, 19, 10, tzinfo=UTC),
        "emea": datetime(2026, 11, 19, 10, tzinfo=UTC),
        "asia": datetime(2026, 11, 18, 13, tzinfo=UTC),
    }


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(["CN", "TW", "UA", "HU", "RU", "DE", "US"]), st.sampled_from([2019, 2023, 2024, 2025, 2026]))
def test_open_hours_of_a_year_are_those_of_its_working_days_moved_ones_included(country: str, year: int) -> None:
    """The law: each weekday that is no holiday is open eight hours, and so is each weekend day that was made a working day."""
    week = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    sla = Sla.model_validate({"calendars": [{"name": "hours", "time_zone": "UTC", "week": week, "holidays": [country]}]})
    first, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    open_time = calendars.Calendars(sla, HOURS.empty_table(), CLOSED.empty_table(), first, last).open_time("hours", "UTC")
    known = holidays.country_holidays(country, years=[year - 1, year, year + 1])
    days = [date(year, 1, 1) + timedelta(days=number) for number in range((last - first).days)]
    working = [day for day in days if day not in known and (day.weekday() < 5 or day in known.weekend_workdays)]

    assert calendars.business_minutes_between(first, last, open_time) == 480.0 * len(working)
