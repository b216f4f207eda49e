"""A pack is frozen: the same inputs give the same bytes, every number is what its file says, and what was restated is named."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import statistics
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import alignment_pipeline
from alignment_pipeline.meeting import pack
from alignment_pipeline.meeting.catalogue import NUMBERS
from alignment_pipeline.meeting.pack import Meeting, Pack
from alignment_pipeline_tests.meeting.factories import AS_OF, FIRST, busy, clock, made, reviewed, values
from alignment_pipeline_tests.staging.factories import account

FOLDER = Path(alignment_pipeline.__file__).parent / "meeting"


@pytest.fixture(scope="module")
def one() -> Pack:
    return made(**busy())


def rows_of(given: Pack, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(given.files[name].decode("utf-8-sig"))))


def recounted(value: dict[str, Any], rows: list[dict[str, str]]) -> float | None:
    """A number counted again from the file, in plain Python."""
    form, _, rest = NUMBERS[value["name"]].count.partition(":")
    chosen = [row for row in rows if all(row[column] == text for column, text in value["scope"].items())]
    column, _, flag = rest.partition(":")
    amounts = [float(row[column]) for row in chosen if form != "count" and row.get(column) not in (None, "", "yes", "no") and form not in
               ("share", "distinct")]  # fmt: skip
    if form == "count":
        return float(len(chosen))
    if form == "distinct":
        return float(len({row[column] for row in chosen}))
    if form == "share":
        return 100 * sum(row[column] == "yes" for row in chosen) / len(chosen) if chosen else None
    if form == "ratio":
        part, _, whole = rest.partition("/")
        return sum(float(row[part]) for row in chosen) / sum(float(row[whole]) for row in chosen)
    if form == "sum_share":
        part = sum(float(row[column] or 0) for row in chosen if row[flag] == "yes")
        return 100 * part / sum(amounts) if sum(amounts) else None
    if form == "median":
        return statistics.median(amounts) if amounts else None
    return sum(amounts) if form == "sum" else amounts[0] if amounts else None


@pytest.fixture(scope="module")
def quarter() -> Pack:
    return reviewed()


def test_every_number_of_a_quarter_s_review_is_what_its_file_says(quarter: Pack) -> None:
    names = {
        "planned", "came", "planned_rate", "measured_rate", "foretold", "foretold_won", "lead_days", "swept_precision", "swept_recall",
        "swept_mqas", "blind_rate", "audited", "audited_right", "forecast_bias", "forecast_error", "goal_now", "goal_proposed",
        "coverage_then", "program_touched", "program_judged", "program_followed", "program_difference", "program_cost",
    }  # fmt: skip
    mine = [value for value in quarter.content["values"] if value["name"] in names]

    again = [recounted(value, rows_of(quarter, NUMBERS[value["name"]].file)) for value in mine]
    assert names == {value["name"] for value in mine}
    assert again == pytest.approx([value["value"] for value in mine], abs=1e-6)
    assert (50.0, 12.5) == tuple(value["value"] for value in mine if value["name"] in ("foretold", "foretold_won"))


def test_every_number_is_what_its_file_says(one: Pack) -> None:
    files = {name: rows_of(one, name) for name in one.files}
    differing = []
    for value in one.content["values"]:
        again = recounted(value, files[NUMBERS[value["name"]].file])
        if value["value"] != pytest.approx(again, abs=1e-6) and (value["value"], again) != (None, None):
            differing.append((value, again))

    assert [] == differing
    assert len(one.content["values"]) > 100
    assert {value["name"] for value in one.content["values"]} > {
        "kept_in_time",
        "touches_due",
        "mqls",
        "new_mqas",
        "rejected",
        "open_pipeline",
    }


def test_every_number_of_the_sections_is_in_the_pack(one: Pack) -> None:
    text = json.dumps(one.content["sections"], ensure_ascii=False)
    keys = set(re.findall(r'"([a-z_]+(?:\|[a-z_]+=[^"|]*)+)"', text))
    names = {key for key in keys if key.partition("|")[0] in NUMBERS}

    assert names and names <= set(values(one))


def test_two_makings_are_byte_equal_whatever_the_order_of_rows(one: Pack) -> None:
    rows = {name: list(given) for name, given in busy().items()}
    for given in rows.values():
        random.Random(3).shuffle(given)
    again = made(**rows)

    assert one.json == again.json
    assert one.files == again.files


def test_another_row_is_another_pack(one: Pack) -> None:
    rows = busy()
    later = made(**rows | {"sla_clocks": [*rows["sla_clocks"], clock(999)]})

    assert one.pack_id != later.pack_id
    assert one.content["inputs"]["sla_clocks"] != later.content["inputs"]["sla_clocks"]
    assert one.content["inputs"]["accounts"] == later.content["inputs"]["accounts"]


def test_a_late_activity_stands_as_restated_in_the_next_pack_and_changes_no_earlier_one() -> None:
    before = [clock(n, "breached" if n < 5 else "met", weeks=1) for n in range(10)]
    first = made(as_of=AS_OF - timedelta(days=5), sla_clocks=before)
    # the touch of one of them was logged a week late
    after = [*(row for row in before if row["clock_id"] != "clock-0"), clock(0, "met", weeks=1)]
    second = made(Meeting(earlier=[first.content]), sla_clocks=after)

    changed = second.content["sections"]["restated"]["rows"]
    scopes = [(row["scope"]["week"], row["before"], row["after"]) for row in changed if row["key"].startswith("kept_in_time")]
    assert [("2026-W46", 50.0, 60.0)] == scopes
    assert first.pack_id == changed[0]["pack"]


def test_a_week_that_was_not_over_is_not_restated() -> None:
    first = made(as_of=AS_OF - timedelta(days=2), sla_clocks=[clock(1)])
    second = made(
        Meeting(earlier=[first.content | {"period": first.content["period"] | {"name": "2026-W46"}}]), sla_clocks=[clock(1), clock(2)]
    )

    assert 0 == second.content["sections"]["restated"]["number"]


def test_a_pack_of_the_same_week_names_the_one_it_replaces() -> None:
    first = made(as_of=AS_OF - timedelta(hours=1), sla_clocks=[clock(1)])
    second = made(Meeting(earlier=[first.content]), sla_clocks=[clock(1), clock(2, "breached")])

    assert first.pack_id == second.content["restates"]
    assert second.content["sections"]["restated"]["number"] > 0


def test_cases_due_later_than_now_do_not_count() -> None:
    found = values(made(sla_clocks=[clock(1), clock(2, weeks=-0.9), clock(3, "pending"), clock(4, "unknown"), clock(5, "cancelled")]))

    assert 1.0 == found[f"kept_in_time|counts=yes|in_period=yes|policy={FIRST}"]["denominator"]


def test_no_cell_is_a_formula() -> None:
    rows = rows_of(made(accounts=[{"account_id": account(1), "name": "=cmd|' /C calc'!A0"}], sla_clocks=[clock(1)]), "clocks")

    assert "'=cmd|' /C calc'!A0" == rows[0]["account"]


def test_an_organisation_without_anything_has_a_pack() -> None:
    empty = made()

    assert [] == empty.content["agenda"]
    assert all(len(rows_of(empty, name)) == 0 for name in empty.files)


def test_the_same_page_for_both_teams() -> None:
    """No code of the meeting asks who reads it."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.rglob("*.*")) if path.suffix in (".py", ".j2"))
    assert not re.search(r"\b(viewer|audience|role_filter|current_user|for_team|is_manager)\b", sources)


def test_the_inputs_are_read(one: Pack) -> None:
    assert {*pack.INPUTS, "disputes", "actions", "previews"} == set(one.content["inputs"])
