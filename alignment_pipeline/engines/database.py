"""A database as engine, for the expressions that Ibis runs there: PostgreSQL, Snowflake, BigQuery.

Belongs here: loading the tables that an expression reads, evaluating it, and fetching its rows. Folds and matching run in this process, and
so does an expression for which Ibis has no words in that database. The store stays the same Parquet files.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import ibis
import ibis.expr.operations as ops
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from ibis.common.exceptions import OperationNotDefinedError, UnsupportedOperationError

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.engines import leaves
from alignment_pipeline.engines.embedded import DuckDb
from alignment_pipeline.line.job import Job
from alignment_pipeline.warehouse.warehouse import Published

Load = Callable[[Any, str, pa.Table], None]
_SQL_TYPES = {
    "string": "text",
    "large_string": "text",
    "int64": "bigint",
    "int32": "bigint",
    "int16": "bigint",
    "int8": "bigint",
    "double": "double precision",
    "bool": "boolean",
    "date32[day]": "date",
}


class Database:
    """Expressions in one database. `load` brings rows there as a table."""

    def __init__(self, embedded: DuckDb, connection: Any, *, load: Load) -> None:
        self.name = str(connection.name)
        self.kinds = frozenset({self.name, "duckdb", "parquet"})
        #: tables that were evaluated in this process instead, with the reason
        self.left: dict[str, str] = {}
        self._embedded = embedded
        self._warehouse = embedded.warehouse
        self._connection = connection
        self._load = load
        self._loaded: dict[tuple[str, ...], str] = {}

    def expression(self, job: Job) -> dict[str, Any]:
        """See `Engine`."""
        return job.whole()

    def publish(self, name: str, rows: Any) -> Published:
        """See `Engine`."""
        if not isinstance(rows, ibis.Table) or not list(leaves.stored(rows, self._warehouse)):
            return self._embedded.publish(name, rows)
        wanted = rows.select(*CONTRACTS[name].names)
        if (reason := self._why_not(wanted)) is not None:
            self.left[name] = reason
            return self._embedded.publish(name, rows)
        there = self._there(wanted)
        return self._embedded.publish(name, self._connection.to_pyarrow_batches(there))

    def fold(self, job: Job) -> dict[str, Any]:
        """See `Engine`."""
        return self._embedded.fold(job)

    def match(self, job: Job) -> dict[str, Any]:
        """See `Engine`."""
        return self._embedded.match(job)

    def release(self) -> None:
        """See `Engine`."""
        self._embedded.release()

    def close(self) -> None:
        """End the connection; its temporary tables are gone."""
        self._connection.disconnect()

    def _why_not(self, rows: ibis.Table) -> str | None:
        """Why Ibis cannot write the expression for this database; None when it can."""
        try:
            self._connection.compile(rows)
        except (OperationNotDefinedError, UnsupportedOperationError) as error:
            return str(error)
        return None

    def _there(self, rows: ibis.Table) -> ibis.Table:
        """The expression over the database's own tables."""
        files = {name: paths for name, paths, _ in leaves.stored(rows, self._warehouse)}
        tables: dict[Any, Any] = {}
        for node in rows.op().find((ops.DatabaseTable, ops.InMemoryTable)):
            if isinstance(node, ops.DatabaseTable):
                stored = self._table(files[node.name], node.schema.to_pyarrow())
            else:
                stored = self._fresh(node.data.to_pyarrow(node.schema))
            tables[node] = self._connection.table(stored).op()
        return rows.op().replace(tables).to_expr()

    def _table(self, paths: tuple[str, ...], schema: pa.Schema) -> str:
        """The name of a table with the rows of these files; each version of a table is loaded once."""
        if paths not in self._loaded:
            self._loaded[paths] = self._fresh(pq.ParquetDataset(list(paths)).read().select(schema.names))
        return self._loaded[paths]

    def _fresh(self, rows: pa.Table) -> str:
        name = f"alignment_{secrets.token_hex(6)}"
        self._load(self._connection, name, rows)
        return name


def load_by_copy(connection: Any, name: str, rows: pa.Table) -> None:
    """PostgreSQL: a temporary table, filled by COPY. It is gone with the connection."""
    columns = ", ".join(f'"{field.name}" {_sql_type(field.type)}' for field in rows.schema)
    with connection.con.cursor() as cursor:
        cursor.execute(f'CREATE TEMPORARY TABLE "{name}" ({columns})')
        with cursor.copy(f'COPY "{name}" FROM STDIN (FORMAT csv)') as copying:
            for batch in rows.to_batches(max_chunksize=50_000):
                text = io.BytesIO()
                pyarrow.csv.write_csv(batch, text, pyarrow.csv.WriteOptions(include_header=False))
                copying.write(text.getvalue())
        cursor.execute(f'ANALYZE "{name}"')
    connection.con.commit()


def load_by_ibis(connection: Any, name: str, rows: pa.Table) -> None:
    """Other databases: as Ibis does it."""
    connection.create_table(name, rows, temp=True)


def _sql_type(kind: pa.DataType) -> str:
    return "timestamptz" if pa.types.is_timestamp(kind) else _SQL_TYPES[str(kind)]


LOADS: Mapping[str, Load] = {"postgres": load_by_copy}
