"""Finished runs: what is older than the agreement keeps leaves no file behind."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from alignment_pipeline.clock import Clock
from alignment_pipeline.defs import run_log, tidy
from alignment_pipeline.installation.home import Home


@dg.asset
def numbers() -> None:
    print("a line of the compute log")


@dg.asset_check(asset=numbers)
def are_few() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def home_in(path: Path, days: int) -> Home:
    """A home whose clock is so many days ahead of Dagster's."""
    return Home(path, {}, Clock(moment=datetime.now(UTC) + timedelta(days=days), unix=0.0, unix_time=lambda: 0.0))


@pytest.mark.parametrize("is_ours", [False, True], ids=["as the daemon keeps them", "as the command line keeps them"])
def test_a_run_that_is_deleted_leaves_no_file(tmp_path: Path, is_ours: bool) -> None:
    folder = tmp_path / "dagster"
    folder.mkdir()
    job = dg.Definitions(assets=[numbers]).resolve_implicit_global_asset_job_def()
    with run_log.instance(folder, is_ours=is_ours) as instance:
        run_id = job.execute_in_process(instance=instance).run_id

        def files() -> set[str]:
            return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if run_id in path.as_posix()}

        before = files()
        kept = tidy.delete_runs(instance, home_in(tmp_path, 29))
        after = files()
        deleted = tidy.delete_runs(instance, home_in(tmp_path, 31))

        assert (kept, after, deleted) == (0, before, 1) and any(name.endswith(".db") for name in before)
        assert files() == set() and instance.get_runs() == []


@pytest.mark.parametrize("is_ours", [False, True], ids=["as the daemon keeps them", "as the command line keeps them"])
def test_of_the_results_of_checks_the_newest_stays(tmp_path: Path, is_ours: bool) -> None:
    (tmp_path / "dagster").mkdir()
    key = dg.AssetCheckKey(numbers.key, "are_few")
    with run_log.instance(tmp_path / "dagster", is_ours=is_ours) as instance:
        runs = [dg.materialize([numbers, are_few], instance=instance).run_id for _ in range(3)]

        tidy.delete_runs(instance, home_in(tmp_path, 31))

        left = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        assert [one.run_id for one in left] == [runs[-1]]
