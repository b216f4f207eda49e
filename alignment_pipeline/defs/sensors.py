"""Sensors of the fast lane: one keeps its loop running, one starts it when somebody raised a hand and no loop runs.

Belongs here: whether a run is to be started, and under which key. Keys are made of what a run is for, so the same evaluation repeated asks
for the same run. Both are off until somebody turns them on.
"""

from __future__ import annotations

import hashlib

import dagster as dg

from alignment_pipeline.connectors import redaction
from alignment_pipeline.connectors.registry import listened_to
from alignment_pipeline.defs.fast_lane import HAND_RAISES
from alignment_pipeline.defs.placement import HERE, Placement
from alignment_pipeline.errors import AlignmentError
from alignment_pipeline.fast_lane import lane
from alignment_pipeline.installation.home import Home

_COMING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING]
# one leads; the other is warm and takes over when the first ends or dies
_WANTED = 2
# a run that failed is asked for again, but not at once
_AGAIN_SECONDS = 300


@dg.definitions
def fast_lane_sensors() -> dg.Definitions:
    """The sensors of this package's own code location."""
    return dg.Definitions(sensors=[new_hand_raisers(HERE), fast_lane_runs(HERE)])


def new_hand_raisers(place: Placement) -> dg.SensorDefinition:
    """Starts the lane when somebody raised a hand."""

    @dg.sensor(
        name=place.name("new_hand_raisers"),
        job_name=place.name(HAND_RAISES),
        minimum_interval_seconds=30,
        description="Looks whether somebody asked for sales (by one poll) and starts the fast lane when no loop is running.",
    )
    def arrived(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        home = place.home()
        if not listened_to(home.environ):
            return dg.SkipReason(lane.NO_LOG)
        if _running(context.instance, home, place.name(HAND_RAISES)):
            return dg.SkipReason("the fast lane is running: it finds them itself")
        try:
            waiting = lane.peek(home)
        except AlignmentError as error:
            return dg.SkipReason(redaction.PROCESS(str(error)))
        if not waiting:
            return dg.SkipReason("nobody new")
        return dg.RunRequest(run_key=f"hand-raisers:{_digest(waiting)}:{_period(home)}", tags={"alignment/hand_raisers": str(len(waiting))})

    return arrived


def fast_lane_runs(place: Placement) -> dg.SensorDefinition:
    """Keeps the lane running."""
    job = place.name(HAND_RAISES)

    @dg.sensor(
        name=place.name("fast_lane_runs"),
        job_name=job,
        minimum_interval_seconds=10,
        description="Keeps two processes of the fast lane's loop, one that answers and one that stands by, and replaces what ended.",
    )
    def kept(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        home = place.home()
        if not listened_to(home.environ):
            return dg.SkipReason(lane.NO_LOG)
        if _running(context.instance, home, job) >= _WANTED:
            return dg.SkipReason("the fast lane is running, and another process stands by")
        last = context.instance.get_run_records(dg.RunsFilter(job_name=job), limit=1)
        after = last[0].dagster_run.run_id if last else "first"
        failed = bool(last) and last[0].dagster_run.status == dg.DagsterRunStatus.FAILURE
        return dg.RunRequest(run_key=f"lane-after:{after}:{_period(home)}" if failed else f"lane-after:{after}")

    return kept


def _running(instance: dg.DagsterInstance, home: Home, job: str) -> int:
    """Processes that lead or stand by, counted by their locks, which end with them (a run's status follows a minute later); and runs that
    are about to start."""
    return lane.processes(home) + instance.get_runs_count(dg.RunsFilter(job_name=job, statuses=_COMING))


def _digest(guids: list[str]) -> str:
    return hashlib.sha256("\n".join(guids).encode()).hexdigest()[:16]


def _period(home: Home) -> int:
    return int(home.clock.now().timestamp()) // _AGAIN_SECONDS
