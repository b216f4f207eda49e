"""A full run that began before a hand-raise does not write over what the fast lane decided since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
from sqlalchemy import insert

from alignment_pipeline.journal.journal import Journal, stamp
from alignment_pipeline.journal.tables import OP, PLAN
from alignment_pipeline.operations import write_back
from alignment_pipeline.write_back.plans import ops
from alignment_pipeline.write_back.plans.planned import Plan, PlannedOp

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
UPDATES = pa.table({"object": ["Lead", "Lead"], "record_id": ["00Q1", "00Q2"], "value": ["1", "2"]})


def test_records_decided_later_by_the_fast_lane_are_left_out(tmp_path: Path) -> None:
    op = PlannedOp(object="Lead", record_id="00Q1", after={"Alignment_SLA_Status__c": "pending"}, stage=1)
    plan = Plan("hash", "fast-1", "fast", "00D", "agreement", "code", NOW, [op])
    with Journal.open(tmp_path / "journal.sqlite", home=tmp_path) as journal:
        row = {"plan_hash": "hash", "run_id": "fast-1", "kind": "fast", "org_id": "00D", "config_hash": "agreement"}
        row |= {"code_version": "code", "as_of": stamp(NOW), "created_at": stamp(NOW), "state": "DONE", "stats": "{}", "guard": "{}"}
        with journal.begin() as connection:
            connection.execute(insert(PLAN), row)
            connection.execute(insert(OP), ops._op_row(journal, plan, op, "key") | {"attempt": 0})

        before, after = (
            write_back.without_newer(ibis.memtable(UPDATES), journal, as_of=NOW + shift).to_pyarrow()["record_id"].to_pylist()
            for shift in (timedelta(minutes=-5), timedelta(minutes=5))
        )

    assert (["00Q2"], ["00Q1", "00Q2"]) == (before, sorted(after))
