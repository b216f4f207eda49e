"""`alignment history`: what it says of kept days, and which days it refuses. Taking and replaying: `defs/test_history.py`."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from alignment_pipeline.cli import main
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import history
from alignment_pipeline_tests.staging.factories import staged

FIRST, SECOND = date(2025, 3, 1), date(2025, 3, 2)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path / "home"))
    for name in ("ALIGNMENT_CLOCK", "ALIGNMENT_AGREEMENT", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    return Home.from_env()


def said(*arguments: str) -> Result:
    return CliRunner().invoke(main.cli, ["history", *arguments], standalone_mode=False)


def keep(home: Home, day: date, *, is_equal: bool | None) -> None:
    """A day with one person and one account, and its replay when there was one."""
    warehouse = home.warehouse()
    people = staged("person_snapshots", [{"snapshot_on": day, "person_id": "p", "account_id": "a"}])
    accounts = staged("account_snapshots", [{"snapshot_on": day, "account_id": "a"}])
    hashes = dict.fromkeys(history.KEYS, "0123456789abcdef")
    rows = {"person_snapshots": warehouse.keep("person_snapshots", day, people).rows}
    rows |= {"account_snapshots": warehouse.keep("account_snapshots", day, accounts).rows}
    note = history.Taken(day.isoformat(), datetime(2025, 3, 9, tzinfo=UTC).isoformat(), "agreed", None, rows, hashes)
    (warehouse.snapshot_folder(day) / history.NOTES).write_text(json.dumps(vars(note)), encoding="utf-8")
    if is_equal is not None:
        found = {"snapshot_on": day, "table_name": "person_snapshots", "is_equal": is_equal, "rows": 1, "differing": int(not is_equal)}
        more = {
            "left_out": 0,
            "erased_people": 0,
            "examples": "{}",
            "stored_hash": "x",
            "replayed_hash": "y",
            "agreement_version": "agreed",
        }
        row: dict[str, Any] = found | more | {"replayed_at": datetime(2025, 3, 9, tzinfo=UTC)}
        warehouse.keep("snapshot_replays", day, pa.Table.from_pylist([row], schema=CONTRACTS["snapshot_replays"].schema))


def test_nothing_kept_says_how_to_begin(home: Home) -> None:
    assert "No day was kept yet" in said().stdout
    assert [] == json.loads(said("--json").stdout)["days"]


def test_kept_days_are_listed_with_what_their_replay_said(home: Home) -> None:
    keep(home, FIRST, is_equal=False)
    keep(home, SECOND, is_equal=None)

    shown = said().stdout
    found = json.loads(said("--json", "--to", "2025-03-01").stdout)["days"]

    assert "1 rows differ" in shown and "0123456789ab" in shown and "2025-03-02" in shown
    assert [("2025-03-01", False, 1)] == [(row["day"], row["replay_agrees"], row["differing"]) for row in found]
    assert {"person_snapshots": 1, "account_snapshots": 1} == found[0]["rows"]


@pytest.mark.parametrize(
    ("arguments", "says"), [(["--from", "soon"], "write 2026-11-21"), (["--from", "2025-03-02", "--to", "2025-03-01"], "is after --to")]
)
def test_days_that_make_no_sense_are_refused(home: Home, arguments: list[str], says: str) -> None:
    assert says in str(said(*arguments).exception)


@pytest.mark.filterwarnings("ignore")
def test_a_day_before_the_first_is_refused_before_anything_is_kept(home: Home) -> None:
    found = said("--take", "--from", "2019-12-31", "--to", "2019-12-31")

    assert isinstance(found.exception, ConfigurationError) and "ALIGNMENT_HISTORY_FROM" in str(found.exception)
    assert [] == history.days(home.warehouse())
