"""Days of the past as partitions: kept every night, backfilled when somebody asks, compared with a replay a month later.

Belongs here: the partitioned assets, their checks, jobs and schedules. What a day holds and how days are compared:
`operations/history.py`. ALIGNMENT_HISTORY_FROM names the first day that can be taken (a date; default 2025-01-01).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import dagster as dg

from alignment_pipeline.clock import ENVIRONMENT_VARIABLE as CLOCK_VARIABLE
from alignment_pipeline.clock import Clock
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.systems.registry import STREAMS
from alignment_pipeline.defs import jobs
from alignment_pipeline.defs.line_resource import LineResource
from alignment_pipeline.defs.placement import HERE, Placement
from alignment_pipeline.defs.specs import contract_check_spec, plain
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation import home
from alignment_pipeline.operations import history

SNAPSHOTS, REPLAYS, AGREES = "daily_snapshots", "daily_replays", "a_replay_agrees"
# late enough that what arrives late has arrived, early enough to be asked about
REPLAYED_AFTER_DAYS = 30
_TABLES = tuple(history.KEYS)
_SOURCES = (*(stream.table for stream in STREAMS), "match_labels")


def _first_day() -> str:
    """What the environment says; a value that cannot be read must not take the whole code location away, and every run names it."""
    try:
        return home.first_day(os.environ).isoformat()
    except ConfigurationError:
        return home.DEFAULT_FIRST_DAY.isoformat()


def _end(environ: Mapping[str, str]) -> str | None:
    """The day that has not ended yet, where a clock is set that is not the machine's (the demo's): Dagster asks the machine's. It is
    asked when the code location is loaded; `make dev` loads it again."""
    text = environ.get(CLOCK_VARIABLE, "").strip()
    with suppress(ConfigurationError):
        return Clock.parse(text).now().date().isoformat() if text else None
    return None


partitions = dg.DailyPartitionsDefinition(start_date=_first_day(), end_date=_end(os.environ))


@dg.multi_asset(
    name="snapshot_tables",
    partitions_def=partitions,
    specs=[dg.AssetSpec(name, **plain(name, deps=_SOURCES)) for name in _TABLES],
    check_specs=[contract_check_spec(CONTRACTS[name]) for name in _TABLES],
    pool="history",
)
def daily_snapshots(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    run = line.open_beside_runs(context.run_id)
    day = date.fromisoformat(context.partition_key)
    taken = history.take(run.home, run.warehouse, day)
    for name in _TABLES:
        yield dg.MaterializeResult(
            asset_key=run.key(name),
            metadata={
                "dagster/partition_row_count": taken.rows[name],
                "sorted_row_hash": taken.hashes[name],
                "agreement_version": taken.agreement_version,
                "as_of": history.end_of(day).isoformat(),
            },
            check_results=[run.contract_check(name, taken.rows[name], run.warehouse.read_snapshot(name, day))],
        )


@dg.asset(
    key="snapshot_replays",
    partitions_def=partitions,
    **plain("snapshot_replays", deps=(*_SOURCES, *_TABLES)),
    check_specs=[
        contract_check_spec(CONTRACTS["snapshot_replays"]),
        dg.AssetCheckSpec(
            AGREES,
            asset="snapshot_replays",
            description="What the raw tables say today of a past day is, row for row, what was kept then; rows of erased people are left "
            "out and counted.",
        ),
    ],
    pool="history",
)
def snapshot_replays(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open_beside_runs(context.run_id)
    day = date.fromisoformat(context.partition_key)
    comparison = history.compare(run.home, run.warehouse, day)
    rows = history.keep_comparison(run.home, run.warehouse, comparison)
    # which rows differ stands in the table: an erasure reaches it there, and not in Dagster's history
    metadata: dict[str, Any] = {"dagster/partition_row_count": rows, "agreement_version": comparison.agreement_version}
    metadata |= {"erased_people": comparison.erased_people}
    for name, one in comparison.tables.items():
        metadata |= {f"{name}/rows": one.rows, f"{name}/left_out": one.left_out, f"{name}/differing": one.differing}
        metadata |= {f"{name}/stored_hash": one.stored_hash, f"{name}/replayed_hash": one.replayed_hash}
    agrees = dg.AssetCheckResult(
        check_name=AGREES, passed=comparison.agrees, severity=dg.AssetCheckSeverity.WARN, metadata=metadata, description=comparison.sentence
    )
    contract = run.contract_check("snapshot_replays", rows, run.warehouse.read_snapshot("snapshot_replays", day))
    return dg.MaterializeResult(metadata=metadata, check_results=[contract, agrees])


@dg.definitions
def past_days() -> dg.Definitions:
    """The days that are past, in this package's own code location."""
    return dg.Definitions.merge(dg.Definitions(assets=[daily_snapshots, snapshot_replays]), history_at(HERE))


def history_at(place: Placement) -> dg.Definitions:
    """Jobs and schedules of past days."""
    snapshots = jobs.job(
        place,
        SNAPSHOTS,
        place.tables(*_TABLES),
        "Scores, stages and MQAs of everybody as known at the end of a day. Backfill any days that have passed.",
    )
    replays = jobs.job(
        place,
        REPLAYS,
        place.tables("snapshot_replays"),
        "Decides a kept day again from the raw tables and compares it row for row with what was kept.",
    )
    schedules = []
    if place.cron(SNAPSHOTS, "") is not None:
        nightly = dg.build_schedule_from_partitioned_job(
            snapshots,
            name=place.name("yesterday_at_three"),
            hour_of_day=3,
            minute_of_hour=0,
            description="Keeps the day that has just passed.",
        )
        schedules.append(nightly)
    if place.cron(REPLAYS, "") is not None:
        schedules.append(_replay_schedule(place, replays))
    return dg.Definitions(jobs=[snapshots, replays], schedules=schedules)


def _replay_schedule(place: Placement, job: jobs.Job) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=place.name("replay_at_four"),
        job=job,
        cron_schedule=place.cron(REPLAYS, "0 4 * * *") or "0 4 * * *",
        execution_timezone="UTC",
        description=f"Compares the day {REPLAYED_AFTER_DAYS} days ago with a replay.",
    )
    def replay(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        day = context.scheduled_execution_time.date() - timedelta(days=REPLAYED_AFTER_DAYS)
        if history.taken(place.home().warehouse(), day) is None:
            return dg.SkipReason(f"{day} was never taken")
        return dg.RunRequest(partition_key=day.isoformat(), run_key=f"replay:{day}")

    return replay
