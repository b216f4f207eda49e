"""Dagster's own SQLite files: how long to wait for another process that holds one, and what to say after that.

Belongs here: nothing of ours is stored in these files. The journal waits by its own rules (`journal/journal.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from alignment_pipeline.errors import Retryable

# A backup or a scanner holds a file for half a minute at most; SQLite's own default is five seconds.
PATIENCE_SECONDS = 60.0


class StorageLocked(Retryable):
    """Another process held Dagster's SQLite for longer than anybody waits."""


def wait_longer() -> None:
    """Let every SQLite connection of this process that sets no time-out of its own wait for `PATIENCE_SECONDS`.

    Dagster offers no setting for it. Calling this again changes nothing.
    """
    if not event.contains(Engine, "do_connect", _with_patience):
        event.listen(Engine, "do_connect", _with_patience)


def _with_patience(dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
    if dialect.name == "sqlite":
        parameters.setdefault("timeout", PATIENCE_SECONDS)


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Raises StorageLocked, which names the folder, where a file there stayed locked."""
    try:
        yield
    except OperationalError as error:
        if "locked" not in str(error.orig):
            raise
        raise StorageLocked(
            f"Dagster's database in {folder} was locked by another process for {PATIENCE_SECONDS:.0f} seconds (a backup, a virus "
            "scanner?), so the run could not end; nothing was written to the CRM: start the run again when that has ended"
        ) from error
