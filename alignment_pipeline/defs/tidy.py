"""The job that deletes every night what the agreement does not keep any longer, Dagster's own history included."""

from datetime import timedelta

import dagster as dg

from alignment_pipeline.defs.retrying import recoverable
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import tidy as operation

_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_MOST_RUNS = 2000


@dg.op(
    name="delete_old",
    out=dg.Out(dg.Nothing),
    description="Deletes old previews, reports, notifications, damaged tables and finished runs, and summarises old operations.",
)
def delete_old(context: dg.OpExecutionContext) -> None:
    home = Home.from_env()
    with recoverable(), home.journal() as journal:
        done = operation.tidy(home, journal)
    runs = delete_runs(context.instance, home)
    context.log.info(f"{done.operations:,} operations summarised, {sum(done.files.values()):,} files and {runs:,} runs deleted")


def delete_runs(instance: dg.DagsterInstance, home: Home) -> int:
    """Finished runs that are older than the agreement keeps, oldest first; so many at a time."""
    before = home.clock.now() - timedelta(days=home.agreement.retention.run_days)
    old = dg.RunsFilter(statuses=_FINISHED, created_before=before)
    runs = instance.get_runs(old, limit=_MOST_RUNS, ascending=True)
    for run in runs:
        instance.delete_run(run.run_id)
    return len(runs)


@dg.job(name="tidy", description="Deletes what is older than `retention:` in the agreement keeps.", tags={"dagster/max_runtime": 3600})
def tidy_job() -> None:
    """The deletion."""
    delete_old()


tidy_schedule = dg.ScheduleDefinition(
    name="tidy_at_half_past_three",
    job=tidy_job,
    cron_schedule="30 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Before the backup, so that copies are small.",
)
