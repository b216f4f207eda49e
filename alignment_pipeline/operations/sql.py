"""A question in SQL about the published tables.

Belongs here: one SELECT on a connection that can only read. The views: `warehouse/views.py`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.warehouse import views


def connect(home: Home) -> duckdb.DuckDBPyConnection:
    """Every table as a view, read-only. Publications that come later are not seen, and not blocked."""
    warehouse = home.warehouse()
    files = {name: warehouse.files(name) for name in CONTRACTS}
    return views.read_only(files, memory_limit=home.environ.get("ALIGNMENT_MEMORY_LIMIT") or None)


def ask(connection: duckdb.DuckDBPyConnection, question: str) -> pa.Table:
    """The rows of one SELECT. Raises ConfigurationError when it is anything else, or when DuckDB does not understand it."""
    try:
        statements = connection.extract_statements(question)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise ConfigurationError("give one SELECT; `alignment sql` only reads (SHOW TABLES and DESCRIBE a_table work as well)")
        return connection.execute(statements[0]).to_arrow_table()
    except duckdb.Error as error:
        raise ConfigurationError(f"DuckDB: {error}") from error


def write(table: pa.Table, path: Path) -> None:
    """The rows as a Parquet file."""
    pa.parquet.write_table(table, path, compression="zstd")
    path.chmod(0o600)
