"""The journal: its migrations, its privacy, its lease; on SQLite, and on a real PostgreSQL where there is one to start."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, select, text

from alignment_pipeline.errors import AnotherWriter, ConfigurationError
from alignment_pipeline.journal import outbox_and_streams, settings
from alignment_pipeline.journal.journal import Journal, JournalUnwritable
from alignment_pipeline.journal.lease import CRM, FULL, FenceLost, acquire, current_fence
from alignment_pipeline.journal.tables import OP, RUN, metadata
from alignment_pipeline.write_back.fields import holds
from alignment_pipeline.write_back.fields.decide import HoldReason
from alignment_pipeline.write_back.fields.holds import NewHold
from alignment_pipeline.write_back.sending import budget
from alignment_pipeline_tests import postgres
from alignment_pipeline_tests.write_back.office import agreement, lead_id, office

BACKENDS = ["sqlite", "postgresql"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of our own."""
    with postgres.served(tmp_path_factory.mktemp("pg")) as uri:
        yield uri


Open = Callable[[], Journal]


@pytest.fixture
def opened(url: str, tmp_path: Path) -> Iterator[Open]:
    """Opens the journal, as often as asked; all are closed at the end, so that the server can stop at once."""
    made: list[Journal] = []

    def make() -> Journal:
        made.append(Journal.open(url, home=tmp_path / "home"))
        return made[-1]

    yield make
    for journal in made:
        journal.close()


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the journal lies: each test gets an empty one."""
    if request.param == "sqlite":
        return str(tmp_path / "home" / "journal.db")
    root: str = request.getfixturevalue("server")
    name = f"j{uuid.uuid4().hex}"
    engine = create_engine(root.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    base, _, query = root.partition("?")
    return f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


def test_the_migrations_make_exactly_the_tables_of_today(opened: Open) -> None:
    journal = opened()

    with journal.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_plan_is_written_verified_and_not_repeated(url: str, tmp_path: Path) -> None:
    with office(tmp_path, leads=40, journal_url=url) as acme:
        for number in range(40):
            acme.want(lead_id(number), Score__c=number, Note__c="shared" if number % 3 == 0 else None)
        acme.want_task("sla:1", lead_id(1))
        acme.fault("cut_after", method="PATCH", path="composite/sobjects$")

        done = acme.run()
        acme.advance(hours=1)

        assert done.states == {"VERIFIED": 41} and acme.plan().state == "DONE"


def test_one_open_operation_per_record(url: str, tmp_path: Path) -> None:
    with office(tmp_path, journal_url=url) as acme:
        acme.want(lead_id(0), Score__c=1)
        first = acme.plan()
        acme.want(lead_id(0), Score__c=2)
        second = acme.plan()

        with acme.journal.read() as connection:
            found = connection.execute(select(OP.c.plan_hash, OP.c.state).order_by(OP.c.op_id)).all()
        assert [tuple(row) for row in found] == [(first.plan_hash, "SUPERSEDED"), (second.plan_hash, "PLANNED")]


def test_a_taken_lease_is_refused_and_its_fence_grows(opened: Open) -> None:
    one, other = opened(), opened()
    with acquire(one, FULL) as lease:
        with pytest.raises(AnotherWriter, match="another process is writing"), acquire(other, FULL):
            pass
        with acquire(other, CRM):
            pass
        with acquire(other, FULL, take_over=True), one.begin() as connection, pytest.raises(FenceLost):
            lease.check(connection)
    with acquire(other, FULL):
        assert current_fence(other) == 3


def test_holds_settings_streams_and_messages_are_kept(opened: Open) -> None:
    journal = opened()
    numbers = agreement().write_back.holds
    with journal.begin() as connection:
        new = [NewHold("Lead", lead_id(1), "Note__c", HoldReason.HUMAN_EDIT, "typed")]
        assert (holds.put(journal, connection, new, numbers, "v1"), holds.put(journal, connection, new, numbers, "v1")) == (1, 0)
    assert [(one.field, one.value_seen) for one in holds.listing(journal)] == [("Note__c", "typed")]
    settings.put(journal, "a", "1")
    settings.put(journal, "a", "2")
    outbox_and_streams.put_stream_state(journal, "salesforce", "Lead", {"watermark": "x"})
    assert settings.get(journal, "a") == "2" and outbox_and_streams.stream_state(journal, "salesforce", "Lead") == {"watermark": "x"}
    assert [outbox_and_streams.enqueue(journal, "breach", {"n": 1}), outbox_and_streams.enqueue(journal, "breach", {"n": 1})] == [
        True,
        False,
    ]
    budget.note(journal, 5, 100)
    budget.note(journal, 7, 100)
    assert budget.used_today(journal, journal.clock.now()) == 12


def test_a_block_that_fails_leaves_nothing(opened: Open) -> None:
    journal = opened()
    row = {"run_id": "r", "mode": "dry", "org_id": "o", "started": "x", "status": "STARTED", "api_calls": 0}
    with pytest.raises(ZeroDivisionError), journal.begin() as connection:
        connection.execute(RUN.insert(), row)
        _ = 1 // 0

    with journal.read() as connection:
        assert connection.execute(select(RUN)).all() == []


def test_a_journal_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Journal.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)

    with pytest.raises(ConfigurationError, match="chmod 600"):
        Journal.open(path)


def test_a_server_that_is_gone_is_said_and_the_journal_goes_on_when_it_is_back(tmp_path: Path) -> None:
    with postgres.server(tmp_path) as server:
        url = server.uri.replace("postgresql://", "postgresql+psycopg://")
        with Journal.open(url, home=tmp_path / "home") as journal:
            with journal.begin() as connection:
                connection.execute(text("CREATE TABLE kept (n int)"))
                connection.execute(text("INSERT INTO kept VALUES (1)"))
            server.kill()
            for _ in range(2):
                with pytest.raises(JournalUnwritable, match=r"does not answer .*nothing is sent without it"), journal.begin() as connection:
                    connection.execute(text("INSERT INTO kept VALUES (2)"))
            server.start()
            with journal.begin() as connection:
                assert [(1,)] == [tuple(row) for row in connection.execute(text("SELECT n FROM kept"))]
