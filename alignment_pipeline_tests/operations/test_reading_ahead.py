"""A system that a thread reads ahead gives what it gives when it is read at once, errors in their place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from alignment_pipeline.connectors.calls import CallCounter
from alignment_pipeline.connectors.streams import Reading, StreamReport, StreamState
from alignment_pipeline.contracts.systems.registry import STREAMS
from alignment_pipeline.errors import QuotaExhausted, Retryable
from alignment_pipeline.operations.reading_ahead import ReadingAhead

MOMENT = datetime(2026, 3, 2, tzinfo=UTC)
Rows = list[list[str]]


class Session:
    """A session that has cost three calls."""

    def __init__(self) -> None:
        self.counter = CallCounter()


def reading(place: int, batches: Rows, *, error: Exception | None = None, before: Callable[[], object] = lambda: None) -> Reading:
    stream = STREAMS[place]

    def run() -> Iterator[pa.RecordBatch | StreamReport]:
        before()
        for batch in batches:
            yield pa.record_batch({"record_id": batch})
        if error is not None:
            raise error
        yield StreamReport(stream, StreamState(stream.object), "rest", MOMENT, rows=sum(map(len, batches)))

    return Reading(stream, run)


def ahead(folder: Path, *readings: Reading, error: Exception | None = None) -> ReadingAhead:
    @contextmanager
    def opened(wait: Callable[[float], None]) -> Iterator[tuple[Session, Sequence[Reading]]]:
        if error is not None:
            raise error
        yield Session(), readings

    return ReadingAhead(opened, folder)


def rows(one: Reading) -> list[str]:
    return [value for batch in one for value in batch.column(0).to_pylist()]


@pytest.mark.parametrize("batches", [[], [["a"]], [["a", "b"], ["c"]]])
def test_rows_and_reports_are_those_of_the_reading(batches: Rows, tmp_path: Path) -> None:
    one, two = ahead(tmp_path, reading(0, batches), reading(1, [["z"]])).readings()

    assert rows(one) == rows(reading(0, batches))
    assert rows(two) == ["z"]
    assert (one.report.rows, one.stream) == (sum(map(len, batches)), STREAMS[0])
    assert [] == list(tmp_path.iterdir())


def test_it_is_read_while_the_step_waits_for_something_else(tmp_path: Path) -> None:
    is_begun = threading.Event()
    reads = ahead(tmp_path, reading(0, [["a"]], before=is_begun.set))

    # nobody has taken a row yet
    assert is_begun.wait(10)
    assert rows(reads.readings()[0]) == ["a"]


def test_an_error_is_raised_where_its_stream_is_taken_and_ends_the_rest(tmp_path: Path) -> None:
    reads = ahead(tmp_path, reading(0, [["a"]]), reading(1, [["b"]], error=Retryable("no")), reading(2, [["c"]]))
    one, two, three = reads.readings()

    assert rows(one) == ["a"]
    with pytest.raises(Retryable):
        rows(two)
    with pytest.raises(InterruptedError, match="another stream's error"):
        rows(three)
    reads.close()
    assert [] == list(tmp_path.iterdir())


def test_a_stream_without_quota_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    one, two = ahead(tmp_path, reading(0, [], error=QuotaExhausted("tomorrow")), reading(1, [["b"]])).readings()

    with pytest.raises(QuotaExhausted):
        rows(one)
    assert rows(two) == ["b"]


def test_a_system_that_cannot_be_opened_says_so_where_it_is_taken(tmp_path: Path) -> None:
    with pytest.raises(Retryable, match="down"):
        ahead(tmp_path, error=Retryable("down")).readings()


def test_what_nobody_takes_is_removed_and_a_wait_for_the_vendor_ends(tmp_path: Path) -> None:
    is_begun, is_over = threading.Event(), threading.Event()

    @contextmanager
    def opened(wait: Callable[[float], None]) -> Iterator[tuple[Session, Sequence[Reading]]]:
        def poll() -> None:
            is_begun.set()
            wait(600)

        yield Session(), [reading(0, [["a"]]), reading(1, [["b"]], before=poll)]
        is_over.set()

    reads = ReadingAhead(opened, tmp_path)
    reads.readings()
    assert is_begun.wait(10)
    reads.close()

    assert is_over.is_set()
    assert [] == list(tmp_path.iterdir())
