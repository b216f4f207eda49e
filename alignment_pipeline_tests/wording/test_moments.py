"""Moments are said in the reader's zone and do not age."""

from __future__ import annotations

from datetime import UTC, datetime

from alignment_pipeline.wording import moments

AT = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)


def test_a_due_time_stands_in_the_owners_zone() -> None:
    assert moments.due(AT, "Europe/Berlin", year=2026) == "Thu 12 Nov, 10:00 Berlin time"
    assert moments.due(AT, "America/New_York", year=2026) == "Thu 12 Nov, 04:00 New York time"


def test_another_year_is_said_and_an_unknown_zone_gives_the_day_alone() -> None:
    assert moments.due(AT, "Europe/Berlin", year=2027) == "Thu 12 Nov 2026, 10:00 Berlin time"
    assert moments.due(AT, None, year=2026) == "Thu 12 Nov"


def test_a_day_is_written_out() -> None:
    assert moments.day(AT) == "12 Nov 2026"
