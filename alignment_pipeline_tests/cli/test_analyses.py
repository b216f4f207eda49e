"""`alignment impact` and `alignment backtest` as a person types them, over a published company."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pytest
from click.testing import CliRunner, Result

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.cli import main
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.installation.home import Home
from alignment_pipeline_tests.lifecycle.backtest import test_backtest as world
from alignment_pipeline_tests.lifecycle.mqa.test_mqa import MINUTES
from alignment_pipeline_tests.scoring.factories import NOW

decided, agreement = world.decided, world.agreement


@pytest.fixture(scope="module")
def home(decided: dict[str, ibis.Table], agreement: Agreement, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home in which a run has published these tables."""
    with pytest.MonkeyPatch.context() as patched:
        path = tmp_path_factory.mktemp("home")
        patched.setenv("ALIGNMENT_HOME", str(path))
        patched.setenv("ALIGNMENT_AGREEMENT", str(MINUTES))
        patched.delenv("ALIGNMENT_CLOCK", raising=False)
        warehouse = Home.from_env().warehouse()
        for name in CONTRACTS.keys() & decided.keys():  # steps of the line pass each other tables that nobody publishes
            warehouse.replace(name, decided[name].to_pyarrow().select(list(CONTRACTS[name].names)))
        yield path


def said(*arguments: str) -> Result:
    found = CliRunner().invoke(main.cli, list(arguments), standalone_mode=False)
    assert found.exception is None, found.exception
    return found


def told(*arguments: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(said(*arguments, "--json").stdout)
    return content


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    """The agreement with a threshold that nobody reaches."""
    text = MINUTES.read_text(encoding="utf-8")
    changed = text.replace("- {points: 100, days: 90}", "- {points: 1000, days: 90}")
    assert changed != text
    (tmp_path / "next.yaml").write_text(changed, encoding="utf-8")
    return tmp_path / "next.yaml"


def test_impact_says_what_another_agreement_would_move(home: Path, stricter: Path) -> None:
    found = told("impact", str(stricter))

    assert "0 become MQA, 1 stop, 1 change stage, 0 reps over capacity" == found["sentence"]
    assert (loader.load(MINUTES).version, loader.load(stricter).version) == (found["before_version"], found["after_version"])
    assert {("mqa", "young", "mqa", "not yet"), ("account_stage", "young", "MQA", "Aware")} == {
        (row["aspect"], row["entity_id"], row["before_value"], row["after_value"]) for row in found["changes"]
    }
    assert 2 == found["changes_in_all"]
    assert NOW.isoformat().replace("+00:00", "Z") == found["as_of"]


def test_impact_is_readable_and_writes_nothing(home: Path, stricter: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*.parquet")}
    shown = said("impact", str(stricter)).stdout

    assert shown.startswith("0 become MQA, 1 stop, 1 change stage, 0 reps over capacity (")
    assert "Young" in shown and "not yet" in shown and "MQA -> Aware" in shown
    assert "changed: lifecycle.mqa.paths" in shown and "Evaluated: mqa, account stage, person stage." in shown
    assert "Not evaluated: sla: " in shown and "`alignment run` makes it" in shown
    assert before == {path: path.stat().st_mtime_ns for path in home.rglob("*.parquet")}


def test_backtest_tells_the_sweep_and_draws_it(home: Path, tmp_path: Path) -> None:
    plot = tmp_path / "sweep.svg"
    found = told("backtest", "--outcome-days", "60", "--days", "300", "--plot", str(plot))

    assert [0.5, 0.75, 1.0, 1.25, 1.5, 2.0] == [row["threshold_factor"] for row in found["sweep"]]
    now = found["sweep"][2]
    assert (4, 3, 1, 1, 3, 1) == tuple(now[name] for name in ("mqas", "judged", "followed", "won", "opportunities", "foretold"))
    assert now["as_of"] == NOW.isoformat().replace("+00:00", "Z")
    assert plot.read_text(encoding="utf-8").startswith("<svg")


def test_backtest_is_readable(home: Path) -> None:
    shown = said("backtest", "--outcome-days", "60", "--days", "300").stdout

    assert "MQAs since 2026-01-25 against opportunities created within 60 days" in shown
    assert "33 %" in shown and "left out, since they have no history" in shown


def test_an_agreement_without_mqls_says_so(home: Path) -> None:
    assert [] == told("backtest", "--of", "mql")["sweep"]
    assert "makes no MQL" in said("backtest", "--of", "mql").stdout


def test_days_that_leave_nothing_to_judge_are_refused(home: Path) -> None:
    found = CliRunner().invoke(main.cli, ["backtest", "--outcome-days", "90", "--days", "90"])

    assert 2 == found.exit_code and "must be smaller" in found.output


def test_before_the_first_run_they_say_what_to_do(tmp_path: Path, stricter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path / "new"))
    for arguments in (["impact", str(stricter)], ["backtest"]):
        found = CliRunner().invoke(main.cli, arguments, standalone_mode=False)
        assert "nothing has been decided yet; start with `alignment run`" == str(found.exception)
