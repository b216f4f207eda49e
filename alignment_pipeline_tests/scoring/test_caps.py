"""Caps: only activities of crowded buckets are ever cut."""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline.agreement.engagement import Cap
from alignment_pipeline.scoring import caps

LIMITS = [
    Cap(type="web_visit", per="asset", points=4),
    Cap(type="email_open", per="day", points=0.5),
    Cap(type="web_visit", per="day", points=5),
]
SCHEMA = pa.schema(
    [
        ("activity_id", pa.string()),
        ("person_no", pa.int64()),
        ("activity_type", pa.string()),
        ("detail", pa.string()),
        ("day", pa.int64()),
        ("occurred_at", pa.timestamp("us", tz="UTC")),
        ("base_micro", pa.int64()),
    ]
)
#: One engine for all examples; any that Ibis reaches gives the same.
CON = ibis.duckdb.connect()


def table(rows: list[dict[str, Any]]) -> ibis.Table:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=SCHEMA))


def values(rows: ibis.Table, *names: str) -> set[tuple[Any, ...]]:
    found = CON.to_pyarrow(rows.select(*names)).to_pylist()
    return {tuple(row[name] for name in names) for row in found}


def activity(
    number: int, person: int | None, kind: str, *, detail: str | None = "/a", day: int = 20_000, points: float = 3
) -> dict[str, Any]:
    return {
        "activity_id": f"a{number}",
        "person_no": person,
        "activity_type": kind,
        "detail": detail,
        "day": day,
        "occurred_at": day * 86_400_000_000 + number,
        "base_micro": round(points * 1_000_000),
    }


@st.composite
def some_activities(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [
        activity(
            number,
            draw(st.sampled_from([None, 0, 1, 9_999_999])),
            draw(st.sampled_from(["web_visit", "email_open", "form_fill"])),
            detail=draw(st.sampled_from([None, "", "/a", "/b"])),
            day=draw(st.sampled_from([-1, 0, 1, 20_000])),
            points=draw(st.sampled_from([-2, 0, 0.1, 0.25, 2, 4, 11])),
        )
        for number in range(draw(st.integers(1, 14)))
    ]


@settings(max_examples=6, deadline=None)
@given(some_activities())
def test_activities_outside_crowded_buckets_keep_their_points(rows: list[dict[str, Any]]) -> None:
    """The law: cutting the crowded ones alone gives what cutting all of them gives."""
    flagged = caps.with_crowded(table(rows), caps.crowded(table(rows), LIMITS), LIMITS)
    crowded = caps.capped(flagged.filter(flagged.is_crowded), LIMITS)
    free = flagged.filter(~flagged.is_crowded)

    expected = values(caps.capped(table(rows), LIMITS), "activity_id", "base_micro")
    assert expected == values(crowded, "activity_id", "base_micro") | values(free, "activity_id", "base_micro")


@settings(max_examples=6, deadline=None)
@given(some_activities())
def test_whoever_is_cut_is_among_the_people_of_crowded_buckets(rows: list[dict[str, Any]]) -> None:
    uncut = {row["activity_id"]: row["base_micro"] for row in rows}
    people = {row["activity_id"]: row["person_no"] for row in rows}
    after = values(caps.capped(table(rows), LIMITS), "activity_id", "base_micro")
    found = values(caps.people_of(caps.crowded(table(rows), LIMITS), LIMITS), "person_no")

    assert {people[one] for one, points in after if points != uncut[one]} <= {number for (number,) in found}
    assert {number for (number,) in found} <= {*people.values()}


def test_a_full_day_is_crowded_and_one_with_room_is_not() -> None:
    rows = [
        activity(1, 7, "email_open", points=0.3),
        activity(2, 7, "email_open", points=0.3),
        activity(3, 7, "email_open", points=0.3, day=20_001),
        activity(4, 8, "email_open", points=0.3),
        activity(5, None, "email_open", points=9),
        activity(6, 8, "form_fill", points=40),
    ]
    flagged = caps.with_crowded(table(rows), caps.crowded(table(rows), LIMITS), LIMITS)
    assert values(flagged.filter(flagged.is_crowded), "activity_id") == {("a1",), ("a2",)}
