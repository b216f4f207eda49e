"""Whether the line still makes the tables that a home holds: `python -m alignment_pipeline_tests.benchmarks.table_hashes HOME [MB]`.

Walks the whole line from the raw tables of HOME (copied aside, as of its last run, under its agreement or the packaged one) and compares
every published table by its sorted-row hash. Differing tables are printed with their rows and the columns that differ. Use it before and
after a change that should change nothing: HOME is then the older code's demo (`make demo`, `.alignment-demo`).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.agreement import loader
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.engines.embedded import DuckDb
from alignment_pipeline.line import run as line
from alignment_pipeline.line.step import Read, Version, published
from alignment_pipeline.line.steps import STEPS
from alignment_pipeline.operations.row_hashes import row_hashes, table_hash
from alignment_pipeline.staging import versions
from alignment_pipeline.warehouse.warehouse import Warehouse

# each row says as of when it was decided and under which version: that differs between two agreements which decide the same
STAMPS = ("as_of", "agreement_version")
LATEST = datetime(9999, 1, 1, tzinfo=UTC)


def main(home: str, megabytes: str = "0") -> int:
    """Compare; 0 when every table is the same. `megabytes` bounds what a fold may hold: with few, folds run in many parts."""
    fold_bytes = int(megabytes) * 1_000_000 or None
    old = Warehouse(Path(home))
    as_of = old.read("account_scores").as_of.max().to_pyarrow().as_py()
    agreement = loader.load(loader.default_path())
    with tempfile.TemporaryDirectory() as folder:
        new = old.beside(Path(folder))

        def source(one: Read) -> Any:
            if one.table == line.TARGET_LIST:
                return None
            rows = old.read(one.table)
            if one.version in (Version.DECIDED, Version.BEFORE):
                return rows
            return versions.living(rows, as_of=as_of if one.version is Version.LIVING else LATEST)

        def keep(name: str, made: Any) -> Any:
            if not line.maker(name).is_published:
                return made
            new.replace(name, made)
            return new.read(name)

        walk = line.Walk(agreement, as_of, source, keep, engine=DuckDb(new, fold_bytes=fold_bytes))
        begun, differing = time.process_time(), []
        for step in STEPS:
            walk.evaluate(step)
        seconds = time.process_time() - begun
        for name in published(STEPS):
            if not same(old, new, name):
                differing.append(name)
        print(json.dumps({"tables": len(published(STEPS)), "differing": differing, "cpu_seconds": round(seconds, 1)}))
        return 1 if differing else 0


def same(old: Warehouse, new: Warehouse, name: str) -> bool:
    """Compare one table, printing what differs."""
    if not old.exists(name):
        print(f"{name}: not in {old.root}")
        return True
    before, after = old.read(name), new.read(name)
    columns = [column for column in CONTRACTS[name].names if column in before.columns and column not in STAMPS]
    if hashed(old, before, name, columns) == hashed(new, after, name, columns):
        return True
    rows = [table.count().to_pyarrow().as_py() for table in (before, after)]
    odd = [one for one in columns if hashed(old, before, name, [one]) != hashed(new, after, name, [one])]
    print(f"{name}: {rows[0]:,} rows before, {rows[1]:,} after; columns that differ: {', '.join(odd) or 'only together'}")
    return False


def hashed(home: Warehouse, rows: ibis.Table, name: str, columns: list[str]) -> str:
    """The sorted-row hash over some columns."""
    contract = CONTRACTS[name]
    blank = rows.select(*columns).mutate(**{one: ibis.null("string") for one in contract.names if one not in columns})
    found: pa.Table = home.connection.to_pyarrow(row_hashes(blank, contract).select("row_hash"))
    return table_hash({str(number): value for number, value in enumerate(found["row_hash"].to_pylist())})


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
