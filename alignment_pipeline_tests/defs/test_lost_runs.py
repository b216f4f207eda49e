"""A run whose process is gone is ended after some looks; one whose process holds the lease of runs is left alone."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from alignment_pipeline.defs import jobs
from alignment_pipeline.defs.lost_runs import lost_runs
from alignment_pipeline.defs.placement import HERE
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import lease

pytestmark = pytest.mark.filterwarnings("ignore")


@dg.job(name=jobs.DAILY)
def daily() -> None:
    """A stand-in of the full job: only its name and status count."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path))
    monkeypatch.delenv("ALIGNMENT_DATABASE_URL", raising=False)
    return Home.from_env()


def looks(instance: dg.DagsterInstance, times: int) -> None:
    sensor, cursor = lost_runs(HERE), None
    for _ in range(times):
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        sensor(context)
        cursor = context.cursor


def status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def test_a_run_without_a_process_is_ended_after_three_looks(home: Home) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(daily, status=dg.DagsterRunStatus.STARTED)
        looks(instance, 2)
        assert dg.DagsterRunStatus.STARTED == status(instance, run)
        looks(instance, 3)
        assert dg.DagsterRunStatus.FAILURE == status(instance, run)


def test_a_run_that_works_is_left_alone(home: Home) -> None:
    with dg.DagsterInstance.ephemeral() as instance, home.journal() as journal, lease.acquire(journal, lease.RUN):
        run = instance.create_run_for_job(daily, status=dg.DagsterRunStatus.STARTED)
        looks(instance, 4)
        assert dg.DagsterRunStatus.STARTED == status(instance, run)
