"""Rows 21 to 29, 42, 43: the process dies, freezes, is started six times, or cannot write its journal."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import BATCH, PLAN
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.plans import judgement, ops, prepare
from alignment_pipeline.write_back.plans import rollback as undoing
from alignment_pipeline.write_back.plans.planned import Plan
from alignment_pipeline.write_back.sending.apply import open_run
from alignment_pipeline_tests.faults import cases_starts, invariants, journals, kill, shortages
from alignment_pipeline_tests.faults.selection import chosen

KILLED = -signal.SIGKILL


def _at(*points: str, leads: int = 24, bulk: bool = False) -> Callable[[Path], None]:
    """Kill at each of these points, each time on a plan of its own; at the end everything is as it should be."""

    def check(tmp_path: Path) -> None:
        with kill.arena(tmp_path, 5, leads=leads, accounts=2, faults=0.0, bulk=bulk) as found:
            for point in points:
                found.desire(1.0)
                plan_hash = found.plan()
                assert plan_hash is not None
                assert found.apply(plan_hash, crash_at=point) == KILLED, point
                found.humans(2)
                assert found.apply(plan_hash) == 0, point
            found.calm()
            assert found.broken() == []
            if bulk:
                _one_job_per_batch(found)

    return check


def _one_job_per_batch(found: kill.Arena) -> None:
    with found.office.journal.read() as connection:
        jobs = connection.execute(BATCH.select().where(BATCH.c.transport == "bulk")).all()
    assert jobs and {job.job_state for job in jobs} <= {"JobComplete", "Aborted", None}


def _rows(first: int, last: int) -> pa.Table:
    made = [
        {"table_name": "t", "record_id": str(n), "column_name": "c", "reason": "r", "is_row_dropped": False, "value_hash": None}
        | {"known_at": kill.NOW}
        for n in range(first, last)
    ]
    return pa.Table.from_pylist(made, schema=CONTRACTS["quarantined_rows"].schema)


def die_while_appending(home: Path) -> None:
    """In a process of its own: killed between two batches of a publication."""

    def dying() -> Iterator[pa.RecordBatch]:
        yield from _rows(10, 20).to_batches()
        os.kill(os.getpid(), signal.SIGKILL)

    Warehouse(home).append("quarantined_rows", dying())


def die_while_saving(home: Path, made: Plan, judgement: judgement.Judgement, rules: FieldRules) -> None:
    """In a process of its own: killed before the commit that keeps a plan."""
    os.environ["CRASH_AT"] = "before commit:1"
    ops.save_plan(Journal.open(journals.address(home), home=home), made, judgement, rules)


def _while_extracting(tmp_path: Path) -> None:
    """Killed between two batches of a publication, nothing of it is visible; the next try publishes all."""
    home = tmp_path / "store"
    Warehouse(home).append("quarantined_rows", _rows(0, 10))
    assert _killed(die_while_appending, home)
    assert Warehouse(home).read("quarantined_rows").count().execute() == 10
    Warehouse(home).append("quarantined_rows", _rows(10, 20))
    assert Warehouse(home).read("quarantined_rows").count().execute() == 20


def _while_planning(tmp_path: Path) -> None:
    """Killed before the plan's commit there is no plan; the next one is whole."""
    with kill.arena(tmp_path, 5, leads=10, accounts=1, faults=0.0) as found:
        found.desire(1.0)
        acme = found.office
        made, judgement, rules = acme.judged()
        assert _killed(die_while_saving, acme.home, made, judgement, rules)
        with acme.journal.read() as connection:
            assert connection.execute(PLAN.select()).all() == []
        plan_hash = found.plan()
        assert plan_hash is not None and found.apply(plan_hash) == 0
        assert found.broken() == []


def _killed(what: Callable[..., None], *arguments: Any) -> bool:
    process = kill.CONTEXT.Process(target=what, args=arguments)
    process.start()
    process.join(120)
    return process.exitcode == KILLED


def _while_rolling_back(tmp_path: Path) -> None:
    with kill.arena(tmp_path, 5, leads=24, accounts=2, faults=0.0) as found:
        found.desire(1.0)
        found.office.creates.clear()
        first = found.plan()
        assert first is not None and found.apply(first) == 0
        run = open_run(found.office.journal, found.office.crm, found.office.agreement, "undo")
        made = undoing.build_rollback(
            found.office.journal, first, agreement=found.office.agreement, org_id=found.office.crm.organization_id, new_run_id="undo"
        )
        prepare.keep(found.office.journal, made, run.rules)
        for point in ("intent durable:2", "sent:1", "answers taken:1"):
            assert found.apply(made.plan_hash, crash_at=point) == KILLED
        assert found.apply(made.plan_hash) == 0
        values = {found.office.value(kill.lead(number), name) for number in range(24) for name in ("Score__c", "Stage__c", "Note__c")}
        assert values == {None}
        assert found.office.states()["ROLLED_BACK"] == 26


