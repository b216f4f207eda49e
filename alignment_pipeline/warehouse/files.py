"""The Parquet files of one version: rows written, moved in, and small files made one.

Belongs here: from rows to files in a contract's columns and types. Publishing them: `warehouse.py`; DuckDB's own COPY: `copying.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from alignment_pipeline.contracts import Contract
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.warehouse import copying
from alignment_pipeline.warehouse.connection import Connection
from alignment_pipeline.warehouse.manifest import DataFile, describe_file, sync

ROW_GROUP = 122_880
#: Above so many files the small ones at the end are written as one.
MOST_FILES = 8


@dataclass(frozen=True)
class Written:
    """Parquet files that another engine wrote, to be moved into the store."""

    paths: tuple[Path, ...]


def write(
    connection: Connection, folder: Path, contract: Contract, rows: ibis.Table | pa.Table | Iterable[pa.RecordBatch]
) -> list[DataFile]:
    """The rows as a file of this version, on disk before a manifest names it; no file where there are none."""
    path = _new_path(folder)
    if isinstance(rows, ibis.Table):
        rows = _narrowed(rows, contract)
        if copying.has_types_of(rows, contract):
            count = copying.copy(connection, rows, contract, path, row_group=ROW_GROUP)
        else:
            count = write_batches(path, contract, connection.to_pyarrow(rows))
    else:
        count = write_batches(path, contract, rows)
    if count == 0:
        path.unlink()
        return []
    path.chmod(0o600)
    sync(path)
    return [describe_file(path, count)]


def compacted(
    files: tuple[DataFile, ...], folder: Path, contract: Contract, connection: Connection, over: Callable[[list[str], str], ibis.Table]
) -> tuple[DataFile, ...]:
    """The files, the last ones as one while the one before is not twice as large: few files, and a large one is rarely rewritten."""
    if len(files) <= MOST_FILES:
        return files
    first, rows = len(files) - 1, files[-1].rows
    while first > 0 and files[first - 1].rows <= 2 * rows:
        first -= 1
        rows += files[first].rows
    if first == len(files) - 1:
        return files
    paths = [str(folder / file.name) for file in files[first:]]
    merged = write(connection, folder, contract, over(paths, contract.name))
    for file in files[first:]:
        (folder / file.name).unlink()
    return (*files[:first], *merged)


def moved(folder: Path, contract: Contract, written: Written) -> list[DataFile]:
    """Files of another engine as files of this version; empty ones stay where they are."""
    files = []
    for path in written.paths:
        rows = copying.checked(path, contract)
        if rows:
            target = _new_path(folder)
            path.replace(target)
            target.chmod(0o600)
            sync(target)
            files.append(describe_file(target, rows))
    return files


def write_batches(path: Path, contract: Contract, rows: pa.Table | Iterable[pa.RecordBatch]) -> int:
    """Write batches as a contract's file; returns how many rows."""
    count = 0
    if isinstance(rows, pa.Table):
        rows = rows.to_batches(max_chunksize=ROW_GROUP)
    with pq.ParquetWriter(path, contract.described, compression="zstd") as writer:
        for batch in rows:
            table = conform(pa.Table.from_batches([batch]).select(list(contract.names)), contract)
            writer.write_table(table, row_group_size=ROW_GROUP)
            count += table.num_rows
    return count


def conform(table: pa.Table, contract: Contract) -> pa.Table:
    """The table with exactly the contract's columns and types. Raises ConfigurationError that names the column at fault."""
    arrays = []
    for field in contract.schema:
        column = table.column(field.name)
        try:
            cast = column.cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ConfigurationError(
                f"table {contract.name}, column {field.name}: {column.type} cannot become {field.type}: {error}"
            ) from error
        if not field.nullable and cast.null_count:
            raise ConfigurationError(
                f"table {contract.name}, column {field.name}: {cast.null_count} rows are null; the contract forbids it"
            )
        arrays.append(cast)
    return pa.Table.from_arrays(arrays, schema=contract.schema)


def _narrowed(rows: ibis.Table, contract: Contract) -> ibis.Table:
    missing = [name for name in contract.names if name not in rows.columns]
    if missing:
        raise ConfigurationError(f"table {contract.name}: the rule gave no column {', '.join(missing)}; the contract asks for it")
    return rows.select(*contract.names)


def _new_path(folder: Path) -> Path:
    return folder / f"{folder.name[:7]}-{secrets.token_hex(4)}.parquet"
