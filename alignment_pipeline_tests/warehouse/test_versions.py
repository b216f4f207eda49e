"""Whoever reads the folder of a table in place sees the published version, whole and alone, in any tool and at any moment."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import dataset

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.warehouse import manifest, versions
from alignment_pipeline.warehouse.warehouse import Warehouse

NAME = "queue_members"


def rows(*users: str) -> pa.Table:
    return pa.table({"queue_id": ["q"] * len(users), "queue_name": ["Queue"] * len(users), "user_id": list(users)})


def seen(root: Path) -> dict[str, list[str]]:
    """The users that each way of reading the folder finds."""
    folder = root / NAME
    query = duckdb.connect().execute
    return {
        "duckdb": [row[0] for row in query(f"SELECT user_id FROM '{folder}/*.parquet' ORDER BY 1").fetchall()],
        "duckdb, all tables": [row[0] for row in query(f"SELECT user_id FROM '{root}/*/*.parquet' ORDER BY 1").fetchall()],
        "pandas": sorted(pd.read_parquet(folder).user_id),
        "pyarrow": sorted(dataset.dataset(folder, format="parquet").to_table().column("user_id").to_pylist()),
    }


def test_only_the_published_files_are_found_after_any_number_of_versions(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    for number in range(5):
        warehouse.replace(NAME, rows(f"old {number}"))
    warehouse.replace(NAME, rows("a"))
    warehouse.append(NAME, rows("b"))

    assert {"a,b"} == {",".join(found) for found in seen(warehouse.root).values()}
    assert [] == list(warehouse.root.glob("**/old*"))


def test_a_version_without_rows_still_has_its_columns(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.replace(NAME, rows("a"))
    warehouse.replace(NAME, rows())

    assert {""} == {",".join(found) for found in seen(warehouse.root).values()}
    warehouse.append(NAME, rows("b"))
    assert {"b"} == {",".join(found) for found in seen(warehouse.root).values()}


def older_layout(root: Path) -> None:
    """A table as earlier releases kept it: published and older files side by side."""
    folder = root / NAME
    folder.mkdir(parents=True)
    root.parent.chmod(0o700)
    files = []
    for name, users in (("v000001-aa.parquet", ("old",)), ("v000002-bb.parquet", ("a", "b"))):
        pq.write_table(rows(*users), folder / name)
        files.append(manifest.describe_file(folder / name, len(users)))
    kept = manifest.Manifest(table=NAME, version=2, published_at="2026-11-21T00:00:00+00:00", files=(files[1],))
    (folder / manifest.OLDER_POINTER).write_text(json.dumps(asdict(kept)), encoding="utf-8")


@pytest.mark.parametrize("table", [NAME, f"snapshots/2026-11-19/{NAME}"])
def test_an_older_home_is_brought_into_the_new_layout_by_the_first_opening(tmp_path: Path, table: str) -> None:
    root = tmp_path / "home" / "warehouse"
    root.mkdir(parents=True)
    older_layout((root / table).parent)
    root.parent.chmod(0o700)

    warehouse = Warehouse(tmp_path / "home")

    assert {"a,b"} == {",".join(found) for found in seen((root / table).parent).values()}
    assert (root / table).is_symlink() and warehouse.damaged() == {}
    if table == NAME:
        assert 3 == warehouse.append(NAME, rows("c")).rows
        assert {"a,b,c"} == {",".join(found) for found in seen(root).values()}


def test_an_upgrade_that_was_killed_goes_on(tmp_path: Path) -> None:
    older_layout(tmp_path / "home" / "warehouse")
    Warehouse(tmp_path / "home")
    # as it is between the two steps for a table: its files have moved, and nothing points at them yet
    (tmp_path / "home" / "warehouse" / NAME).unlink()
    (tmp_path / "home" / "versions" / versions.LAYOUT).unlink()

    warehouse = Warehouse(tmp_path / "home")

    assert ["a", "b"] == sorted(warehouse.read(NAME).to_pyarrow().column("user_id").to_pylist())


def test_a_home_copied_without_its_links_is_read_and_published_to(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "home")
    warehouse.replace(NAME, rows("a"))
    shutil.copytree(tmp_path / "home", tmp_path / "copy")

    copied = Warehouse(tmp_path / "copy")

    assert ["a"] == copied.read(NAME).to_pyarrow().column("user_id").to_pylist()
    copied.append(NAME, rows("b"))
    assert {"a,b"} == {",".join(found) for found in seen(copied.root).values()}


def test_a_home_can_be_moved(tmp_path: Path) -> None:
    Warehouse(tmp_path / "home").replace(NAME, rows("a"))
    (tmp_path / "home").rename(tmp_path / "moved")

    assert ["a"] == Warehouse(tmp_path / "moved").read(NAME).to_pyarrow().column("user_id").to_pylist()


def test_nothing_of_an_older_version_is_left_once_it_is_forgotten(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.replace(NAME, rows("erased"))
    warehouse.replace(NAME, rows("a"))
    warehouse.forget_old_versions(NAME)

    files = list(tmp_path.rglob("*.parquet"))
    assert ["a"] == [user for path in files for user in pq.read_table(path).column("user_id").to_pylist()]


def test_every_column_of_a_file_has_its_description(tmp_path: Path) -> None:
    warehouse, contract = Warehouse(tmp_path), CONTRACTS[NAME]
    warehouse.replace(NAME, rows("a"))
    (by_batches,) = (pq.read_schema(path) for path in (warehouse.root / NAME).glob("*.parquet"))
    warehouse.replace(NAME, warehouse.read(NAME))
    (by_duckdb,) = (pq.read_schema(path) for path in (warehouse.root / NAME).glob("*.parquet"))

    wanted = {column.name: column.description for column in contract.columns}
    for schema in (by_batches, by_duckdb):
        assert wanted == {field.name: field.metadata[b"description"].decode() for field in schema}
        assert contract.description == schema.metadata[b"description"].decode()


def test_an_open_reader_blocks_no_publication(tmp_path: Path) -> None:
    """A reader in the middle of a table keeps its version; others are published meanwhile and found by the next reader."""
    warehouse = Warehouse(tmp_path)
    warehouse.replace(NAME, rows(*(f"user {number:06d}" for number in range(300_000))))
    reader = duckdb.connect()
    result = reader.execute(f"SELECT user_id FROM '{warehouse.root / NAME}/*.parquet'")
    first = result.fetchmany(1)

    Warehouse(tmp_path).replace(NAME, rows("new"))

    assert {"new"} == {",".join(found) for found in seen(warehouse.root).values()}
    assert 300_000 == len(first) + len(result.fetchall())
