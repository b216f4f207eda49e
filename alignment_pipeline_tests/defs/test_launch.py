"""Running a job in this process: what came of it, and where Dagster's pages find it."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import REPOSITORY_LABEL_TAG

from alignment_pipeline.clock import Clock
from alignment_pipeline.defs import history, jobs, launch, tidy
from alignment_pipeline.errors import AnotherWriter, ConfigurationError
from alignment_pipeline.installation.home import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path / "home"))
    return Home(path=tmp_path / "home", environ={}, clock=Clock())


def test_a_run_is_listed_under_the_code_location_that_the_pages_show_and_its_failure_is_named(home: Home) -> None:
    # the job of tidying takes its turn by itself: on the command line the turn is taken already
    outcome = launch.launch(tidy.TIDY, home=home)

    with dg.DagsterInstance.from_config(str(launch.instance_folder(home))) as instance:
        (run,) = instance.get_runs(dg.RunsFilter(tags={REPOSITORY_LABEL_TAG: "__repository__@alignment_pipeline"}))
    ((step, message),) = outcome.failures
    assert (run.run_id, run.job_name, run.status) == (outcome.run_id, tidy.TIDY, dg.DagsterRunStatus.FAILURE)
    assert run.remote_job_origin is not None and run.remote_job_origin.location_name == "alignment_pipeline"
    assert (outcome.is_success, outcome.exit_code, step) == (False, AnotherWriter.exit_code, "delete_old")
    assert message.startswith("another process is writing")


def test_a_day_that_is_none_is_said_before_a_run_begins(home: Home) -> None:
    with pytest.raises(ConfigurationError, match="2019-01-01 is not a day that can be taken"):
        launch.launch(history.SNAPSHOTS, home=home, partition="2019-01-01")

    assert not (launch.instance_folder(home) / "history").exists()


def test_a_job_can_be_run_without_some_of_its_tables() -> None:
    job = launch._definitions().resolve_job_def(jobs.DAILY)
    keys = {key.to_user_string() for key in launch._selected(job, ("notifications",)) or ()}

    assert "notifications" not in keys and {"crm_writes", "mqa_backtests", "report"} <= keys
    assert launch._selected(job, ()) is None
