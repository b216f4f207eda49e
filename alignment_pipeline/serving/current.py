"""Which index the pages read, and when the next one takes its place.

Belongs here: opening, checking for newer versions in the background, handing out cursors. How an index is made: `index.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from alignment_pipeline.errors import AlignmentError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations.explain import Source
from alignment_pipeline.serving import index

#: How often published versions are looked at.
_SECONDS = 15.0


class Current:
    """The index in use. A request works on the one that it began with."""

    def __init__(self, home: Home, *, seconds: float = _SECONDS) -> None:
        self._home = home
        self._seconds = seconds
        self._stop = threading.Event()
        # one at a time: DuckDB opens a file once per process, and a verdict asks for the next file while the watch may make it
        self._refreshing = threading.Lock()
        self._path: Path | None = None
        self._source: Source | None = None
        self.problem = ""
        self._thread = threading.Thread(target=self._watch, name="index", daemon=True)

    def start(self) -> None:
        """Make the first index, and look for newer versions from then on."""
        self.refresh(threads=2)
        self._thread.start()

    def stop(self) -> None:
        """End the looking."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def refresh(self, *, threads: int = 1) -> None:
        """Take the index of the versions that are published now; it is made when it is not there yet."""
        with self._refreshing:
            warehouse = self._home.warehouse()
            try:
                path = index.build(self._home, warehouse, threads=threads)
            finally:
                warehouse.connection.disconnect()
            if path != self._path:
                # the old connection is closed when the last request that has a cursor of it ends
                self._source, self._path = index.open_index(path), path

    @contextmanager
    def read(self) -> Iterator[Source]:
        """The tables, for one request."""
        source = self._source
        assert source is not None
        with source.connection.cursor() as cursor:
            yield replace(source, connection=cursor)

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                self.refresh()
                self.problem = ""
            except (AlignmentError, OSError, index.duckdb.Error) as error:
                # a publication may take the files away while they are read: the next look finds the new ones
                self.problem = str(error)
