"""The job that deletes every night what the agreement does not keep any longer, Dagster's own history included."""

from collections.abc import Sequence
from datetime import timedelta

import dagster as dg

from alignment_pipeline.defs.jobs import schedule
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

    @dg.op(
        name=place.name("delete_old"),
        out=dg.Out(dg.Nothing),
        description="Deletes old previews, reports, notifications, damaged tables and finished runs, and summarises old operations.",
    )
    def delete_old(context: dg.OpExecutionContext) -> None:
        home = place.home()
        with recoverable(), home.journal() as journal:
            done = operation.tidy(home, journal)
        runs = sum(delete_runs(context.instance, home, job) for job in jobs or (None,))
        context.log.info(f"{done.operations:,} operations summarised, {sum(done.files.values()):,} files and {runs:,} runs deleted")

    @dg.job(
        name=place.name(TIDY),
        description="Deletes what is older than `retention:` in the agreement keeps.",
        tags={"dagster/max_runtime": 3600},
        executor_def=dg.in_process_executor,
    )
    def tidy() -> None:
        """The deletion."""
        delete_old()

    nightly = schedule(
        place, "tidy_at_half_past_three", tidy, TIDY, "30 3 * * *", "Before the backup, so that copies are small.", is_on=True
    )
    return dg.Definitions(jobs=[tidy], schedules=nightly)


def delete_runs(instance: dg.DagsterInstance, home: Home, job: str | None = None) -> int:
    """Finished runs that are older than the agreement keeps, oldest first; so many at a time."""
    before = home.clock.now() - timedelta(days=home.agreement.retention.run_days)
    old = dg.RunsFilter(job_name=job, statuses=_FINISHED, created_before=before)
    runs = instance.get_runs(old, limit=_MOST_RUNS, ascending=True)
    for run in runs:
        instance.delete_run(run.run_id)
    return len(runs)
