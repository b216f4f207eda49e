"""Dagster's SQLite held by another process: a short while is waited for, a long one is said."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from alignment_pipeline.errors import AlignmentError
from alignment_pipeline.installation import instance_storage


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "runs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE runs (id INTEGER)")
        connection.commit()
    return path


@pytest.fixture
def held(database: Path) -> Iterator[sqlite3.Connection]:
    """The database, held as a backup holds it."""
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield connection


def write(database: Path, **options: object) -> None:
    """As Dagster connects: without a time-out of its own, and anew each time."""
    engine = create_engine(f"sqlite:///{database}", poolclass=NullPool, **options)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO runs VALUES (1)"))


def test_a_run_waits_longer_than_sqlite_does_by_itself(database: Path, held: sqlite3.Connection) -> None:
    instance_storage.wait_longer()
    release = threading.Timer(6.0, held.execute, ["ROLLBACK"])
    release.start()
    write(database)
    release.join()

    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)


def test_who_sets_a_time_out_keeps_it(database: Path, held: sqlite3.Connection) -> None:
    instance_storage.wait_longer()
    with pytest.raises(OperationalError):
        write(database, connect_args={"timeout": 0.01})


def test_a_file_that_stays_locked_is_a_sentence_with_the_folder(database: Path, held: sqlite3.Connection) -> None:
    with (
        pytest.raises(AlignmentError, match="was locked by another process for 60 seconds") as told,
        instance_storage.explained(database.parent),
    ):
        write(database, connect_args={"timeout": 0.01})
    assert str(database.parent) in str(told.value)
    assert "sqlalche" not in str(told.value)


def test_another_fault_of_the_file_stays_what_it_is(database: Path) -> None:
    with pytest.raises(OperationalError, match="no such table"), instance_storage.explained(database.parent):
        create_engine(f"sqlite:///{database}").connect().execute(text("SELECT * FROM no_table"))
