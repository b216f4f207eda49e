"""The tables of another tool, wherever they lie: a folder of Parquet files, a DuckDB file, or a database that SQLAlchemy reaches.

Belongs here: names, columns and rows. What they mean: `mapping.py` and `extraction.py`. Nothing is ever written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import duckdb
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from alignment_pipeline.errors import ConfigurationError, Retryable

Row = Mapping[str, Any]
ROWS = 5_000


class Tables(Protocol):
    """What the extraction asks of a place."""

    def names(self) -> Sequence[str]:
        """The tables."""

    def columns(self, table: str) -> Sequence[str]:
        """A table's columns."""

    def rows(self, table: str, since: tuple[str, datetime] | None = None) -> Iterator[Row]:
        """A table's rows; those whose column holds that moment or a later one."""

    def newest(self, table: str, column: str) -> Any:
        """The largest value of a column."""


def open_tables(place: str, schema: str | None = None) -> Tables:
    """The tables at a place. Raises ConfigurationError when there are none."""
    if "://" in place:
        return DatabaseTables(place, schema)
    path = Path(place).expanduser()
    if path.is_dir():
        return DuckTables(_parquet(path))
    if path.is_file():
        return DuckTables(_duckdb(path), schema or "main")
    raise ConfigurationError(f"no tables at {place}: it is no folder of Parquet files, no DuckDB file and no database URL")


def _parquet(folder: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    files = {path.stem: path for path in folder.glob("*.parquet")} | {
        path.name: path / "**" / "*.parquet" for path in folder.iterdir() if path.is_dir() and next(path.rglob("*.parquet"), None)
    }
    for name, path in files.items():
        connection.read_parquet(str(path), union_by_name=True).create_view(name)
    return connection


def _duckdb(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path), read_only=True)
    except duckdb.IOException as error:
        raise Retryable(f"{path} is in use by another process: {error}") from error


class DuckTables:
    """Tables that DuckDB reads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, schema: str = "main") -> None:
        self._connection = connection
        self._connection.execute("SET TimeZone = 'UTC'")
        self._schema = schema

    def names(self) -> Sequence[str]:
        """The tables and views."""
        rows = self._connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [self._schema])
        return sorted(name for (name,) in rows.fetchall())

    def columns(self, table: str) -> Sequence[str]:
        """A table's columns in their order."""
        return [column[0] for column in self._connection.execute(f"SELECT * FROM {self._name(table)} LIMIT 0").description]

    def rows(self, table: str, since: tuple[str, datetime] | None = None) -> Iterator[Row]:
        """Rows in batches; a cursor of its own, so that another table can be read meanwhile."""
        cursor = self._connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        where, given = (f" WHERE {_quoted(since[0])} >= ?", [since[1]]) if since else ("", [])
        cursor.execute(f"SELECT * FROM {self._name(table)}{where}", given)
        names = [column[0] for column in cursor.description]
        while batch := cursor.fetchmany(ROWS):
            for values in batch:
                yield dict(zip(names, values, strict=True))

    def newest(self, table: str, column: str) -> Any:
        """The largest value."""
        row = self._connection.execute(f"SELECT max({_quoted(column)}) FROM {self._name(table)}").fetchone()
        return row[0] if row else None

    def _name(self, table: str) -> str:
        return f"{_quoted(self._schema)}.{_quoted(table)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class DatabaseTables:
    """Tables of a database."""

    def __init__(self, url: str, schema: str | None) -> None:
        try:
            self._engine = sa.create_engine(url)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise ConfigurationError(f"the database of loaded tables cannot be opened: {_harmless(error)}") from error
        self._schema = schema
        self._known: dict[str, sa.Table] = {}

    def names(self) -> Sequence[str]:
        """The tables and views."""
        try:
            inspector = sa.inspect(self._engine)
            return sorted({*inspector.get_table_names(self._schema), *inspector.get_view_names(self._schema)})
        except SQLAlchemyError as error:
            raise Retryable(f"the database of loaded tables cannot be read: {_harmless(error)}") from error

    def columns(self, table: str) -> Sequence[str]:
        """A table's columns in their order."""
        return [column.name for column in self._table(table).columns]

    def rows(self, table: str, since: tuple[str, datetime] | None = None) -> Iterator[Row]:
        """Rows as the server sends them."""
        one = self._table(table)
        query = sa.select(one).where(one.c[since[0]] >= since[1]) if since else sa.select(one)
        try:
            with self._engine.connect() as connection:
                for row in connection.execution_options(yield_per=ROWS).execute(query).mappings():
                    yield dict(row)
        except SQLAlchemyError as error:
            raise Retryable(f"{table} of the loaded tables cannot be read: {_harmless(error)}") from error

    def newest(self, table: str, column: str) -> Any:
        """The largest value."""
        with self._engine.connect() as connection:
            return connection.execute(sa.select(sa.func.max(self._table(table).c[column]))).scalar()

    def _table(self, name: str) -> sa.Table:
        if name not in self._known:
            self._known[name] = sa.Table(name, sa.MetaData(), autoload_with=self._engine, schema=self._schema, resolve_fks=False)
        return self._known[name]


def _harmless(error: Exception) -> str:
    """An error's kind and first line; SQLAlchemy puts parameters and the URL further down."""
    return f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
