"""Which version of a record counts on the day asked for."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from alignment_pipeline.staging import versions
from alignment_pipeline_tests.staging.factories import NOW, account, days_ago, one, raw, raw_row, rows

TABLE = "raw_salesforce_accounts"


def version(name: str, **stamps: Any) -> dict[str, Any]:
    return raw_row(TABLE, account(1), Name=name, **stamps)


def test_the_latest_known_version_counts() -> None:
    table = raw(TABLE, version("old", modified_at=days_ago(9)), version("new", modified_at=days_ago(3)))
    assert "new" == one(versions.current(table, as_of=NOW))["Name"]


def test_a_version_learned_later_is_invisible() -> None:
    table = raw(
        TABLE,
        version("old", modified_at=days_ago(9), known_at=days_ago(9)),
        # changed five days ago, but our reading came only one day ago
        version("new", modified_at=days_ago(5), known_at=days_ago(1)),
    )
    seen = {days: one(versions.current(table, as_of=days_ago(days)))["Name"] for days in (4, 1)}
    assert {4: "old", 1: "new"} == seen


def test_nothing_was_known_before_the_first_version() -> None:
    table = raw(TABLE, version("first", modified_at=days_ago(9)))
    assert [] == rows(versions.current(table, as_of=days_ago(10)))
    assert "first" == one(versions.current(table, as_of=days_ago(9)))["Name"]


def test_as_of_in_another_zone_is_the_same_moment() -> None:
    from zoneinfo import ZoneInfo

    table = raw(TABLE, version("first", modified_at=days_ago(9)))
    there = days_ago(9).astimezone(ZoneInfo("Asia/Tokyo"))
    assert 1 == len(rows(versions.current(table, as_of=there)))
    assert [] == rows(versions.current(table, as_of=there - timedelta(microseconds=1)))


def test_a_late_row_with_an_older_stamp_does_not_win() -> None:
    table = raw(
        TABLE,
        version("right", modified_at=days_ago(3), known_at=days_ago(3)),
        version("late", modified_at=days_ago(8), known_at=days_ago(1)),
    )
    assert "right" == one(versions.current(table, as_of=NOW))["Name"]


def test_a_deleted_record_is_not_living_and_an_undeleted_one_is() -> None:
    alive = version("one", modified_at=days_ago(9))
    gone = version("one", modified_at=days_ago(5), is_deleted=True)
    back = version("one", modified_at=days_ago(2))
    table = raw(TABLE, alive, gone, back)
    living = {days: len(rows(versions.living(table, as_of=days_ago(days)))) for days in (6, 4, 1)}
    assert {6: 1, 4: 0, 1: 1} == living


def test_with_equal_stamps_the_later_known_then_the_deletion_decides() -> None:
    stamp = days_ago(5)
    later = raw(TABLE, version("a", modified_at=stamp, known_at=days_ago(4)), version("b", modified_at=stamp, known_at=days_ago(3)))
    assert "b" == one(versions.current(later, as_of=NOW))["Name"]
    together = raw(TABLE, version("a", modified_at=stamp, is_deleted=True), version("b", modified_at=stamp))
    assert [] == rows(versions.living(together, as_of=NOW))


def test_a_version_without_a_stamp_is_the_oldest() -> None:
    table = raw(TABLE, version("unstamped", modified_at=None, known_at=days_ago(1)), version("stamped", modified_at=days_ago(30)))
    assert "stamped" == one(versions.current(table, as_of=NOW))["Name"]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    dice = random.Random(seed)
    given = [
        raw_row(
            TABLE,
            account(dice.randrange(4)),
            Name=f"v{number}",
            modified_at=days_ago(dice.choice([1, 2, 3])),
            known_at=days_ago(dice.choice([0.5, 1])),
            is_deleted=dice.random() < 0.3,
        )
        for number in range(40)
    ]
    expected = rows(versions.current(raw(TABLE, *given), as_of=NOW), "record_id")
    dice.shuffle(given)
    assert expected == rows(versions.current(raw(TABLE, *given), as_of=NOW), "record_id")
    # the oracle: the greatest by the total order of docs/architecture.md
    by_hand = {
        record: max(
            (row for row in given if row["record_id"] == record),
            key=lambda row: (row["modified_at"], row["known_at"], row["is_deleted"], row["row_hash"]),
        )
        for record in {row["record_id"] for row in given}
    }
    assert {record: row["row_hash"] for record, row in by_hand.items()} == {row["record_id"]: row["row_hash"] for row in expected}
