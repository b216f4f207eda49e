"""The log of runs: what is recorded fast is what Dagster's own storage reads."""

import sqlite3
from pathlib import Path

import dagster as dg
from dagster._core.storage.tags import REPOSITORY_LABEL_TAG

from alignment_pipeline.defs import run_log


@dg.asset
def numbers() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"dagster/row_count": 3})


@dg.asset_check(asset=numbers)
def are_few() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def run_in(folder: Path) -> str:
    with run_log.instance(folder, is_ours=True) as instance:
        return dg.materialize([numbers, are_few], instance=instance).run_id


def test_dagsters_own_storage_reads_runs_events_and_checks(tmp_path: Path) -> None:
    run_ids = [run_in(tmp_path) for _ in range(2)]

    with dg.DagsterInstance.from_config(str(tmp_path)) as plain:
        assert not isinstance(plain.event_log_storage, run_log.RunLog)
        runs = plain.get_runs()
        last = plain.get_latest_materialization_event(dg.AssetKey("numbers"))
        (check,) = plain.event_log_storage.get_latest_asset_check_execution_by_key(
            [dg.AssetCheckKey(dg.AssetKey("numbers"), "are_few")]
        ).values()
        events = [len(plain.all_logs(run_id)) for run_id in run_ids]

    assert {run.run_id for run in runs} == set(run_ids) and all(run.is_success for run in runs)
    assert last is not None and last.run_id == run_ids[1]
    assert check.status.value == "SUCCEEDED"
    assert events[0] == events[1] > 10


def test_a_database_that_fell_out_of_the_open_ones_is_opened_again(tmp_path: Path) -> None:
    job = dg.Definitions(assets=[numbers]).resolve_implicit_global_asset_job_def()
    with run_log.instance(tmp_path, is_ours=True) as instance:
        runs = [instance.create_run_for_job(job_def=job) for _ in range(run_log._DATABASES_KEPT_OPEN + 1)]
        before = len(instance.all_logs(runs[0].run_id))
        instance.report_engine_event("again", runs[0])

        assert len(instance.all_logs(runs[0].run_id)) == before + 1 == 2


def test_nothing_waits_in_memory_and_no_connection_outlives_the_instance(tmp_path: Path) -> None:
    run_id = run_in(tmp_path)

    with sqlite3.connect(tmp_path / "history" / "runs" / f"{run_id}.db", timeout=0) as database:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        (count,) = database.execute("SELECT count(*) FROM event_logs").fetchone()

    assert count > 10


def test_an_own_dagster_home_keeps_its_own_storage(tmp_path: Path) -> None:
    with run_log.instance(tmp_path, is_ours=False) as instance:
        assert not isinstance(instance.event_log_storage, run_log.RunLog)


def test_a_run_belongs_to_the_repository_that_the_pages_list(tmp_path: Path) -> None:
    job = dg.Definitions(assets=[numbers]).resolve_implicit_global_asset_job_def()
    with run_log.instance(tmp_path, is_ours=True) as instance:
        run = instance.create_run_for_job(job_def=job, remote_job_origin=run_log.origin(job.name))
        stored = instance.get_runs(dg.RunsFilter(tags={REPOSITORY_LABEL_TAG: "__repository__@alignment_pipeline"}))

    assert [one.run_id for one in stored] == [run.run_id]
