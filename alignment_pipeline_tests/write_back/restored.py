"""Ways in which a journal comes back from a copy, for tests."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text

from alignment_pipeline.journal.journal import Journal
from alignment_pipeline_tests.write_back.office import Office


def copied(acme: Office, target: Path) -> Path:
    """A whole copy of the journal as it is now."""
    with closing(sqlite3.connect(acme.home / "journal.db")) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    target.chmod(0o600)
    return target


def restore_in_place(acme: Office, copy: Path) -> None:
    """The copy takes the journal's place; everything beside it stays."""
    acme.journal.close()
    for path in acme.home.glob("journal.db*"):
        if not path.name.endswith(".lock"):
            path.unlink()
    _put(acme, copy, acme.home)


def restore_into_a_fresh_home(acme: Office, copy: Path, home: Path) -> None:
    """The copy alone, on another machine."""
    acme.journal.close()
    home.mkdir(mode=0o700)
    acme.home = home
    _put(acme, copy, home)


def _put(acme: Office, copy: Path, home: Path) -> None:
    target = home / "journal.db"
    target.write_bytes(copy.read_bytes())
    target.chmod(0o600)
    acme.journal = Journal.open(str(target), home=home, clock=acme.clock)


def database(server: str, name: str, *, like: str | None = None) -> str:
    """A database of a PostgreSQL server, empty or a copy of another one that nobody has open; returns its URL."""
    driven = server.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(driven, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}" + (f" TEMPLATE {like}" if like else "")))
    base, _, query = server.partition("?")
    return f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


def open_in_a_fresh_container(acme: Office, url: str, home: Path) -> None:
    """Another machine with an empty home, whose journal is a database."""
    acme.journal.close()
    home.mkdir(mode=0o700)
    acme.home = home
    acme.journal = Journal.open(url, home=home, clock=acme.clock)
