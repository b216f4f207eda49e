"""The job that deletes every night what the agreement does not keep any longer, Dagster's own history included."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import delete, func, select

from alignment_pipeline.defs.jobs import schedule
from alignment_pipeline.defs.nightly import job_of
from alignment_pipeline.defs.placement import HERE, Placement
from alignment_pipeline.defs.retrying import recoverable
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import tidy as operation

TIDY = "tidy"
_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_MOST_RUNS = 2000


@dg.definitions
def tidying() -> dg.Definitions:
    """The job of this package's own code location, turned on."""
    return tidy_at(HERE)


def tidy_at(place: Placement, *, jobs: Sequence[str] = ()) -> dg.Definitions:
    """The job and its schedule. `jobs` are those whose finished runs it may delete; without them, all of the instance's."""

    def delete_old(context: dg.OpExecutionContext) -> None:
        home = place.home()
        with recoverable(), home.journal() as journal:
            done = operation.tidy(home, journal)
        runs = sum(delete_runs(context.instance, home, job) for job in jobs or (None,))
        files, rows = sum(done.files.values()), sum(done.rows.values())
        context.log.info(
            f"{done.operations:,} operations summarised; {files:,} files, {rows:,} rows of past days and {runs:,} runs deleted"
        )

    tidy = job_of(
        place,
        TIDY,
        "delete_old",
        delete_old,
        job_says="Deletes what is older than `retention:` in the agreement keeps.",
        step_says="Deletes old previews, reports, notifications, damaged tables and finished runs, and summarises old operations.",
    )
    nightly = schedule(
        place, "tidy_at_half_past_three", tidy, TIDY, "30 3 * * *", "Before the backup, so that copies are small.", is_on=True
    )
    return dg.Definitions(jobs=[tidy], schedules=nightly)


def delete_runs(instance: dg.DagsterInstance, home: Home, job: str | None = None) -> int:
    """Delete finished runs that are older than the agreement keeps, oldest first, so many at a time; returns how many.

    Dagster deletes a run's events and leaves its event database (3 MB), what its steps printed, and the results of its checks.
    """
    before = home.clock.now() - timedelta(days=home.agreement.retention.run_days)
    old = dg.RunsFilter(job_name=job, statuses=_FINISHED, created_before=before)
    runs = instance.get_runs(old, limit=_MOST_RUNS, ascending=True)
    for run in runs:
        instance.delete_run(run.run_id)
        instance.compute_log_manager.delete_logs(prefix=[run.run_id])
        if isinstance(instance.event_log_storage, SqliteEventLogStorage):
            for end in ("", "-wal", "-shm"):
                Path(instance.event_log_storage.path_for_shard(run.run_id) + end).unlink(missing_ok=True)
    if runs and isinstance(instance.event_log_storage, SqlEventLogStorage):
        _delete_check_results(instance.event_log_storage, [run.run_id for run in runs])
    return len(runs)


def _delete_check_results(storage: SqlEventLogStorage, run_ids: Sequence[str]) -> None:
    """All but the newest of each check, which Dagster shows as the check's state however old its run is."""
    results = AssetCheckExecutionsTable.c
    newest = select(func.max(results.id)).group_by(results.asset_key, results.check_name)
    with storage.index_connection() as connection:
        connection.execute(delete(AssetCheckExecutionsTable).where(results.run_id.in_(run_ids), results.id.not_in(newest)))
