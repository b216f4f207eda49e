"""Runs whose process is gone: ended, so that their pool slots are free and somebody hears of it.

Belongs here: telling a lost run from one that works or waits. Dagster's own monitoring asks the launcher, and the default launcher cannot
say whether a process lives; the lease that a run holds until it ends can, because the system gives it back with the process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import dagster as dg

from alignment_pipeline.defs.jobs import DAILY, INCREMENTAL, RUN
from alignment_pipeline.defs.placement import HERE, Placement
from alignment_pipeline.journal import lease

_JOBS = (RUN, DAILY, INCREMENTAL)
#: So many looks in a row, a minute apart: a run takes the lease with its first step, and another may hold it for a moment.
_LOOKS = 3


@dg.definitions
def lost() -> dg.Definitions:
    """The sensor of this package's own code location."""
    return dg.Definitions(sensors=[lost_runs(HERE)])


def lost_runs(place: Placement) -> dg.SensorDefinition:
    """The sensor, turned on."""

    @dg.sensor(
        name=place.name("lost_runs"),
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Ends runs whose process is gone, so that the next one can begin. A run that works or waits its turn is left alone.",
    )
    def settle(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        seen = looked(context.instance, place, json.loads(context.cursor or "{}"))
        lost = [run_id for run_id, looks in seen.items() if looks >= _LOOKS]
        for run_id in lost:
            run = context.instance.get_run_by_id(run_id)
            if run is not None:
                context.instance.report_run_failed(run, "The process of this run is gone: nobody holds the lease of runs any more.")
        context.update_cursor(json.dumps({run_id: looks for run_id, looks in seen.items() if looks < _LOOKS}))
        return dg.SkipReason(f"{len(lost)} runs had lost their process" if lost else "no run has lost its process")

    return settle


def looked(instance: dg.DagsterInstance, place: Placement, before: Mapping[str, int]) -> dict[str, int]:
    """Runs that have begun while no living process holds the lease of runs, with the number of looks in a row that found them so."""
    begun = [
        run.run_id
        for job in _JOBS
        for run in instance.get_runs(dg.RunsFilter(job_name=place.name(job), statuses=[dg.DagsterRunStatus.STARTED]))
    ]
    if not begun:
        return {}
    with place.home().journal() as journal:
        if lease.is_held(journal, lease.RUN):
            return {}
    return {run_id: before.get(run_id, 0) + 1 for run_id in begun}
