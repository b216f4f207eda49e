"""When a rule is run again: a table it reads, what it takes of the agreement, the program, the day, or a moment that a row waits for."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.line import run, unchanged
from alignment_pipeline.line.step import Read, Version

AGREEMENT = loader.load(loader.default_path())
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SCORES = (run.maker("person_scores"),)


def parts(**versions: str) -> dict[str, str]:
    return unchanged.parts(SCORES, agreement=AGREEMENT, version=lambda one: versions.get(one.table, "1"))


def basis(**changes: Any) -> unchanged.Basis:
    return unchanged.Basis(**({"parts": parts(), "as_of": NOW, "until": NOW + timedelta(hours=14)} | changes))


def test_nothing_new_is_no_news() -> None:
    assert unchanged.news([basis()], parts(), NOW + timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("before", "now", "at", "why"),
    [
        (None, {}, NOW, "never decided"),
        (basis(), {"people": "2"}, NOW, "people changed"),
        (basis(parts=parts() | {"the program": "other"}), {}, NOW, "the program changed"),
        (basis(parts=parts() | {"the agreement: scoring": "other"}), {}, NOW, "the agreement: scoring changed"),
        (basis(), {}, NOW - timedelta(seconds=1), "an earlier moment"),
        (basis(), {}, NOW + timedelta(hours=14), "a moment has come"),
    ],
)
def test_news_names_what_differs(before: unchanged.Basis | None, now: dict[str, str], at: datetime, why: str) -> None:
    found = unchanged.news([basis(), before], parts(**now), at)

    assert found is not None and why in found


def test_a_basis_survives_the_manifest_and_what_cannot_be_read_is_none() -> None:
    assert unchanged.Basis.from_json(basis().to_json()) == basis()
    assert [unchanged.Basis.from_json(kept) for kept in (None, {}, {"parts": {}, "as_of": "x", "until": 3})] == [None] * 3


def test_a_run_before_is_another_version_than_this_one() -> None:
    found = unchanged.parts((run.maker("match_labels"),), agreement=AGREEMENT, version=lambda one: one.version.name)

    assert found["lead_account_matches (before)"] == "BEFORE" and found["people"] == "DECIDED"


def test_how_far_feeds_are_read_is_no_version() -> None:
    found = unchanged.parts(run.needed(("sla_clocks",)), agreement=AGREEMENT, version=lambda one: "1")

    assert unchanged.FEEDS not in found


def test_tables_that_the_steps_make_themselves_are_no_news() -> None:
    steps = run.needed(("lead_account_matches",), given=("accounts", "contacts", "people", "match_labels", "match_rule_precisions"))
    found = unchanged.parts(steps, agreement=AGREEMENT, version=lambda one: "1")

    assert {"accounts", "people"} <= set(found) and not {"account_index", "matching_settings"} & set(found)


def test_a_moment_to_come_in_any_column_is_waited_for() -> None:
    columns = {"started_at": [NOW, NOW], "due_at": [NOW + timedelta(hours=2), None], "at_risk_at": [NOW + timedelta(hours=1), None]}
    table = ibis.memtable(columns, schema=dict.fromkeys(columns, "timestamp('UTC')"))

    assert unchanged.next_moment(table, NOW) == NOW + timedelta(hours=1)
    assert unchanged.next_moment(table, NOW - timedelta(minutes=1)) == NOW
    assert unchanged.next_moment(table, NOW + timedelta(hours=2)) is None


def test_a_day_ends_in_the_zones_of_what_the_steps_take() -> None:
    fiscal = AGREEMENT.fiscal.model_copy(update={"time_zone": "Asia/Tokyo"})
    there = AGREEMENT.model_copy(update={"fiscal": fiscal})

    assert unchanged.end_of_day(SCORES, there, NOW) == datetime(2026, 11, 21, tzinfo=UTC)
    assert unchanged.end_of_day((run.maker("pipeline_metrics"),), there, NOW) == datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    assert unchanged.end_of_day((run.maker("contacts"),), there, NOW).year == 9999


def test_two_processes_name_the_same_agreement_alike() -> None:
    program = (
        "from alignment_pipeline_tests.line import test_unchanged as one\n"
        "from alignment_pipeline.line import unchanged\nfrom alignment_pipeline.line.steps import LINE\n"
        "print(sorted(unchanged.parts(LINE, agreement=one.AGREEMENT, version=lambda _: '1').items()))\n"
    )
    said = {
        subprocess.run([sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2")
    }

    assert len(said) == 1


def test_the_names_of_versions() -> None:
    assert [unchanged.name_of(Read("leads", version)) for version in (Version.DECIDED, Version.LAST_READ)] == ["leads", "leads (last read)"]
