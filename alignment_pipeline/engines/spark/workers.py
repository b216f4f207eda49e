"""What a worker of the cluster does: a rule over one part of the rows, in Arrow.

Belongs here: functions that Spark sends to its workers; they need the same version of alignment_pipeline installed there. How rows are
put into parts: `spark.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.line import job
from alignment_pipeline.line.step import Read
from alignment_pipeline.warehouse.files import conform

TABLE, PART = "made", "part"
Shared = Callable[[], Mapping[Read, Any]]


@dataclass(frozen=True)
class Work:
    """A rule by its name, what it is given whole, and which of the tables come in parts. `shared` gives tables as Arrow, values as they
    are."""

    step: str
    agreement: Agreement
    as_of: datetime
    options: Mapping[str, Any]
    shared: Shared
    cut: tuple[tuple[Read, pa.Schema], ...]

    def fold(self, rows: pa.Table) -> pa.Table:
        """One part: rows of all cut tables, each in the column of its table. Gives rows of all made tables in the same form."""
        given = {}
        for number, (one, schema) in enumerate(self.cut):
            mine = rows.filter(pc.equal(rows[TABLE], number))
            flat = mine[f"rows_{number}"].combine_chunks()
            columns = flat.flatten() if isinstance(flat, pa.StructArray) else flat.chunk(0).flatten()
            given[one] = pa.table([column.cast(field.type) for column, field in zip(columns, schema, strict=True)], schema=schema)
        tables = self._decided(given)
        names = job.MAKERS[self.step].makes
        parts = []
        for number, name in enumerate(names):
            part = tables[name].combine_chunks()
            # struct columns of the other tables are empty
            columns = [pa.repeat(pa.scalar(number, pa.int32()), len(part))]
            columns += [part.to_struct_array().combine_chunks() if other == name else pa.nulls(len(part), struct(other)) for other in names]
            parts.append(pa.Table.from_arrays([_chunk(one) for one in columns], schema=made_schema(names)))
        return pa.concat_tables(parts)

    def match(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Batches of the only cut table, one after the other. Gives batches of the only made table."""
        ((one, schema),) = self.cut
        (name,) = job.MAKERS[self.step].makes
        for batch in batches:
            rows = pa.Table.from_batches([batch]).select(schema.names).cast(schema)
            yield from self._decided({one: rows})[name].to_batches()

    def _decided(self, given: Mapping[Read, pa.Table]) -> dict[str, pa.Table]:
        connection = _connection()
        tables = {one: ibis.memtable(value) if isinstance(value, pa.Table) else value for one, value in {**self.shared(), **given}.items()}
        results = job.over(job.MAKERS[self.step], tables, agreement=self.agreement, as_of=self.as_of, **self.options)
        return {
            name: conform(rows if isinstance(rows, pa.Table) else connection.to_pyarrow(rows), CONTRACTS[name])
            for name, rows in results.items()
        }


def struct(name: str) -> pa.DataType:
    """The rows of a contract's table as one column."""
    return pa.struct([field.with_nullable(True) for field in CONTRACTS[name].schema])


def made_schema(names: Iterable[str]) -> pa.Schema:
    """Rows of several tables in one: the table's number, and its row in the table's own column."""
    return pa.schema([(TABLE, pa.int32()), *((f"made_{number}", struct(name)) for number, name in enumerate(names))])


def _chunk(column: Any) -> Any:
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks()
    return column


@cache
def _connection() -> Any:
    """One DuckDB for the expressions inside folds, also for rules that ask for their rows themselves."""
    connection = ibis.duckdb.connect(threads=1)
    connection.con.execute("SET TimeZone = 'UTC'")
    connection.con.execute("SET autoinstall_known_extensions = false")
    connection.con.execute("SET disabled_optimizers = 'join_filter_pushdown'")
    ibis.set_backend(connection)
    return connection
