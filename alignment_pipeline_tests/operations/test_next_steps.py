"""The doctor ends with the next three things to do: failures first, then the way to a first write, then warnings."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

from alignment_pipeline.agreement import loader
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.findings import Finding
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.tables import PLAN
from alignment_pipeline.operations.next_steps import next_steps
from alignment_pipeline_tests.staging.factories import staged

FINE = Finding("journal", "ok", "opens")
BACKUP = Finding("backup", "warn", "the journal was never backed up", "run `alignment backup`")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with an agreement of its own, without a run."""
    mine = tmp_path / "agreement.yaml"
    mine.write_text(loader.default_path().read_text(encoding="utf-8"), encoding="utf-8")
    return Home(tmp_path / "home", environ={"ALIGNMENT_AGREEMENT": str(mine)}, clock=Clock())


def with_run(home: Home, state: str) -> None:
    home.warehouse().replace("people", staged("people", [{"person_id": "contact:1"}]))
    with home.journal() as journal, journal.begin() as connection:
        columns = {column.name: "" for column in PLAN.columns if not column.nullable}
        stamps = {column.name: journal.now() for column in PLAN.columns if "_at" in column.name}
        connection.execute(insert(PLAN).values(columns | stamps | {"plan_hash": "3f2a9c" * 10, "state": state}))


def test_failures_come_first_and_the_way_on_only_without_any(home: Home) -> None:
    login = Finding("salesforce", "fail", "the login was refused; check the client id")
    fields = Finding("write Lead", "fail", "fields are missing", "deploy the package")

    assert [
        "salesforce: the login was refused; check the client id",
        "write Lead: deploy the package",
        "backup: run `alignment backup`",
    ] == next_steps(home, [BACKUP, login, FINE, fields, fields])


def test_there_are_three_at_most(home: Home) -> None:
    many = [Finding("write Lead", "fail", f"problem {number}") for number in range(9)]

    assert ["write Lead: problem 0", "write Lead: problem 1", "write Lead: problem 2"] == next_steps(home, many)


def test_an_empty_home_is_told_to_run(home: Home) -> None:
    first, second = next_steps(home, [FINE, BACKUP])

    assert first.startswith("first run: `alignment run`") and "backup" in second


def test_the_shipped_agreement_is_to_be_replaced_by_one_s_own(tmp_path: Path) -> None:
    steps = next_steps(Home(tmp_path / "home", environ={}, clock=Clock()), [])

    assert steps[0].startswith("agreement: write your own with `alignment init")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("DRAFT", "`alignment apply 3f2a9c3f2a9c`"),
        ("NEEDS_APPROVAL", "`alignment plan show 3f2a9c3f2a9c`"),
        ("BLOCKED", "is blocked"),
        ("EXPIRED", "`alignment run` makes one"),
    ],
)
def test_a_plan_that_waits_is_the_next_step(home: Home, state: str, said: str) -> None:
    with_run(home, state)

    assert said in next_steps(home, [FINE])[0]


def test_nothing_is_left_to_do_after_a_plan_was_written(home: Home) -> None:
    with_run(home, "DONE")

    assert [] == next_steps(home, [FINE])
