"""A rule's rows written to a Parquet file by DuckDB itself.

Belongs here: one COPY. Rows that come in batches or in other types than the contract's: `files.py`.

DuckDB 1.5.6 can stop for good when the result of a UNION ALL is fetched as a stream (its threads wait for the reader, the reader waits
for the first row; `scored_activities` of four million activities does so every time). A COPY fetches nothing, and writes with all threads.
"""

from __future__ import annotations

import base64
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from alignment_pipeline.contracts import Contract
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.warehouse.connection import Connection

_TYPES = {
    "string": "VARCHAR",
    "json": "VARCHAR",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
    "date": "DATE",
}


def has_types_of(rows: ibis.Table, contract: Contract) -> bool:
    """Whether the rows have the contract's columns in its order and types, nulls aside."""
    types = rows.schema()
    return tuple(types.names) == contract.names and all(_arrow(types[one.name]) == one.type for one in contract.schema)


def copy(connection: Connection, rows: ibis.Table, contract: Contract, path: Path, *, row_group: int) -> int:
    """Write rows that have the contract's types. Returns how many. Raises ConfigurationError when a required value is missing."""
    query = connection.compile(rows)
    # what Ibis does before each of its own queries: tables that are held in memory are made known to DuckDB
    connection._run_pre_execute_hooks(rows)
    # Ibis leaves casts out where it believes a type already (a sum is HUGEINT in DuckDB); in the file they must hold
    columns = ", ".join(f'CAST("{one.name}" AS {_TYPES[one.type]}) AS "{one.name}"' for one in contract.columns)
    target = _quoted(str(path))
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {row_group}, USE_TMP_FILE false, KV_METADATA {{{_notes(contract)}}}"
    connection.con.execute(f"COPY (SELECT {columns} FROM ({query}) AS rows_) TO '{target}' ({options})")
    return checked(path, contract)


def checked(path: Path, contract: Contract) -> int:
    """How many rows a written file has. Raises ConfigurationError when a required value is missing."""
    written = pq.read_metadata(path)
    _refuse_nulls(written, contract)
    return int(written.num_rows)


def _notes(contract: Contract) -> str:
    """What Arrow keeps in a file's footer: the schema with a description of the table and of each column."""
    described = contract.described
    schema = base64.b64encode(described.serialize().to_pybytes()).decode()
    notes = {name.decode(): value.decode() for name, value in (described.metadata or {}).items()} | {"ARROW:schema": schema}
    return ", ".join(f"'{name}': '{_quoted(value)}'" for name, value in notes.items())


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _refuse_nulls(written: pq.FileMetaData, contract: Contract) -> None:
    for number, column in enumerate(contract.columns):
        if column.nullable:
            continue
        groups = (written.row_group(group).column(number).statistics for group in range(written.num_row_groups))
        nulls = sum(one.null_count for one in groups)
        if nulls:
            raise ConfigurationError(f"table {contract.name}, column {column.name}: {nulls} rows are null; the contract forbids it")


def _arrow(kind: ibis.DataType) -> pa.DataType | None:
    return None if kind.is_null() else kind.to_pyarrow()
