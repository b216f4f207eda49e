"""The store: whole versions, checked files, nothing half published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError, DataLoss
from alignment_pipeline.warehouse import views
from alignment_pipeline.warehouse.manifest import describe_file, read_manifest, write_manifest
from alignment_pipeline.warehouse.warehouse import Warehouse

NAME = "queue_members"
NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


def rows(*users: str) -> pa.Table:
    return pa.table({"queue_id": ["q"] * len(users), "queue_name": ["Queue"] * len(users), "user_id": list(users)})


def users(warehouse: Warehouse) -> list[str]:
    return sorted(warehouse.read(NAME).to_pyarrow().column("user_id").to_pylist())


def test_a_table_never_published_reads_as_its_contracts_empty_table(tmp_path: Path) -> None:
    table = Warehouse(tmp_path).read(NAME).to_pyarrow()

    assert (0, list(CONTRACTS[NAME].names)) == (table.num_rows, table.column_names)


def test_replace_publishes_exactly_the_given_rows(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.replace(NAME, rows("a", "b"))
    warehouse.replace(NAME, rows("c"))

    assert ["c"] == users(warehouse)


def test_append_keeps_what_was_there(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.append(NAME, rows("a"))
    published = warehouse.append(NAME, rows("b", "c"))

    assert (3, 2) == (published.rows, published.added)
    assert ["a", "b", "c"] == users(warehouse)


def test_a_reader_that_opened_the_old_version_finishes_on_it(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.replace(NAME, rows("a"))
    opened = warehouse.read(NAME)
    Warehouse(tmp_path).replace(NAME, rows("b"))

    assert ["a"] == opened.to_pyarrow().column("user_id").to_pylist()
    assert ["b"] == users(warehouse)


def test_a_publication_that_fails_half_way_leaves_the_old_version(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.replace(NAME, rows("a"))

    def breaking() -> Iterator[pa.RecordBatch]:
        yield rows("b").to_batches()[0]
        raise DataLoss("the source broke")

    with pytest.raises(DataLoss):
        warehouse.replace(NAME, breaking())

    assert ["a"] == users(warehouse)


def test_a_cut_file_is_found_and_moved_aside(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.replace(NAME, rows("a", "b"))
    file = next((tmp_path / "warehouse" / NAME).glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-10])

    with pytest.raises(DataLoss, match="bytes instead of"):
        warehouse.read(NAME)
    assert [NAME] == list(warehouse.damaged())

    warehouse.move_aside(NAME)
    assert [] == users(warehouse)


def test_a_changed_byte_is_found_by_its_checksum(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.replace(NAME, rows("a", "b"))
    file = next((tmp_path / "warehouse" / NAME).glob("*.parquet"))
    content = bytearray(file.read_bytes())
    content[10] ^= 1
    file.write_bytes(bytes(content))

    assert {NAME: [f"{file.name} was changed after it was published"]} == warehouse.damaged()


def test_a_null_in_a_never_null_column_is_refused_by_name(tmp_path: Path) -> None:
    table = pa.table({"queue_id": ["q"], "queue_name": ["Queue"], "user_id": pa.array([None], pa.string())})

    with pytest.raises(ConfigurationError, match="column user_id: 1 rows are null"):
        Warehouse(tmp_path).replace(NAME, table)


def test_files_are_private(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "home")
    warehouse.replace(NAME, rows("a"))
    file = next((tmp_path / "home" / "warehouse" / NAME).glob("*.parquet"))

    assert (0o700, 0o600) == ((tmp_path / "home").stat().st_mode & 0o777, file.stat().st_mode & 0o777)


def test_a_kept_day_outlives_later_versions_of_the_table_and_can_be_kept_anew(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    first, second = date(2026, 11, 19), date(2026, 11, 20)

    def on(day: date) -> list[str]:
        return sorted(warehouse.read_snapshot(NAME, day).to_pyarrow().column("user_id").to_pylist())

    warehouse.keep(NAME, second, rows("b"))
    warehouse.keep(NAME, first, rows("a"))
    for user in "cde":
        warehouse.replace(NAME, rows(user))
    assert ([first, second], ["a"], ["b"]) == (warehouse.snapshot_days(NAME), on(first), on(second))

    warehouse.keep(NAME, first, rows("f"))
    warehouse.forget_old_snapshots(NAME, first)
    assert ["f"] == on(first)
    assert 1 == len(list(warehouse.snapshot_folder(first).glob("*/*.parquet")))
    with pytest.raises(ConfigurationError, match="no snapshot of queue_members on 2026-11-18"):
        warehouse.read_snapshot(NAME, date(2026, 11, 18))


def test_a_cut_file_of_a_kept_day_says_how_to_take_it_again(tmp_path: Path) -> None:
    warehouse, day = Warehouse(tmp_path), date(2026, 11, 19)
    warehouse.keep(NAME, day, rows("a"))
    next(warehouse.snapshot_folder(day).glob("*/*.parquet")).write_bytes(b"PAR1")

    with pytest.raises(DataLoss, match="alignment history --take"):
        warehouse.read_snapshot(NAME, day)


def test_timestamps_stay_utc_microseconds(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
    contract = CONTRACTS["opportunity_contact_roles"]
    row = {
        "role_id": "r",
        "opportunity_id": "o",
        "contact_id": "c",
        "role": None,
        "is_primary": False,
        "created_at": moment,
        "known_at": moment,
    }
    warehouse = Warehouse(tmp_path)
    warehouse.replace(contract.name, pa.Table.from_pylist([row], schema=contract.schema))

    assert [moment] == warehouse.read(contract.name).to_pyarrow().column("created_at").to_pylist()


def test_the_same_rows_in_any_order_keep_the_published_version(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    first = warehouse.replace_if_other(NAME, rows("a", "b"))
    again = warehouse.replace_if_other(NAME, rows("b", "a"))
    other = warehouse.replace_if_other(NAME, rows("a", "c"))

    assert (1, False, 1, True, 2) == (first.version, first.is_kept, again.version, again.is_kept, other.version)
    assert ["a", "c"] == users(warehouse)


@pytest.mark.parametrize("others", [("a", "a", "b"), ("a",), ("a", "B"), ()])
def test_other_rows_are_another_version(tmp_path: Path, others: tuple[str, ...]) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.replace_if_other(NAME, rows("a", "b"))

    assert not warehouse.replace_if_other(NAME, rows(*others)).is_kept
    assert sorted(others) == users(warehouse)


def test_the_same_rows_are_published_when_the_old_files_are_damaged(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.replace_if_other(NAME, rows("a"))
    for path in warehouse.files(NAME):
        path.write_bytes(b"")

    assert not warehouse.replace_if_other(NAME, rows("a")).is_kept
    assert ["a"] == users(warehouse)


def test_what_a_version_was_decided_from_stands_beside_it_and_goes_with_it(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    first = warehouse.replace_if_other(NAME, rows("a"))
    warehouse.sign(first, {"as_of": "2026-11-20T10:00:00+00:00"})
    kept = warehouse.replace_if_other(NAME, rows("a"))
    signed = warehouse.basis(NAME)
    warehouse.replace(NAME, rows("b"))
    warehouse.sign(first, {"as_of": "2026-11-21T10:00:00+00:00"})

    assert kept.is_kept and signed == {"as_of": "2026-11-20T10:00:00+00:00"}
    assert warehouse.basis(NAME) is None


def test_files_of_an_earlier_release_read_as_null_where_a_column_is_new(tmp_path: Path) -> None:
    """A raw table is appended to for years; a release that adds a column finds files without it."""
    name, new = "raw_marketo_leads", "mergedInto"
    contract = CONTRACTS[name]
    given = {"record_id": "1", "known_at": NOW, "modified_at": NOW, "is_reconstructed": False, "is_deleted": False, "row_hash": "a"}
    row = dict.fromkeys(contract.names) | given | {"custom_fields": "{}"}
    warehouse = Warehouse(tmp_path)
    warehouse.append(name, pa.Table.from_pylist([row], schema=contract.schema))
    for path in warehouse.files(name):
        pq.write_table(pq.read_table(path).drop_columns([new]), path)
        manifest = read_manifest(path.parent)
        assert manifest is not None
        write_manifest(path.parent, replace(manifest, files=(describe_file(path, 1),)))

    assert [(None,)] == views.read_only({name: Warehouse(tmp_path).files(name)}).sql(f'SELECT "{new}" FROM {name}').fetchall()
    assert [None] == Warehouse(tmp_path).read(name).to_pyarrow()[new].to_pylist()
    Warehouse(tmp_path).append(name, pa.Table.from_pylist([row | {"record_id": "2", new: "1"}], schema=contract.schema))
    both = Warehouse(tmp_path).read(name)
    assert list(contract.names) == list(both.columns)
    assert [None, "1"] == both.order_by("record_id").to_pyarrow()[new].to_pylist()
