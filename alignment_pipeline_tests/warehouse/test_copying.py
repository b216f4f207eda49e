"""Rows of a rule are written by DuckDB itself: in the contract's types, whole, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.warehouse import copying
from alignment_pipeline.warehouse.warehouse import Warehouse

CONTRACT = CONTRACTS["activity_exclusions"]
NOON = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)


def given(**columns: Any) -> ibis.Table:
    """Three rows; `columns` replaces some."""
    rows = {
        "activity_type": ["web_visit", "email_open", "it's"],
        "exclusion": ["bot", "counted", "Ünïcode"],
        "activities": [1, 2**62, 3],
        **{name: [NOON] * 3 for name in ("first_at", "last_at", "as_of")},
        "agreement_version": ["v"] * 3,
    }
    schema = pa.schema([one.with_nullable(True) for one in CONTRACT.schema])
    return ibis.memtable(pa.table(rows | columns, schema=schema))


def published(warehouse: Warehouse) -> pa.Table:
    (file,) = (warehouse.root / CONTRACT.name).glob("*.parquet")
    return pq.read_table(file)


def test_a_rules_rows_stand_in_the_file_in_the_contracts_types(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "it's home")
    warehouse.replace(CONTRACT.name, given())
    found = published(warehouse)

    assert [(one.name, one.type) for one in CONTRACT.schema] == [(one.name, one.type) for one in found.schema]
    assert sorted(given().to_pyarrow().to_pylist(), key=str) == sorted(found.to_pylist(), key=str)


def test_a_sum_is_no_wider_in_the_file_than_ibis_says(tmp_path: Path) -> None:
    warehouse, rows = Warehouse(tmp_path), given(activities=[2**53, 1, 0])
    summed = rows.group_by("first_at").aggregate(activities=rows.activities.sum())
    stamps = dict.fromkeys(("last_at", "as_of"), summed.first_at)
    words = dict.fromkeys(("activity_type", "exclusion", "agreement_version"), ibis.literal("x"))
    warehouse.replace(CONTRACT.name, summed.mutate(**stamps, **words))

    assert [2**53 + 1] == published(warehouse).column("activities").to_pylist()
    assert pa.int64() == published(warehouse).schema.field("activities").type


def test_a_missing_required_value_is_named_and_the_old_version_stays(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.replace(CONTRACT.name, given())
    with pytest.raises(ConfigurationError, match="column exclusion: 2 rows are null"):
        warehouse.replace(CONTRACT.name, given(exclusion=["bot", None, None]))

    assert 3 == published(warehouse).num_rows


def test_rows_in_other_types_are_cast_or_refused_by_name(tmp_path: Path) -> None:
    warehouse, rows = Warehouse(tmp_path), given(activities=[1, 2, 3])
    other = rows.mutate(activities=rows.activities.cast("int32"))
    assert (True, False) == (copying.has_types_of(rows, CONTRACT), copying.has_types_of(other, CONTRACT))
    warehouse.replace(CONTRACT.name, other)

    assert [1, 2, 3] == sorted(published(warehouse).column("activities").to_pylist())
    with pytest.raises(ConfigurationError, match="column activities: string cannot become int64"):
        warehouse.replace(CONTRACT.name, rows.mutate(activities=rows.activity_type))


def test_no_rows_publish_an_empty_version(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.replace(CONTRACT.name, given())
    warehouse.replace(CONTRACT.name, given().filter(ibis.literal(False)))

    assert 0 == warehouse.read(CONTRACT.name).count().to_pyarrow().as_py()
    manifest = warehouse.manifest(CONTRACT.name)
    assert manifest is not None and () == manifest.files
