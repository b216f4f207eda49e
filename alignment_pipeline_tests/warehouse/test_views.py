"""A DuckDB in which every table is a view: it reads these files and no others, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.warehouse import views
from alignment_pipeline.warehouse.warehouse import Warehouse

NAME = "queue_members"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Warehouse, duckdb.DuckDBPyConnection]]:
    warehouse = Warehouse(tmp_path / "it's home")
    warehouse.replace(NAME, pa.table({"queue_id": ["q"], "queue_name": ["Queue"], "user_id": ["a"]}))
    with views.read_only({NAME: warehouse.files(NAME)}) as connection:
        yield warehouse, connection


def test_every_contract_is_a_view_with_its_columns_published_or_not(opened: tuple[Warehouse, duckdb.DuckDBPyConnection]) -> None:
    _, connection = opened
    columns = "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() WHERE NOT internal GROUP BY ALL"
    found = connection.execute(columns).fetchall()

    assert {name: list(contract.names) for name, contract in CONTRACTS.items()} == dict(found)
    assert [("q", "Queue", "a")] == connection.execute(f"SELECT * FROM {NAME}").fetchall()
    assert [] == connection.execute("SELECT * FROM people").fetchall()


def test_tables_and_columns_are_described(opened: tuple[Warehouse, duckdb.DuckDBPyConnection]) -> None:
    _, connection = opened
    contract = CONTRACTS[NAME]
    told = connection.execute("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ?", [NAME]).fetchall()

    assert {column.name: column.description for column in contract.columns} == dict(told)
    assert [(contract.description,)] == connection.execute("SELECT comment FROM duckdb_views() WHERE view_name = ?", [NAME]).fetchall()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('{other}')",
        "SELECT * FROM '{other}'",
        "SELECT * FROM glob('{folder}/*')",
        "COPY (SELECT 1) TO '{folder}/made.csv'",
        "COPY (SELECT 1) TO '{file}' (FORMAT parquet)",
        "ATTACH '{folder}/made.duckdb'",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "INSTALL httpfs",
        "LOAD httpfs",
    ],
)
def test_nothing_else_is_read_and_nothing_is_written(
    opened: tuple[Warehouse, duckdb.DuckDBPyConnection], tmp_path: Path, statement: str
) -> None:
    warehouse, connection = opened
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    (file,) = warehouse.files(NAME)

    with pytest.raises(duckdb.Error):
        quoted = {"other": tmp_path / "other.csv", "folder": tmp_path, "file": file}
        connection.execute(statement.format(**{name: str(path).replace("'", "''") for name, path in quoted.items()}))

    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_publication_beside_an_open_reader_is_not_blocked(opened: tuple[Warehouse, duckdb.DuckDBPyConnection]) -> None:
    warehouse, connection = opened
    warehouse.replace(NAME, pa.table({"queue_id": ["q"], "queue_name": ["Queue"], "user_id": ["b"]}))

    assert [("a",)] == connection.execute(f"SELECT user_id FROM {NAME}").fetchall()
    with views.read_only({NAME: warehouse.files(NAME)}) as later:
        assert [("b",)] == later.execute(f"SELECT user_id FROM {NAME}").fetchall()
