"""The outbox's memory: which message went which way, written before and after every attempt.

Belongs here: entries and the file that keeps them. It holds keys, times and states, never texts or names: what a message says is
made again from the tables. A crash between "sending" and "sent" leaves "sending" behind, which the next start shows as unknown.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol

from filelock import FileLock, Timeout

from alignment_pipeline.errors import AnotherWriter, DataLoss

State = Literal["waiting", "sending", "sent", "delayed", "failed", "unknown", "withdrawn"]
_COMPACT_AT = 20_000


@dataclass(frozen=True)
class Entry:
    """Where one message stands on one channel. Times are ISO 8601 UTC; `since` is when it was first seen."""

    key: str
    channel: str
    state: State
    since: str
    at: str
    title: str = ""
    tries: int = 0
    not_before: str = ""
    detail: str = ""


class Store(Protocol):
    """What the notifier asks of a memory. `put` returns only once the entries are durable."""

    def entries(self) -> dict[tuple[str, str], Entry]:
        """The latest entry per (key, channel)."""

    def put(self, entries: Iterable[Entry]) -> None:
        """Keep these."""


class FileStore:
    """Entries as JSON lines in one file, synced to disk; one process at a time holds it.

    Use as a context manager; entering raises AnotherWriter while another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path.with_name(f"{path.name}.lock"), mode=0o600)
        self._entries: dict[tuple[str, str], Entry] = {}
        self._descriptor = -1

    def __enter__(self) -> FileStore:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise AnotherWriter(f"{self.path}: another process is delivering notifications; it will deliver these too") from error
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        lines = self.path.read_bytes().split(b"\n")
        whole = lines[:-1]
        for number, line in enumerate(whole, start=1):
            self._remember(number, line)
        if lines[-1]:
            # a torn last line: the crash came while it was written, so nothing was sent under it
            os.ftruncate(self._descriptor, sum(len(line) + 1 for line in whole))
        if len(whole) > _COMPACT_AT and len(whole) > 2 * len(self._entries):
            self._compact()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._descriptor)
        self._lock.release()

    def entries(self) -> dict[tuple[str, str], Entry]:
        """The latest entry per (key, channel)."""
        return dict(self._entries)

    def put(self, entries: Iterable[Entry]) -> None:
        """Append and sync."""
        lines = list(entries)
        if not lines:
            return
        text = "".join(json.dumps(asdict(entry), sort_keys=True) + "\n" for entry in lines)
        rest = text.encode()
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.fsync(self._descriptor)
        self._entries.update({(entry.key, entry.channel): entry for entry in lines})

    def _remember(self, number: int, line: bytes) -> None:
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise DataLoss(
                f"{self.path}:{number}: cannot be read ({error}); repair the line or move the file away, after which messages that were "
                "sent already may be sent again"
            ) from error
        self._entries[entry.key, entry.channel] = entry

    def _compact(self) -> None:
        """Rewrite in place under the lock; the old content stays until the new one is on disk."""
        aside = self.path.with_suffix(".compact")
        aside.write_text("".join(json.dumps(asdict(entry), sort_keys=True) + "\n" for entry in self._entries.values()))
        aside.chmod(0o600)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        fresh = os.open(aside, os.O_RDWR | os.O_APPEND)
        aside.replace(self.path)
        os.close(self._descriptor)
        self._descriptor = fresh
