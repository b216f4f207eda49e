"""The journal's database: opening, migrating, transactions, and the marks by which a lost or old one is recognised.

Belongs here: the connection and what surrounds it. The schema: `tables.py`; operations: `write_back/plans/ops.py`; who may write:
`lease.py`. The journal is the only thing here that cannot be rebuilt from the sources: back it up.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from alignment_pipeline.clock import Clock
from alignment_pipeline.errors import ConfigurationError, Permanent, Retryable
from alignment_pipeline.journal import crash

HEAD = "0005"
_BUSY_SECONDS = 30


class JournalUnwritable(Permanent):
    """The journal could not take a row (disk full, read-only): nothing may be sent without it."""


@dataclass
class Journal:
    """The write-back's memory. `seconds` counts the time spent in its transactions, commits included."""

    engine: Engine
    clock: Clock
    home: Path
    path: Path | None
    seconds: float = 0.0
    commits: int = 0

    @classmethod
    def open(cls, url: str | Path, *, home: Path | None = None, clock: Clock | None = None) -> Journal:
        """Open (or make) the journal at a SQLAlchemy URL or a SQLite file's path, and bring its schema up to date.

        `home` holds the lock files and the journal's mark (default: the file's directory). A new SQLite file is 0600; one that
        others may read is refused with ConfigurationError.
        """
        parsed = make_url(f"sqlite:///{Path(url).absolute()}") if isinstance(url, Path) or "://" not in url else make_url(url)
        path = Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None
        home = home or (path.parent if path else Path.cwd())
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path is not None:
            _private_file(path)
        journal = cls(engine=_engine(parsed), clock=clock or Clock(), home=home, path=path)
        journal._upgrade()
        return journal

    @property
    def backend(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction; durable when the block ends. Raises JournalUnwritable when the database cannot take it."""
        begun = time.perf_counter()
        try:
            with self.engine.connect() as connection:
                with connection.begin():
                    yield connection
                    crash.point("before commit")
                self.commits += 1
        except OperationalError as error:
            raise _recoverable(error) from error
        finally:
            self.seconds += time.perf_counter() - begun

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading only. Raises JournalUnwritable when it cannot be opened (SQLite writes to read a WAL)."""
        try:
            with self.engine.connect() as connection:
                connection.info["reading"] = True
                try:
                    yield connection
                finally:
                    connection.rollback()
                    connection.info.pop("reading", None)
        except OperationalError as error:
            raise _recoverable(error) from error

    def upsert(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: tuple[str, ...] = ()) -> None:
        """Insert rows; where the primary key is there already, replace every other column (but those in `keep`)."""
        if not rows:
            return
        make = sqlite.insert if self.backend == "sqlite" else postgresql.insert
        statement = make(table)
        keys = [column.name for column in table.primary_key]
        changed = {name: statement.excluded[name] for name in rows[0] if name not in keys and name not in keep}
        full: Any = statement.on_conflict_do_update(index_elements=keys, set_=changed)
        connection.execute(full, list(rows))

    def now(self) -> str:
        """The present moment as the journal writes it."""
        return stamp(self.clock.now())

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _upgrade(self) -> None:
        with self.read() as connection:
            if inspect(connection).has_table("alembic_version"):
                version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
                if version == HEAD:
                    return
                if version is not None and version > HEAD:
                    raise ConfigurationError(
                        f"the journal is at schema {version}, newer than this program's {HEAD}: install the newer alignment_pipeline"
                    )
        self._migrate()

    def _migrate(self) -> None:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", "alignment_pipeline.journal:migrations")
        with self.begin() as connection:
            if self.backend == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(727001)"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def stamp(moment: datetime) -> str:
    """A moment as the journal writes it: UTC, microseconds, `Z`; sorts as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_stamp(text_: str) -> datetime:
    """The moment that `stamp` wrote."""
    return datetime.fromisoformat(text_)


def _private_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.is_symlink():
        raise ConfigurationError(f"the journal {path.name} is a symbolic link: put the file itself there, or set ALIGNMENT_HOME")
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        return
    status = path.stat()
    if status.st_uid != os.getuid():
        raise ConfigurationError(f"the journal {path.name} belongs to another user (uid {status.st_uid}): run as that user, or move it")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise ConfigurationError(
            f"the journal {path.name} has mode {stat.S_IMODE(status.st_mode):04o} and others can read it: chmod 600 {path.name}"
        )


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        if url.get_backend_name() == "postgresql" and url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_BUSY_SECONDS * 1000}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if connection.info.get("reading") else "BEGIN IMMEDIATE")

    return engine


def _recoverable(error: OperationalError) -> JournalUnwritable | Retryable:
    said = str(error.orig).lower()
    if "locked" in said or "busy" in said:
        return Retryable(f"the journal is busy: {error.orig}; another process holds it, try again")
    if not isinstance(error.orig, sqlite3.Error):
        why = " ".join(str(error.orig).split())
        return JournalUnwritable(
            f"the journal's database does not answer ({why}): nothing is sent without it. Run again when it does; what was sent before is "
            "read back first"
        )
    return JournalUnwritable(
        f"the journal cannot be written ({error.orig}): nothing was sent; free space or restore write access, then run again"
    )
