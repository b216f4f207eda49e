"""Copies of the journal, which alone cannot be rebuilt from the sources.

Belongs here: making a whole copy while others write, keeping the last ones, and how old the newest is. When: a job of its own
(`defs/backup.py`) and `alignment backup`. A journal that was restored from a copy is recognised by `write_back/sending/marker.py`.
PostgreSQL has its own tools (pg_dump, continuous archiving), so nothing is copied there.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alignment_pipeline.errors import ConfigurationError, Permanent
from alignment_pipeline.journal.journal import Journal

ENVIRONMENT_VARIABLE = "ALIGNMENT_BACKUP_FOLDER"
#: Copies hold what people may ask to have erased: none lives longer than this.
LONGEST = timedelta(days=30)
KEPT = 14
#: A copy a day; `alignment doctor` warns after two.
STALE = timedelta(hours=48)
_STAMP = "%Y%m%dT%H%M%S%fZ"


class BackupFailed(Permanent):
    """No whole copy was made; the last one stays."""


def folder_of(home: Path, environ: Mapping[str, str]) -> Path:
    """Where copies go: `ALIGNMENT_BACKUP_FOLDER` (another disk is the point of it), else `backups` in the home."""
    named = environ.get(ENVIRONMENT_VARIABLE, "").strip()
    return Path(named).expanduser() if named else home / "backups"


def back_up(journal: Journal, folder: Path) -> Path:
    """Copy the journal, check the copy, and let go of the oldest; returns its path (0600). Raises BackupFailed."""
    if journal.path is None:
        raise ConfigurationError("the journal is in PostgreSQL; back it up with PostgreSQL's own tools (pg_dump, archiving)")
    now = journal.clock.now()
    target = folder / f"journal-{now.strftime(_STAMP)}.sqlite"
    aside = target.with_suffix(f".{os.getpid()}")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        with closing(sqlite3.connect(journal.path)) as source, closing(sqlite3.connect(aside)) as copy:
            source.backup(copy)
            # one file, without a write-ahead log beside it
            copy.execute("PRAGMA journal_mode=DELETE")
            integrity = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if integrity != "ok":
            raise BackupFailed(f"the copy of the journal is damaged ({integrity}): look at the disk, and run `alignment doctor`")
        _sync(aside)
        aside.replace(target)
        _sync(folder)
        forget(folder, now)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"the journal was not backed up to {folder}: {error}") from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
    return target


def forget(folder: Path, now: datetime) -> None:
    """Let go of copies beyond the last 14, and of those older than 30 days."""
    for number, (place, at) in enumerate(copies(folder)):
        if number >= KEPT or now - at > LONGEST:
            place.unlink(missing_ok=True)


def renew(journal: Journal, folder: Path) -> None:
    """After an erasure: the copies that still hold the person go, and one without takes their place. Nothing where there was none."""
    old = copies(folder)
    if old and journal.path is not None:
        newest = back_up(journal, folder)
        for place, _ in old:
            if place != newest:
                place.unlink(missing_ok=True)


def copies(folder: Path) -> list[tuple[Path, datetime]]:
    """The copies and when each was made, newest first."""
    dated = []
    for path in folder.glob("journal-*.sqlite") if folder.is_dir() else ():
        with suppress(ValueError):
            dated.append((path, datetime.strptime(path.stem.removeprefix("journal-"), _STAMP).replace(tzinfo=UTC)))
    return sorted(dated, key=lambda one: one[1], reverse=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
