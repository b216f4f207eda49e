"""Jobs and schedules.

Belongs here: which assets run together and when. What a run may write is decided by approvals, never here.
"""

import dagster as dg

RUN, DAILY, INCREMENTAL = "alignment_run", "daily", "incremental"
# nothing else may start while a full run computes; a run that hangs is ended by the monitor
_TAGS = {"dagster/max_runtime": 14_400}

# the past does not change every ten minutes: backtested once a day, or when somebody asks
_LOOKING_BACK = dg.AssetSelection.assets("mqa_backtest_terms", "mqa_backtests", "mql_backtest_terms", "mql_backtests")
# days that are past are partitions with a job of their own (`history.py`)
_PRESENT = dg.AssetSelection.all() - dg.AssetSelection.assets("person_snapshots", "account_snapshots", "snapshot_replays")

alignment_run = dg.define_asset_job(
    RUN,
    selection=_PRESENT - dg.AssetSelection.assets("crm_writes", "notifications") - _LOOKING_BACK,
    description="From extraction to a plan and a report. Writes nothing to the CRM and tells nobody.",
    run_tags=_TAGS,
)
daily = dg.define_asset_job(
    DAILY,
    selection=_PRESENT,
    description="Full run: reads everything, decides and plans again, and writes what a standing approval covers.",
    run_tags=_TAGS,
)
incremental = dg.define_asset_job(
    INCREMENTAL,
    selection=_PRESENT - _LOOKING_BACK,
    description="Incremental run: reads only what changed since the last run. A run with few changes finishes quickly.",
    run_tags=_TAGS,
)

daily_schedule = dg.ScheduleDefinition(
    name="daily_at_five",
    job=daily,
    cron_schedule="0 5 * * *",
    execution_timezone="UTC",
    description="The full run, before the working day.",
)
incremental_schedule = dg.ScheduleDefinition(
    name="every_ten_minutes",
    job=incremental,
    cron_schedule="*/10 * * * *",
    execution_timezone="UTC",
    description="New records and activities, ten minutes after they happened at the latest.",
)
