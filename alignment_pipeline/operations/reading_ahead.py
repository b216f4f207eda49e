"""One system read into files by a thread of its own, while a step reads another.

Belongs here: waiting side by side. Marketo's exports are mostly waiting, so Salesforce is read meanwhile. What is kept is what the thread's
readings gave, in their order; it is stored, and its watermark moves, when the system's own step takes it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from alignment_pipeline.connectors.connector import Session
from alignment_pipeline.connectors.streams import Reading, StreamReport
from alignment_pipeline.errors import QuotaExhausted
from alignment_pipeline.operations import extract

Opened = tuple[Session, Sequence[Reading]]
#: Opens a system and gives its readings; whatever waits in there waits by the function given, which ends with the run.
Open = Callable[[Callable[[float], None]], AbstractContextManager[Opened]]


class ReadingAhead:
    """Readings that a thread has begun. An error is raised where the reading is taken, as if it were read there."""

    def __init__(self, open_: Open, folder: Path) -> None:
        self._open, self._folder = open_, folder
        self._must_end = threading.Event()
        self._files: list[Path] = []
        self._rest = ExitStack()
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._opened = self._thread.submit(self._begin)

    def readings(self) -> list[Reading]:
        """One reading per stream; iterating waits until the thread has read it."""
        return self._opened.result()[1]

    def calls(self) -> int:
        """What the session has cost so far."""
        return self._opened.result()[0].counter.total

    def close(self) -> None:
        """End the thread where it waits or at its next batch, and remove what nobody took."""
        self._must_end.set()
        self._thread.submit(self._rest.close)
        self._thread.shutdown()
        for path in self._files:
            path.unlink(missing_ok=True)

    def _begin(self) -> tuple[Session, list[Reading]]:
        session, readings = self._rest.enter_context(self._open(self._wait))
        return session, [self._read(one) for one in readings]

    def _read(self, reading: Reading) -> Reading:
        path = extract.arrivals_path(self._folder, reading.stream.table)
        self._files.append(path)
        is_read = self._thread.submit(self._into_file, reading, path)
        return Reading(reading.stream, lambda: _from_file(reading, path, is_read))

    def _into_file(self, reading: Reading, path: Path) -> None:
        may_go_on = False
        try:
            extract.spool(self._until_closed(reading), path)
            may_go_on = True
        except QuotaExhausted:
            may_go_on = True  # the other streams may have quota of their own
            raise
        finally:
            if not may_go_on:
                self._must_end.set()

    def _until_closed(self, reading: Reading) -> Iterator[pa.RecordBatch]:
        self._wait(0)
        for batch in reading:
            self._wait(0)
            yield batch

    def _wait(self, seconds: float) -> None:
        if self._must_end.wait(seconds):
            raise InterruptedError("reading ended before its end, with the run or with another stream's error")


def _from_file(reading: Reading, path: Path, is_read: Future[None]) -> Iterator[pa.RecordBatch | StreamReport]:
    is_read.result()
    if path.exists():
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches()
        path.unlink()
    yield reading.report
