"""What a machine can run out of, taken away from a process of ours: file size, memory, the right to write.

Belongs here: the settings of a killed process's environment (`kill.py`), each by what the operating system or the database offers for it.
"""

from __future__ import annotations

import resource
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

#: Largest file in bytes; memory above what the process has at its start, in KiB; any text: the journal's disk is read-only.
FILE_LIMIT, MEMORY_LIMIT, READ_ONLY = "KILL_FILE_LIMIT", "KILL_MEMORY_LIMIT", "KILL_READ_ONLY"


def take_away(environ: Mapping[str, str]) -> None:
    """In the process that is to feel it."""
    if FILE_LIMIT in environ:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(environ[FILE_LIMIT]),) * 2)
    if MEMORY_LIMIT in environ:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + int(environ[MEMORY_LIMIT]) * 1024
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    if READ_ONLY in environ:
        event.listen(Engine, "connect", _read_only)


def _read_only(connection: Any, record: Any) -> None:
    """SQLite then refuses every write by the code that a read-only file system brings about (SQLITE_READONLY), root or not."""
    connection.execute("PRAGMA query_only=ON")
