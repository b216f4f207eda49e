"""A journal of release 0.1.0, with a row in every table, opens in this release: the schema is today's, and no row is lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import metadata
from alignment_pipeline_tests import postgres

FIXTURE = Path(__file__).with_name("journal_0_1_0.sql")


def statements() -> list[str]:
    """The fixture's statements."""
    return [one.strip() for one in FIXTURE.read_text(encoding="utf-8").split(";\n") if one.strip()]


def sqlite(folder: Path) -> str:
    path = folder / "journal.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(FIXTURE.read_text(encoding="utf-8"))
    connection.close()
    path.chmod(0o600)
    return f"sqlite:///{path}"


def filled(uri: str) -> str:
    url = uri.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url)
    with engine.begin() as connection:
        for one in statements():
            connection.execute(text(one.replace(":", r"\:")))
    engine.dispose()
    return url


def counts(journal: Journal) -> dict[str, int]:
    """Rows by table."""
    with journal.read() as connection:
        names = inspect(connection).get_table_names()
        return {name: int(connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar() or 0) for name in names}


def check(url: str, folder: Path) -> None:
    with Journal.open(url, home=folder) as journal:
        found = counts(journal)
        with journal.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": journal.backend != "sqlite"})
            assert [] == compare_metadata(context, metadata)
    old = {one.split('"')[1] for one in statements() if one.startswith("INSERT")} - {"alembic_version"}
    assert {"op", "plan", "run", "hold", "synced", "attempt", "standing_approval"} <= old
    # approvals of that release were signed with a key that the server shared; they are signed anew (docs/adr/0038)
    rows = {name: sum(one.startswith(f'INSERT INTO "{name}"') for one in statements()) for name in old} | {"standing_approval": 0}
    assert rows == {name: found[name] for name in old}
    with Journal.open(url, home=folder) as journal:
        assert found == counts(journal)


def test_on_sqlite(tmp_path: Path) -> None:
    check(sqlite(tmp_path), tmp_path)


def test_on_postgresql(tmp_path: Path) -> None:
    with postgres.served(tmp_path) as uri:
        check(filled(uri), tmp_path / "home")
