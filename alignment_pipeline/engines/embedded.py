"""DuckDB, embedded: the default engine.

Belongs here: rules over the warehouse's connection. A fold of more rows than fit beside DuckDB is run part by part: its tables are cut
into parts of whole keys on disk, and what each part gives is written before the next begins.
"""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.line.job import Job
from alignment_pipeline.line.keys import PART_KEY
from alignment_pipeline.line.step import Read
from alignment_pipeline.warehouse.files import ROW_GROUP, write_batches
from alignment_pipeline.warehouse.warehouse import Published, Warehouse

#: What a fold takes for a row that it reads, at most (estimated from bench_sla: 2.9 GB for two million rows; MQAs and stages take less).
BYTES_PER_ROW = 1_500
MOST_PARTS = 256
# looking for what can be freed takes tenths of a second
_MANY_ROWS = 1_000_000


class DuckDb:
    """Rules over one warehouse. `fold_bytes` is what a fold may hold in memory beside DuckDB; None for as much as it takes."""

    name = "duckdb"
    kinds = frozenset({"duckdb", "parquet"})

    def __init__(self, warehouse: Warehouse, *, fold_bytes: int | None = None) -> None:
        self.warehouse = warehouse
        self._rows = max(1, fold_bytes // BYTES_PER_ROW) if fold_bytes else None
        self._kept: list[Path] = []
        self._published = 0

    def expression(self, job: Job) -> dict[str, Any]:
        """See `Engine`."""
        return job.whole()

    def publish(self, name: str, rows: ibis.Table | pa.Table | Iterable[pa.RecordBatch]) -> Published:
        """See `Engine`."""
        published = self.warehouse.replace_if_other(name, rows)
        self._published += published.rows
        return published

    def fold(self, job: Job) -> dict[str, Any]:
        """See `Engine`."""
        parts = self._parts(job)
        return self._by_parts(job, parts) if parts > 1 else job.whole()

    def match(self, job: Job) -> dict[str, Any]:
        """See `Engine`."""
        return self.fold(job)

    def release(self) -> None:
        """See `Engine`. Once many rows were published, also frees what expressions hold that only refer to each other."""
        if self._published >= _MANY_ROWS:
            gc.collect()
            self._published = 0
        while self._kept:
            shutil.rmtree(self._kept.pop(), ignore_errors=True)

    def _parts(self, job: Job) -> int:
        if self._rows is None or job.step.keys is None:
            return 1
        rows = sum(int(self.warehouse.connection.to_pyarrow(job.given[one].count()).as_py()) for one in job.cut)
        return min(MOST_PARTS, -(-rows // self._rows))

    def _by_parts(self, job: Job, parts: int) -> dict[str, Any]:
        folder = self._folder("made")
        files: dict[str, list[str]] = {name: [] for name in job.step.makes}
        with tempfile.TemporaryDirectory(prefix="parts-", dir=self.warehouse.spill) as cut:
            for one, rows in job.cut.items():
                self._cut(rows, Path(cut) / one.table, parts)
            for part in range(parts):
                for name, rows in job.part(self._given(job, Path(cut), part)).items():
                    path = folder / f"{name}-{part}.parquet"
                    if write_batches(path, CONTRACTS[name], self._batches(rows)):
                        files[name].append(str(path))
                # expressions refer to each other and to the part's rows, which would stay until the collector came by
                gc.collect()
                pa.default_memory_pool().release_unused()
        return {name: self._read(paths, CONTRACTS[name].empty()) for name, paths in files.items()}

    def _cut(self, rows: ibis.Table, folder: Path, parts: int) -> None:
        """Write the rows as one folder of files per part."""
        connection = self.warehouse.connection
        connection._run_pre_execute_hooks(rows)
        query = connection.compile(rows)
        target = str(folder).replace("'", "''")
        columns = f"SELECT * EXCLUDE ({PART_KEY}), (hash({PART_KEY}) % {parts})::INTEGER AS part_of_rows FROM ({query}) AS rows_"
        # DuckDB holds so many rows of each part and thread before it writes them
        connection.con.execute(f"SET partitioned_write_flush_threshold = {max(2_048, ROW_GROUP * 4 // parts)}")
        connection.con.execute(f"COPY ({columns}) TO '{target}' (FORMAT parquet, PARTITION_BY (part_of_rows), COMPRESSION snappy)")

    def _given(self, job: Job, folder: Path, part: int) -> Mapping[Read, Any]:
        """What the rule reads in one part: the part's rows of cut tables, all rows of the others."""
        given = dict(job.given)
        for one in job.cut:
            paths = sorted(str(path) for path in (folder / one.table / f"part_of_rows={part}").glob("*.parquet"))
            given[one] = self._read(paths, job.given[one].schema().to_pyarrow().empty_table())
        return given

    def _read(self, paths: list[str], empty: pa.Table) -> ibis.Table:
        if not paths:
            return ibis.memtable(pa.schema([field.with_nullable(True) for field in empty.schema]).empty_table())
        return self.warehouse.over(paths, "part")

    def _batches(self, rows: Any) -> pa.Table:
        return rows if isinstance(rows, pa.Table) else self.warehouse.connection.to_pyarrow(rows)

    def _folder(self, name: str) -> Path:
        path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.warehouse.spill))
        self._kept.append(path)
        return path
