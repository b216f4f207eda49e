"""Every table as a view of a DuckDB that can only read.

Belongs here: the views, with the contracts' descriptions as comments, and the lock. The store itself, whose connection reads and
publishes: `warehouse.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from alignment_pipeline.contracts import CONTRACTS, Contract
from alignment_pipeline.contracts.contract import Column

TYPES = {
    "string": "VARCHAR",
    "json": "VARCHAR",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
    "date": "DATE",
}


def read_only(
    files: Mapping[str, Iterable[Path]], *, memory_limit: str | None = None, is_described: bool = True
) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory with a view per contract over these files. It reads these files and no others, and cannot write.

    `is_described` adds the contracts' texts as comments, and views without rows of the tables that are not named.
    """
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    connection.execute("SET TimeZone = 'UTC'")
    if memory_limit:
        connection.execute("SET memory_limit = ?", [memory_limit])
    paths = {name: [str(path) for path in parts] for name, parts in files.items()}
    for contract in CONTRACTS.values() if is_described else (CONTRACTS[name] for name in files):
        parts = paths.get(contract.name)
        source = f"read_parquet([{', '.join(text(path) for path in parts)}], union_by_name = true)" if parts else None
        lacking = _lacking(contract, paths[contract.name]) if parts else ()
        for statement in statements(contract, source, lacking) if is_described else [view(contract, source, lacking)]:
            connection.execute(statement)
    connection.execute(f"SET allowed_paths = [{', '.join(text(path) for parts in paths.values() for path in parts)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _lacking(contract: Contract, paths: Sequence[str]) -> Sequence[Column]:
    """Columns that the contract has and no file: files of an earlier release."""
    there = set(pq.read_schema(paths[-1]).names)
    if there.issuperset(contract.names):
        return ()
    there.update(*(pq.read_schema(path).names for path in paths[:-1]))
    return [column for column in contract.columns if column.name not in there]


def statements(contract: Contract, source: str | None, lacking: Sequence[Column] = ()) -> Iterator[str]:
    """What makes a table's view over a source of rows (a table function of DuckDB; without one, no rows) and its comments."""
    yield view(contract, source, lacking)
    yield f'COMMENT ON VIEW "{contract.name}" IS {text(contract.description)}'
    for column in contract.columns:
        yield f'COMMENT ON COLUMN "{contract.name}"."{column.name}" IS {text(column.description)}'


def view(contract: Contract, source: str | None, lacking: Sequence[Column] = ()) -> str:
    """What makes the view alone; columns that the source is lacking are null."""
    if source is not None:
        query = f"SELECT {', '.join(['*', *_nulls(lacking)])} FROM {source}"
    else:
        query = f"SELECT {', '.join(_nulls(contract.columns))} WHERE false"
    return f'CREATE OR REPLACE VIEW "{contract.name}" AS {query}'


def _nulls(columns: Iterable[Column]) -> Iterator[str]:
    return (f'CAST(NULL AS {TYPES[column.type]}) AS "{column.name}"' for column in columns)


def text(value: str) -> str:
    """An SQL literal."""
    return "'" + value.replace("'", "''") + "'"
