"""Jobs and schedules.

Belongs here: which assets run together and when. What a run may write is decided by approvals, never here.
"""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from alignment_pipeline.defs.placement import HERE, Placement

Job = dg.JobDefinition | UnresolvedAssetJobDefinition
RUN, DAILY, INCREMENTAL = "alignment_run", "daily", "incremental"
# nothing else may start while a full run computes; a run that hangs is ended by the monitor
_TAGS = {"dagster/max_runtime": 14_400}

# the past does not change every ten minutes: backtested once a day, or when somebody asks
_LOOKING_BACK = ("mqa_backtest_terms", "mqa_backtests", "mql_backtest_terms", "mql_backtests")
# days that are past are partitions with a job of their own (`history.py`)
_PAST = ("person_snapshots", "account_snapshots", "snapshot_replays")
# pages of meetings are made once a week and once a quarter (`meeting.py`)
_PAGES = ("weekly_pack", "quarterly_pack")
_OUTWARD = ("crm_writes", "notifications")


@dg.definitions
def jobs() -> dg.Definitions:
    """The jobs of this package's own code location."""
    return jobs_at(HERE)


def jobs_at(place: Placement) -> dg.Definitions:
    """The jobs over all tables, and their schedules."""
    present = place.everything() - place.tables(*_PAST, *_PAGES)
    alignment_run = job(
        place,
        RUN,
        present - place.tables(*_OUTWARD) - place.tables(*_LOOKING_BACK),
        "From extraction to a plan and a report. Writes nothing to the CRM and tells nobody.",
    )
    daily = job(place, DAILY, present, "Full run: reads everything, decides and plans again, and writes what a standing approval covers.")
    incremental = job(
        place,
        INCREMENTAL,
        present - place.tables(*_LOOKING_BACK),
        "Incremental run: reads only what changed since the last run. A run with few changes finishes quickly.",
    )
    schedules = [
        *schedule(place, "daily_at_five", daily, DAILY, "0 5 * * *", "The full run, before the working day."),
        *schedule(
            place,
            "every_ten_minutes",
            incremental,
            INCREMENTAL,
            "*/10 * * * *",
            "New records and activities, ten minutes after they happened at the latest.",
        ),
    ]
    return dg.Definitions(jobs=[alignment_run, daily, incremental], schedules=schedules)


def job(place: Placement, name: str, selection: dg.AssetSelection, description: str) -> UnresolvedAssetJobDefinition:
    """A job over some of our tables, in one process: its steps share the line, and another project's executor might start one for each."""
    return dg.define_asset_job(
        place.name(name), selection=selection, description=description, run_tags=_TAGS, executor_def=dg.in_process_executor
    )


def schedule(
    place: Placement, name: str, job: Job, short: str, cron: str, description: str, *, is_on: bool = False
) -> list[dg.ScheduleDefinition]:
    """The schedule of a job, unless the project wants none."""
    when = place.cron(short, cron)
    if when is None:
        return []
    status = dg.DefaultScheduleStatus.RUNNING if is_on else dg.DefaultScheduleStatus.STOPPED
    return [
        dg.ScheduleDefinition(
            name=place.name(name), job=job, cron_schedule=when, execution_timezone="UTC", description=description, default_status=status
        )
    ]
