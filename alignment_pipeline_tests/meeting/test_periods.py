"""Weeks and quarters: names, days, and which one a meeting is about."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.meeting import periods

FISCAL = Fiscal()
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@given(DAYS)
def test_every_day_lies_in_the_week_that_its_name_gives(day: date) -> None:
    week = periods.week_of(day)

    assert week.first <= day <= week.last and (week.last - week.first).days == 6
    assert periods.parse(week.name, FISCAL) == week


@given(DAYS, st.integers(1, 12))
def test_every_quarter_is_found_again_by_its_name(day: date, first_month: int) -> None:
    fiscal = Fiscal(first_month=first_month)
    quarter = periods.quarter_of(day, fiscal)

    assert quarter.first <= day <= quarter.last
    assert periods.parse(quarter.name, fiscal) == quarter


@pytest.mark.parametrize(
    ("today", "week"),
    [
        (date(2026, 11, 16), "2026-W46"),  # Monday: the week that is over
        (date(2026, 11, 18), "2026-W46"),
        (date(2026, 11, 19), "2026-W47"),  # Thursday: most of this one is over
        (date(2026, 11, 21), "2026-W47"),
        (date(2027, 1, 4), "2026-W53"),
    ],
)
def test_a_meeting_is_about_the_week_of_which_most_is_over(today: date, week: str) -> None:
    assert week == periods.meeting_week(today).name


@pytest.mark.parametrize("name", ["2026-W54", "2026-47", "2026Q5", "last", "", "2026-W00"])
def test_what_names_no_period_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"no week|names no period"):
        periods.parse(name, FISCAL)


def test_a_week_is_compared_with_the_twelve_before() -> None:
    week = periods.parse("2026-W47", FISCAL)
    names = periods.weeks_of(week, weeks=12)
    rows = periods.days(week, FISCAL, weeks=12).to_pyarrow().to_pylist()

    assert (13, "2026-W35", "2026-W47") == (len(names), names[0], names[-1])
    assert {row["week"] for row in rows if row["in_period"] == "yes"} == {"2026-W47"}
    assert 7 * 13 == len(rows)
    assert all(row["ends_at"] - row["begins_at"] == timedelta(days=1) for row in rows)


def test_days_end_in_the_fiscal_zone_even_when_clocks_change() -> None:
    rows = periods.days(periods.parse("2026-W44", FISCAL), Fiscal(time_zone="America/New_York"), weeks=4).to_pyarrow().to_pylist()
    lengths = {row["day_on"]: row["ends_at"] - row["begins_at"] for row in rows}

    assert lengths[date(2026, 11, 1)] == timedelta(hours=25)
    assert lengths[date(2026, 10, 31)] == timedelta(hours=24)


@pytest.mark.parametrize(("raised", "due"), [(date(2026, 11, 16), date(2026, 11, 23)), (date(2026, 11, 20), date(2026, 11, 27))])
def test_five_business_days_are_a_week(raised: date, due: date) -> None:
    assert due == periods.business_days_after(raised, 5)
