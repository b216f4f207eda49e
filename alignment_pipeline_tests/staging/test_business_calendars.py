"""Business hours and holidays as the CRM keeps them: every kind of recurrence against dates that a person can look up."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from alignment_pipeline.staging import business_calendars
from alignment_pipeline_tests.staging.factories import raw, raw_row, rows

HOLIDAYS, HOURS = "raw_salesforce_holidays", "raw_salesforce_business_hours"
AS_OF = datetime(2026, 11, 20, 12, tzinfo=UTC)
SUNDAY, MONDAY, TUESDAY, THURSDAY, SATURDAY = 1, 2, 4, 16, 64
WEEKDAYS = 62


def closed(**fields: Any) -> list[date]:
    """Days on which one holiday closes the business."""
    table = raw(HOLIDAYS, raw_row(HOLIDAYS, "0C0000000000001AAA", **{"Name": "Day off", "IsAllDay": "true"} | fields))
    return [row["closed_on"] for row in rows(business_calendars.crm_holidays(table, as_of=AS_OF), "closed_on")]


def recurring(kind: str, start: str = "2020-01-01", end: str | None = None, **fields: Any) -> list[date]:
    return closed(IsRecurrence="true", RecurrenceType=kind, RecurrenceStartDate=start, RecurrenceEndDateOnly=end, **fields)


def test_a_single_day() -> None:
    assert [date(2026, 12, 24)] == closed(ActivityDate="2026-12-24", IsRecurrence="false")


def test_a_day_outside_the_window_is_left_out() -> None:
    assert [] == closed(ActivityDate="2019-12-24", IsRecurrence="false")
    assert [] == closed(ActivityDate="2031-12-24", IsRecurrence="false")


def test_every_year_on_a_date() -> None:
    found = recurring("RecursYearly", RecurrenceDayOfMonth="25", RecurrenceMonthOfYear="December")
    assert [date(year, 12, 25) for year in range(2023, 2029)] == found


def test_every_year_without_a_named_month_is_the_beginning_s_day() -> None:
    assert [date(year, 7, 14) for year in range(2023, 2029)] == recurring("RecursYearly", "2015-07-14")


def test_thanksgiving_is_the_fourth_thursday_of_november() -> None:
    found = recurring(
        "RecursYearlyNth", RecurrenceInstance="Fourth", RecurrenceDayOfWeekMask=str(THURSDAY), RecurrenceMonthOfYear="November"
    )
    days = [(2023, 23), (2024, 28), (2025, 27), (2026, 26), (2027, 25), (2028, 23)]
    assert [date(year, 11, day) for year, day in days] == found


def test_memorial_day_is_the_last_monday_of_may() -> None:
    found = recurring("RecursYearlyNth", RecurrenceInstance="Last", RecurrenceDayOfWeekMask=str(MONDAY), RecurrenceMonthOfYear="May")
    days = [(2023, 29), (2024, 27), (2025, 26), (2026, 25), (2027, 31), (2028, 29)]
    assert [date(year, 5, day) for year, day in days] == found


def test_the_first_tuesday_of_each_month() -> None:
    found = recurring("RecursMonthlyNth", "2026-01-01", "2026-04-30", RecurrenceInstance="First", RecurrenceDayOfWeekMask=str(TUESDAY))
    assert [date(2026, 1, 6), date(2026, 2, 3), date(2026, 3, 3), date(2026, 4, 7)] == found


def test_the_last_weekday_of_each_month_is_one_day() -> None:
    found = recurring("RecursMonthlyNth", "2026-01-01", "2026-03-31", RecurrenceInstance="Last", RecurrenceDayOfWeekMask=str(WEEKDAYS))
    assert [date(2026, 1, 30), date(2026, 2, 27), date(2026, 3, 31)] == found


def test_a_day_of_the_month_that_short_months_lack() -> None:
    assert [date(2026, 1, 31), date(2026, 3, 31)] == recurring("RecursMonthly", "2026-01-01", "2026-04-30", RecurrenceDayOfMonth="31")


def test_every_second_month() -> None:
    found = recurring("RecursMonthly", "2026-01-01", "2026-06-30", RecurrenceDayOfMonth="15", RecurrenceInterval="2")
    assert [date(2026, 1, 15), date(2026, 3, 15), date(2026, 5, 15)] == found


def test_every_week_on_two_days() -> None:
    found = recurring("RecursWeekly", "2026-11-01", "2026-11-14", RecurrenceDayOfWeekMask=str(SUNDAY + SATURDAY), RecurrenceInterval="1")
    assert [date(2026, 11, 1), date(2026, 11, 7), date(2026, 11, 8), date(2026, 11, 14)] == found


def test_every_second_week_keeps_its_phase_across_the_window_s_beginning() -> None:
    # from Monday 2020-01-06 every second Monday; the window begins on 2023-01-01, 156 weeks later
    found = recurring("RecursWeekly", "2020-01-06", "2023-02-01", RecurrenceDayOfWeekMask=str(MONDAY), RecurrenceInterval="2")
    assert [date(2023, 1, 2), date(2023, 1, 16), date(2023, 1, 30)] == found


def test_every_third_day_keeps_its_phase_across_the_window_s_beginning() -> None:
    # 2022-12-30 plus three days is 2023-01-02
    assert [date(2023, 1, 2), date(2023, 1, 5)] == recurring("RecursDaily", "2022-12-30", "2023-01-07", RecurrenceInterval="3")


def test_every_weekday() -> None:
    assert [date(2026, 11, day) for day in (19, 20, 23)] == recurring("RecursEveryWeekday", "2026-11-19", "2026-11-23")


def test_an_unknown_kind_closes_nothing() -> None:
    assert [] == recurring("RecursOnFullMoon", "2026-11-01", "2026-11-30")


@pytest.mark.parametrize("field", ["RecurrenceInterval", "RecurrenceDayOfWeekMask", "RecurrenceDayOfMonth"])
def test_an_unreadable_number_does_not_end_the_run(field: str) -> None:
    for poison in ("many", "1e999", "NaN"):
        recurring("RecursYearly", **{field: poison})


def test_part_of_a_day() -> None:
    table = raw(
        HOLIDAYS,
        raw_row(
            HOLIDAYS,
            "0C0000000000001AAA",
            Name="Afternoon off",
            ActivityDate="2026-12-31",
            IsAllDay="false",
            StartTimeInMinutes="720",
            EndTimeInMinutes="1080",
        ),
    )
    found = rows(business_calendars.crm_holidays(table, as_of=AS_OF))
    assert [(date(2026, 12, 31), 720, 1080)] == [(row["closed_on"], row["opens_minute"], row["closes_minute"]) for row in found]


def hours(**fields: Any) -> list[tuple[int, int, int]]:
    row = raw_row(HOURS, "01m000000000001AAA", **{"Name": "Berlin", "IsActive": "true", "TimeZoneSidKey": "Europe/Berlin"} | fields)
    found = rows(business_calendars.business_hours(raw(HOURS, row)), "weekday")
    return [(one["weekday"], one["opens_minute"], one["closes_minute"]) for one in found]


def test_nine_to_five_on_a_day() -> None:
    assert [(0, 540, 1020)] == hours(MondayStartTime="09:00:00.000Z", MondayEndTime="17:00:00.000Z")


def test_midnight_to_midnight_is_the_whole_day_and_null_is_closed() -> None:
    assert [(6, 0, 1440)] == hours(SundayStartTime="00:00:00.000Z", SundayEndTime="00:00:00.000Z", MondayStartTime="09:00:00.000Z")


def test_until_midnight() -> None:
    assert [(4, 780, 1440)] == hours(FridayStartTime="13:00:00.000Z", FridayEndTime="00:00:00.000Z")


def test_inactive_hours_are_left_out_and_unreadable_ones_are_closed() -> None:
    assert [] == hours(IsActive="false", MondayStartTime="09:00:00.000Z", MondayEndTime="17:00:00.000Z")
    assert [] == hours(MondayStartTime="nine", MondayEndTime="17:00:00.000Z")