def _disk_full(tmp_path: Path) -> None:
    """The journal cannot grow: nothing is sent, the exit code says so, and with room again everything is written."""
    with kill.arena(tmp_path, 5, leads=40, accounts=2, faults=0.0, is_local=True) as found:
        found.desire(1.0)
        plan_hash = found.plan()
        assert plan_hash is not None
        before = len(found.office.writes())
        size = max(path.stat().st_size for path in found.office.home.glob("journal.sqlite*"))
        code = _without(found, plan_hash, shortages.FILE_LIMIT, max(8192, size // 4096 * 4096 // 8))
        assert code not in (0, KILLED) and len(found.office.writes()) == before
        assert found.apply(plan_hash) == 0
        assert found.broken() == []


def _disk_read_only(tmp_path: Path) -> None:
    """The journal cannot be written at all: nothing is sent, the exit code says so, and when it can everything is written."""
    with kill.arena(tmp_path, 5, leads=12, accounts=1, faults=0.0, is_local=True) as found:
        found.desire(1.0)
        plan_hash = found.plan()
        assert plan_hash is not None
        code = _without(found, plan_hash, shortages.READ_ONLY, 1)
        assert code not in (0, KILLED) and found.office.writes() == []
        assert found.apply(plan_hash) == 0
        assert found.broken() == []


def _memory_full(tmp_path: Path) -> None:
    """Out of memory at any moment: whatever was sent has its intent, and the next run goes on from there."""
    with kill.arena(tmp_path, 5, leads=300, accounts=2, faults=0.0) as found:
        codes = []
        for more in (0, 1024, 1536, 1792, 2048):
            found.desire(1.0)
            plan_hash = found.plan()
            assert plan_hash is not None
            codes.append(_without(found, plan_hash, shortages.MEMORY_LIMIT, more))
            assert invariants.broken(found.office, state=False) == []
            assert found.apply(plan_hash) == 0
        found.calm()
        assert codes[0] != 0 and found.broken() == []


def _without(found: kill.Arena, plan_hash: str, what: str, much: int) -> int:
    """An apply that lacks something; its exit code."""
    found.environ[what] = str(much)
    try:
        return found.apply(plan_hash)
    finally:
        del found.environ[what]


def _terminated(tmp_path: Path) -> None:
    with kill.arena(tmp_path, 5, leads=40, accounts=2, faults=0.0) as found:
        found.desire(1.0)
        plan_hash = found.plan()
        assert plan_hash is not None
        code = found.apply(plan_hash, kill_after=0.5, by=signal.SIGTERM)
        assert code in (0, -signal.SIGTERM)
        found.calm()
        assert found.broken() == []


def _durable_before_sent(tmp_path: Path) -> None:
    """When the CRM sees a write, another process can already read its intent from the journal, which syncs every commit."""
    with kill.arena(tmp_path, 5, leads=8, accounts=1, faults=0.0) as found:
        found.desire(1.0)
        acme = found.office
        seen: list[int] = []
        honest = acme.crm.writer
        assert honest is not None and acme.journal.path is not None
        path = acme.journal.path

        class Watched:
            def __getattr__(self, name: str) -> Any:
                call = getattr(honest, name)

                def watched(*arguments: Any, **more: Any) -> Any:
                    with sqlite3.connect(path) as connection:
                        seen.append(connection.execute("SELECT count(*) FROM op WHERE state = 'INFLIGHT'").fetchone()[0])
                    return call(*arguments, **more)

                return watched

        acme.crm.writer = Watched()  # type: ignore[assignment]
        done = acme.run()
        assert done.plan_state == "DONE" and seen and min(seen) > 0
        with acme.journal.read() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


ROWS: dict[str, Callable[[Path], None]] = {
    "21": _while_extracting,
    "22": _while_planning,
    "23": _at("intent durable:1", "intent durable:3"),
    "24": _at("sent:1", "sent:2", "answers taken:2"),
    "25": _at(
        "bulk job created:1", "bulk job noted:1", "bulk job uploaded:1", "bulk job closed:1", "bulk job ended:1", leads=170, bulk=True
    ),
    "26": _at("answers taken:1", "verified:1", "before commit:9"),
    "27": _while_rolling_back,
    "28 disk full": _disk_full,
    "28 disk read-only": _disk_read_only,
    "28 memory full": _memory_full,
    "28 SIGTERM": _terminated,
    "29": _durable_before_sent,
    "42": cases_starts.six_starts,
    "43": cases_starts.frozen,
    "43 interrupted": cases_starts.frozen_and_interrupted,
}


@pytest.mark.parametrize("name", chosen(ROWS, short=("24", "28 disk full", "28 disk read-only", "42")))
def test_row(name: str, tmp_path: Path) -> None:
    ROWS[name](tmp_path)
