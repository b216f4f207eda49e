"""What was blocked is no measure for later runs: a source that shrank stays blocked until a person accepts it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
from sqlalchemy import insert

from alignment_pipeline.clock import Clock
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.journal.journal import Journal, stamp
from alignment_pipeline.journal.tables import PLAN
from alignment_pipeline.operations import source_health

START = datetime(2026, 11, 1, tzinfo=UTC)


def measures(*rows: float) -> ibis.Table:
    columns = [
        {"run_id": f"r{day}", "measure": "rows:leads", "value": value, "measured_at": START + timedelta(days=day), "agreement_version": "v"}
        for day, value in enumerate(rows)
    ]
    return ibis.memtable(pa.Table.from_pylist(columns, schema=CONTRACTS["run_measures"].schema))


def note_plan(journal: Journal, run_id: str, state: str) -> None:
    row = {
        "plan_hash": run_id * 8,
        "run_id": run_id,
        "kind": "full",
        "org_id": "00D",
        "config_hash": "v",
        "code_version": "1",
        "as_of": stamp(START),
        "created_at": stamp(START),
        "state": state,
        "stats": "{}",
        "guard": "{}",
    }
    with journal.begin() as connection:
        connection.execute(insert(PLAN), row)


def test_a_run_that_was_not_applied_is_no_measure(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        note_plan(journal, "r0", "DONE")
        for day in range(1, 9):
            note_plan(journal, f"r{day}", "BLOCKED")

        past = source_health.history(journal, measures(1000, *[600] * 9))

        assert past == {"rows:leads": [1000, 600]}


def test_accepting_makes_the_latest_run_the_new_normal(tmp_path: Path) -> None:
    clock = Clock(moment=START + timedelta(days=2), unix=0.0, unix_time=lambda: 0.0)
    with Journal.open(tmp_path / "journal.sqlite", clock=clock) as journal:
        note_plan(journal, "r0", "DONE")
        rows = measures(1000, 600, 600)

        source_health.accept(journal, rows, by="tester")

        assert source_health.history(journal, rows) == {"rows:leads": [600, 600]}
        found = source_health.accepted(journal)
        assert found is not None and found.by == "tester"


def test_each_stream_has_its_own_age(tmp_path: Path) -> None:
    common = {"method": "rest", "rows": 1, "new_rows": 0, "api_calls": 1, "missing_fields": "[]", "note": None, "watermark_at": None}
    rows = [
        {"run_id": f"r{day}", "system": "salesforce", "object": name, "started_at": START + timedelta(days=day)} | common
        for name, days in {"Lead": 9, "Task": 2}.items()
        for day in range(days)
    ]
    table = ibis.memtable(pa.Table.from_pylist(rows, schema=CONTRACTS["extractions"].schema))

    ages = {one.stream: one.age_seconds for one in source_health.source_health({}, table, now=START + timedelta(days=8, hours=1))}

    assert ages == {"salesforce Lead": 3600.0, "salesforce Task": 7 * 86400 + 3600.0}
