"""Who may write now: a lock that the operating system gives back when its holder dies, and a number that outlives a frozen holder.

Belongs here: acquiring, checking and releasing a lease. SQLite: a lock file beside the journal (filelock); PostgreSQL: an advisory lock
on a connection of its own. Neither is counted on a clock, so a clock that jumps frees nobody's lease. The row's fence grows with
each holder: a holder that was paused, lost its lock and wakes up finds a higher number and stops (`Lease.check`).
"""

from __future__ import annotations

import contextlib
import os
import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from filelock import FileLock, Timeout
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from alignment_pipeline.errors import AnotherWriter
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import LEASE

#: One full apply at a time; a second one exits 75.
FULL = "apply-full"
#: One fast-lane apply at a time, beside a full one.
FAST = "apply-fast"
#: Taken per batch by whoever writes to the CRM.
CRM = "crm"
#: One run of a home at a time, wherever it was started; the fast lane and an apply go on beside it.
RUN = "run-full"
_POLL_SECONDS = 0.05


class FenceLost(AnotherWriter):
    """Another process took the lease while this one was paused: this one must not send anything more."""


@dataclass(frozen=True)
class Lease:
    """A lease that this process holds, with the fence it got."""

    name: str
    fence: int

    def check(self, connection: Connection) -> None:
        """Inside the transaction that precedes a send: raise FenceLost when a later holder has come."""
        now = connection.execute(select(LEASE.c.fence).where(LEASE.c.name == self.name)).scalar()
        if now != self.fence:
            raise FenceLost(f"the lease {self.name!r} passed on (fence {self.fence}, now {now}) while this process was paused; it stops")


@contextmanager
def acquire(
    journal: Journal, name: str, *, wait_seconds: float = 0.0, take_over: bool = False, first: Callable[[], None] | None = None
) -> Iterator[Lease]:
    """Acquire the lease for the block. Raises AnotherWriter when it is taken and stays so for `wait_seconds`.

    `take_over` skips the lock (its holder is known to be frozen): the fence alone then keeps the old holder from writing. `first` is called
    under the lock, before the fence is raised: what it refuses leaves the journal as it was.
    """
    with contextlib.ExitStack() as stack:
        if not take_over:
            stack.enter_context(_locked(journal, name, wait_seconds))
        if first is not None:
            first()
        yield Lease(name=name, fence=_next_fence(journal, name))


def is_held(journal: Journal, name: str) -> bool:
    """Whether a living process holds the lease now."""
    try:
        with _locked(journal, name, 0.0):
            return False
    except AnotherWriter:
        return True


def current_fence(journal: Journal, name: str = FULL) -> int:
    """The number that the last holder got; 0 when nobody ever held it."""
    with journal.read() as connection:
        return connection.execute(select(LEASE.c.fence).where(LEASE.c.name == name)).scalar() or 0


def _next_fence(journal: Journal, name: str) -> int:
    holder = f"{socket.gethostname()}:{os.getpid()}"
    with journal.begin() as connection:
        fence = connection.execute(select(LEASE.c.fence).where(LEASE.c.name == name)).scalar()
        if fence is None:
            journal.upsert(connection, LEASE, [{"name": name, "fence": 1, "holder": holder, "since": journal.now()}])
            return 1
        connection.execute(update(LEASE).where(LEASE.c.name == name).values(fence=fence + 1, holder=holder, since=journal.now()))
        return int(fence) + 1


def _locked(journal: Journal, name: str, wait_seconds: float) -> AbstractContextManager[None]:
    return (_lock_file if journal.backend == "sqlite" else _advisory)(journal, name, wait_seconds)


@contextmanager
def _lock_file(journal: Journal, name: str, wait_seconds: float) -> Iterator[None]:
    stem = journal.path.name if journal.path else "journal"
    # not per thread: Dagster may release in another thread than the one that acquired
    lock = FileLock(journal.home / f"{stem}.{name}.lock", mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=wait_seconds, poll_interval=_POLL_SECONDS)
    except Timeout:
        raise _taken(journal, name) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _advisory(journal: Journal, name: str, wait_seconds: float) -> Iterator[None]:
    key = zlib.crc32(f"alignment_pipeline:{name}".encode())
    connection = journal.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        waited = 0.0
        while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar():
            if waited >= wait_seconds:
                raise _taken(journal, name)
            journal.clock.wait(_POLL_SECONDS)
            waited += _POLL_SECONDS
        yield
    finally:
        with contextlib.suppress(SQLAlchemyError):
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
        connection.close()


def _taken(journal: Journal, name: str) -> AnotherWriter:
    with journal.read() as connection:
        row = connection.execute(select(LEASE.c.holder, LEASE.c.since).where(LEASE.c.name == name)).first()
    who = f" ({row.holder}, since {row.since})" if row else ""
    return AnotherWriter(f"another process is writing{who}: start again when it has ended")
