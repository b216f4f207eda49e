"""The user's Spark cluster as engine: expressions as DataFrames, folds by `applyInArrow`, matching by `mapInArrow`.

Belongs here: which verb becomes which job. The store's folder, and the spill folder in the home, must be the same path for this process
and for the cluster (one machine, NFS, a mounted volume). Folds that need all rows at once run in this process, over the same files.
"""

from __future__ import annotations

import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from alignment_pipeline.contracts import CONTRACTS, Contract
from alignment_pipeline.engines import leaves
from alignment_pipeline.engines.embedded import DuckDb
from alignment_pipeline.engines.spark import dialect, workers
from alignment_pipeline.line.job import Job
from alignment_pipeline.line.keys import PART_KEY
from alignment_pipeline.line.step import Read
from alignment_pipeline.warehouse.warehouse import Published

_TYPES = {
    "string": "string",
    "json": "string",
    "int64": "bigint",
    "float64": "double",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "date": "date",
}


class Spark:
    """Rules on a cluster. `parts` is into how many parts a fold's rows are put; by default as many as Spark shuffles into."""

    name = "spark"
    kinds = frozenset({"spark", "parquet"})

    def __init__(self, embedded: DuckDb, session: Any, *, parts: int | None = None) -> None:
        self._embedded = embedded
        self._warehouse = embedded.warehouse
        self._session = session
        self._parts = parts or int(session.conf.get("spark.sql.shuffle.partitions"))
        self._kept: list[Path] = []

    def expression(self, job: Job) -> dict[str, Any]:
        """See `Engine`."""
        return job.whole()

    def publish(self, name: str, rows: Any) -> Published:
        """See `Engine`. Rows that are in this process already are published from here."""
        if not isinstance(rows, ibis.Table) or not list(leaves.stored(rows, self._warehouse)):
            return self._embedded.publish(name, rows)
        contract = CONTRACTS[name]
        missing = [column for column in contract.names if column not in rows.columns]
        if missing:
            return self._embedded.publish(name, rows)  # which says what is missing
        folder = self._folder("written")
        self._frame(rows, contract).write.mode("overwrite").parquet(str(folder))
        return self._warehouse.adopt(name, sorted(folder.glob("*.parquet")))

    def fold(self, job: Job) -> dict[str, Any]:
        """See `Engine`."""
        if job.step.keys is None:
            return self._embedded.fold(job)
        cut = tuple((one, job.given[one].schema().to_pyarrow()) for one in job.cut)
        names = job.step.makes
        frames = [self._in_parts(job.cut[one], number, [schema for _, schema in cut]) for number, (one, _) in enumerate(cut)]
        parts = functools.reduce(lambda first, second: first.unionByName(second), frames)
        work = self._work(job, cut)

        def fold(rows: pa.Table) -> pa.Table:
            # Spark would take a method's `self` for the key of the group
            return work.fold(rows)

        folded = parts.groupBy(workers.PART).applyInArrow(fold, _spark_schema(workers.made_schema(names)))
        folder = self._folder("made")
        folded.write.mode("overwrite").parquet(str(folder))
        files = [str(path) for path in sorted(folder.glob("*.parquet")) if pq.read_metadata(path).num_rows]
        return {name: self._of_table(files, name, number) for number, name in enumerate(names)}

    def match(self, job: Job) -> dict[str, Any]:
        """See `Engine`."""
        if job.step.keys is None:
            return self._embedded.match(job)
        ((one, rows),) = job.cut.items()
        (name,) = job.step.makes
        work = self._work(job, ((one, job.given[one].schema().to_pyarrow()),))
        frame = self._query(rows.drop(PART_KEY))
        folder = self._folder("matched")
        matched = frame.repartition(self._parts).mapInArrow(work.match, _spark_schema(CONTRACTS[name].schema))
        matched.write.mode("overwrite").parquet(str(folder))
        files = [str(path) for path in sorted(folder.glob("*.parquet")) if pq.read_metadata(path).num_rows]
        return {name: self._warehouse.over(files, name) if files else ibis.memtable(CONTRACTS[name].empty())}

    def release(self) -> None:
        """See `Engine`."""
        self._embedded.release()
        while self._kept:
            shutil.rmtree(self._kept.pop(), ignore_errors=True)

    def _work(self, job: Job, cut: tuple[tuple[Read, pa.Schema], ...]) -> workers.Work:
        connection = self._warehouse.connection
        whole = {
            one: connection.to_pyarrow(value) if isinstance(value, ibis.Table) else value
            for one, value in job.given.items()
            if one not in job.cut
        }
        return workers.Work(job.step.name, job.agreement, job.as_of, dict(job.options), self._shared(whole), cut)

    def _shared(self, value: Any) -> Any:
        """A function that gives the value on every worker: a broadcast variable; with Spark Connect it travels with the function."""
        context = getattr(self._session, "_sc", None)
        if context is None:
            return _Carried(value)
        return _Broadcast(context.broadcast(value))

    def _in_parts(self, rows: ibis.Table, number: int, schemas: list[pa.Schema]) -> Any:
        """A cut table as (part, table's number, its row), with empty columns for the other tables' rows."""
        from pyspark.sql import functions

        frame = self._query(rows)
        own = functions.struct(*(functions.col(f"`{name}`") for name in schemas[number].names))
        columns = [
            functions.pmod(functions.xxhash64(PART_KEY), functions.lit(self._parts)).cast("int").alias(workers.PART),
            functions.lit(number).alias(workers.TABLE),
        ]
        for other, schema in enumerate(schemas):
            kind = _spark_schema(pa.schema([("rows", pa.struct(list(schema)))]))["rows"].dataType
            columns.append((own if other == number else functions.lit(None)).cast(kind).alias(f"rows_{other}"))
        return frame.select(*columns)

    def _of_table(self, files: list[str], name: str, number: int) -> ibis.Table:
        if not files:
            return ibis.memtable(CONTRACTS[name].empty())
        raw = self._warehouse.over(files, "rows_of_folds")
        mine = raw.filter(raw[workers.TABLE] == number)
        return mine.select(**{column: mine[f"made_{number}"][column] for column in CONTRACTS[name].names})

    def _frame(self, rows: ibis.Table, contract: Contract) -> Any:
        """The rows in the contract's columns and types."""
        from pyspark.sql import functions

        frame = self._query(rows.select(*contract.names))
        return frame.select(*(functions.col(f"`{one.name}`").cast(_TYPES[one.type]).alias(one.name) for one in contract.columns))

    def _query(self, rows: ibis.Table) -> Any:
        """The expression as a DataFrame; the tables it reads become views of the same names."""
        for name, files, _ in leaves.stored(rows, self._warehouse):
            self._session.read.parquet(*files).createOrReplaceTempView(name)
        for name, table in leaves.held(rows):
            self._held(name, table)
        return self._session.sql(dialect.sql(rows))

    def _held(self, name: str, table: pa.Table) -> None:
        # through a file: by way of pandas, missing texts would arrive as the text NaN
        path = self._folder("held") / "rows.parquet"
        pq.write_table(table, path, coerce_timestamps="us", allow_truncated_timestamps=True)
        self._session.read.parquet(str(path)).createOrReplaceTempView(name)

    def _folder(self, name: str) -> Path:
        path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._warehouse.spill))
        self._kept.append(path)
        return path


class _Broadcast:
    def __init__(self, variable: Any) -> None:
        self._variable = variable

    def __call__(self) -> Any:
        return self._variable.value


class _Carried:
    def __init__(self, value: Any) -> None:
        self._value = value

    def __call__(self) -> Any:
        return self._value


def _spark_schema(schema: pa.Schema) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(pa.schema([field.with_nullable(True) for field in schema]), prefer_timestamp_ntz=False)
