"""The zones that a user had before come from the versions that were read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from alignment_pipeline.staging import users, versions
from alignment_pipeline_tests.staging.factories import raw, raw_row, rows

AS_OF = datetime(2026, 11, 30, tzinfo=UTC)


def version(zone: str | None, day: int, user: str = "005000000000001AAA") -> dict[str, object]:
    moment = datetime(2026, 11, day, tzinfo=UTC)
    return raw_row("raw_salesforce_users", user, Name="Rep", IsActive="true", TimeZoneSidKey=zone, known_at=moment, modified_at=moment)


def past(*found: dict[str, object]) -> list[tuple[str, str]] | None:
    table = raw("raw_salesforce_users", *found)
    (row,) = rows(users.users(versions.living(table, as_of=AS_OF), history=table, as_of=AS_OF))
    text = row["past_time_zones"]
    return None if text is None else [(one["zone"], one["until"][:10]) for one in json.loads(text)]


def test_a_move_is_dated_by_the_version_that_first_had_the_new_zone() -> None:
    assert past(version("America/New_York", 1), version("America/New_York", 5), version("Europe/Berlin", 27)) == [
        ("America/New_York", "2026-11-27")
    ]


def test_somebody_who_moves_back_has_moved_twice() -> None:
    zones = [version("America/New_York", 1), version("Europe/Berlin", 5), version("America/New_York", 9)]
    assert past(*zones) == [("America/New_York", "2026-11-05"), ("Europe/Berlin", "2026-11-09")]


def test_a_user_whose_zone_never_changed_has_no_past() -> None:
    assert past(version("America/New_York", 1), version("America/New_York", 5), version(None, 7)) is None


def test_without_the_versions_nothing_is_known_of_the_past() -> None:
    table = raw("raw_salesforce_users", version("America/New_York", 1), version("Europe/Berlin", 5))
    (row,) = rows(users.users(versions.living(table, as_of=AS_OF)))
    assert row["past_time_zones"] is None
