"""SQLite files that are not ours: taking out rows that name a person.

Belongs here: Dagster's databases below the home, seen as tables with texts. The journal is erased by `write_back/records/erase.py`. A
Dagster that keeps its storage elsewhere (`DAGSTER_HOME`, PostgreSQL) is out of reach; its runs are deleted after `retention.run_days`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

_PATIENCE_SECONDS = 60.0


def leave_out(path: Path, needles: Collection[bytes]) -> int:
    """Delete every row in which a value holds one of these, and write the file again without what was deleted; returns how many.

    Raises sqlite3.OperationalError when another process holds the file for a minute.
    """
    if not needles or not path.is_file():
        return 0
    with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        number = sum(_of_table(connection, table, needles) for table in _tables(connection))
        if number:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return number


def _tables(connection: sqlite3.Connection) -> list[str]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    return [str(name) for (name,) in names]


def _of_table(connection: sqlite3.Connection, table: str, needles: Collection[bytes]) -> int:
    quoted = _quoted(table)
    columns = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({quoted})")]
    # instr compares bytes with bytes: a text that is not UTF-8 is looked through too
    named = " OR ".join(f"instr(CAST({_quoted(column)} AS BLOB), ?) > 0" for column in columns)
    deleted = 0
    for needle in sorted(needles):
        deleted += connection.execute(f"DELETE FROM {quoted} WHERE {named}", [needle] * len(columns)).rowcount
    return deleted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
