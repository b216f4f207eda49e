"""A table that is appended to stays a few files, whatever the number of appends."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.warehouse.warehouse import Warehouse

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def one_row(number: int) -> pa.Table:
    row = {"run_id": f"r{number}", "measure": "m", "value": float(number), "measured_at": NOW, "agreement_version": "v"}
    return pa.Table.from_pylist([row], schema=CONTRACTS["run_measures"].schema)


def test_many_appends_stay_few_files_and_lose_no_row(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    for number in range(200):
        published = warehouse.append("run_measures", one_row(number))
        assert (published.rows, published.added) == (number + 1, 1)
    manifest = warehouse.manifest("run_measures")

    assert manifest is not None and len(manifest.files) <= 16
    assert sorted(warehouse.read("run_measures").value.to_pyarrow().to_pylist()) == [float(number) for number in range(200)]
    assert warehouse.damaged() == {}
