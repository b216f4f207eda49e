"""Storing what a connector reads: once, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from alignment_pipeline.connectors.streams import Reading, StreamReport, StreamState
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.systems.registry import STREAMS
from alignment_pipeline.errors import Retryable
from alignment_pipeline.installation import stream_states
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.operations import extract
from alignment_pipeline.sla.timelines import feeds
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.staging.factories import NOW, account, days_ago, raw_row, rows, staged

STREAM = next(stream for stream in STREAMS if stream.object == "Account")
SECOND = next(stream for stream in STREAMS if stream.object == "Group")
TABLE = STREAM.table


def reading(*given: dict[str, Any], watermark: datetime = NOW, fails_after: int | None = None, stream: Any = STREAM) -> Reading:
    """A reading that gives a batch per row, and breaks off after some when asked to."""

    def run() -> Iterator[pa.RecordBatch | StreamReport]:
        for number, row in enumerate(given):
            if number == fails_after:
                raise Retryable("the connection broke off")
            yield from pa.Table.from_pylist([row], schema=CONTRACTS[stream.table].schema).to_batches()
        if fails_after == len(given):
            raise Retryable("the connection broke off")
        state = StreamState(stream.object, watermark=watermark)
        yield StreamReport(stream=stream, state=state, method="rest", started_at=NOW, rows=len(given), calls=2)

    return Reading(stream, run)


def version(number: int, name: str, days: float = 2, **more: Any) -> dict[str, Any]:
    return raw_row(TABLE, account(number), Name=name, modified_at=days_ago(days), **more)


@dataclass
class Store:
    """A home with a warehouse and a journal."""

    warehouse: Warehouse
    journal: Journal

    def store(self, *readings: Reading) -> list[extract.Stored]:
        return extract.store(readings, system="salesforce", warehouse=self.warehouse, journal=self.journal)

    @property
    def names(self) -> list[str]:
        return sorted(row["Name"] for row in rows(self.warehouse.read(TABLE)))

    @property
    def watermark(self) -> datetime | None:
        state = stream_states.load(self.journal, "salesforce").get("Account")
        return state.watermark if state else None

    @property
    def strays(self) -> list[str]:
        """Files that no published version names."""
        manifest = self.warehouse.manifest(TABLE)
        kept = {file.name for file in manifest.files} if manifest else set()
        arrivals = [path.name for path in self.warehouse.root.glob(".arrivals-*")]
        return arrivals + [path.name for path in (self.warehouse.root / TABLE).glob("*.parquet") if path.name not in kept]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Store]:
    with Journal.open(str(tmp_path / "journal.sqlite"), home=tmp_path) as journal:
        yield Store(Warehouse(tmp_path), journal)


def test_a_first_reading_is_stored_whole_and_remembered(place: Store) -> None:
    (stored,) = place.store(reading(version(1, "a"), version(2, "b"), watermark=days_ago(1)))
    assert (["a", "b"], days_ago(1), 2) == (place.names, place.watermark, stored.published.added)


def test_an_overlap_stores_nothing_twice(place: Store) -> None:
    place.store(reading(version(1, "a"), version(2, "b")))
    (again,) = place.store(reading(version(1, "a", known_at=NOW), version(2, "b", known_at=NOW), version(3, "c"), version(3, "c")))
    assert (["a", "b", "c"], 1) == (place.names, again.published.added)


def test_a_new_version_is_stored_beside_the_old_one(place: Store) -> None:
    place.store(reading(version(1, "a", days=5)))
    place.store(reading(version(1, "renamed", days=1), version(1, "a", days=5)))
    assert ["a", "renamed"] == place.names


def test_a_deletion_and_a_return_are_versions(place: Store) -> None:
    place.store(reading(version(1, "a", days=5)))
    place.store(reading(version(1, "a", days=3, is_deleted=True)))
    (back,) = place.store(reading(version(1, "a", days=1)))
    assert (3, 1) == (len(place.names), back.published.added)


def test_a_version_without_a_stamp_is_compared_too(place: Store) -> None:
    unstamped = raw_row(TABLE, account(1), Name="a", modified_at=None)
    place.store(reading(unstamped))
    (again,) = place.store(reading(unstamped))
    assert 0 == again.published.added


@pytest.mark.parametrize("fails_after", [0, 1, 2])
def test_a_first_reading_that_fails_leaves_nothing(place: Store, fails_after: int) -> None:
    with pytest.raises(Retryable):
        place.store(reading(version(1, "a"), version(2, "b"), fails_after=fails_after))
    assert ([], None, []) == (place.names, place.watermark, place.strays)
    assert place.warehouse.manifest(TABLE) is None


@pytest.mark.parametrize("fails_after", [0, 1, 2])
def test_a_later_reading_that_fails_leaves_table_and_watermark_as_they_were(place: Store, fails_after: int) -> None:
    place.store(reading(version(1, "a"), watermark=days_ago(9)))
    before = place.warehouse.manifest(TABLE)
    with pytest.raises(Retryable):
        place.store(reading(version(2, "b"), version(3, "c"), watermark=NOW, fails_after=fails_after))
    assert (["a"], days_ago(9), []) == (place.names, place.watermark, place.strays)
    assert before == place.warehouse.manifest(TABLE)


def test_streams_before_the_failing_one_keep_what_they_read(place: Store) -> None:
    with pytest.raises(Retryable):
        place.store(reading(version(1, "a")), reading(raw_row(SECOND.table, "00G000000000001AAA"), stream=SECOND, fails_after=1))
    assert (["a"], NOW) == (place.names, place.watermark)
    assert {"Account"} == set(stream_states.load(place.journal, "salesforce"))


def test_a_crash_between_publishing_and_remembering_costs_nothing(place: Store) -> None:
    place.store(reading(version(1, "a")))
    stream_states.forget(place.journal, "salesforce", "Account")
    (again,) = place.store(reading(version(1, "a", known_at=NOW)))
    assert (["a"], 0, NOW) == (place.names, again.published.added, place.watermark)


def test_nothing_new_publishes_no_new_version(place: Store) -> None:
    place.store(reading(version(1, "a")))
    (again,) = place.store(reading())
    assert (1, 0) == (again.published.version, again.published.added)


def test_the_cost_of_a_run_is_told_per_stream_and_once_for_what_they_share(place: Store) -> None:
    stored = place.store(reading(version(1, "a")), reading(stream=SECOND))
    found = list(extract.extraction_rows(stored, run_id="r", system="salesforce", total_calls=9))
    assert {"(shared)": 5, "Account": 2, "Group": 2} == {row["object"]: row["api_calls"] for row in found}
    assert CONTRACTS["extractions"].schema == extract.extractions_table(found).schema


def test_watermarks_are_per_stream_and_per_system_the_furthest_behind() -> None:
    given = [
        {"run_id": "1", "system": "salesforce", "object": "Lead", "watermark_at": days_ago(5)},
        {"run_id": "2", "system": "salesforce", "object": "Lead", "watermark_at": days_ago(1)},
        {"run_id": "2", "system": "salesforce", "object": "Task", "watermark_at": days_ago(3)},
        {"run_id": "2", "system": "salesforce", "object": "(shared)", "watermark_at": None},
        {"run_id": "2", "system": "marketo", "object": "leads", "watermark_at": NOW},
    ]
    expected = {
        "salesforce:Lead": days_ago(1),
        "salesforce:Task": days_ago(3),
        "salesforce": days_ago(3),
        "marketo:leads": NOW,
        "marketo": NOW,
    }
    assert expected == feeds.watermarks(staged("extractions", given))
