"""The job that answers hand-raisers: the fast lane's loop, in one run that answers and one that stands by.

Belongs here: how Dagster runs it. What a round does: `fast_lane/`; who starts the job again: `sensors.py`.
"""

import dagster as dg

from alignment_pipeline.defs.placement import HERE, Placement
from alignment_pipeline.defs.retrying import recoverable
from alignment_pipeline.errors import AnotherWriter
from alignment_pipeline.fast_lane import loop as loops
from alignment_pipeline.fast_lane.writing import Tick

HAND_RAISES = "hand_raises"
# a loop stands by as long as another one leads, then leads as long itself; a run that still goes on then hangs
_LONGEST_SECONDS = int(loops.MINUTES * 60 * 3)


@dg.definitions
def fast_lane() -> dg.Definitions:
    """The job of this package's own code location."""
    return dg.Definitions(jobs=[hand_raises_job(HERE)])


def hand_raises_job(place: Placement) -> dg.JobDefinition:
    """The job that answers hand-raisers."""

    @dg.op(
        name=place.name("fast_lane"),
        out=dg.Out(dg.Nothing),
        description="Polls for hand-raises and answers each within seconds: matched, clocked, with a Task for its rep, by the "
        "rules and tables of the full run. Writes only what a signed standing approval covers; takes nothing from run config.",
    )
    def one_loop(context: dg.OpExecutionContext) -> None:
        def tell(tick: Tick) -> None:
            if not tick.is_idle:
                context.log.info(f"hand-raises: {tick.to_json()}")

        with recoverable():
            try:
                done = loops.loop(place.home(), report=tell)
            except AnotherWriter as error:
                context.log.info(f"one process runs the fast lane and another stands by already: {error}")
                return
        context.log.info(f"fast lane: {done.to_json()}")

    @dg.job(
        name=place.name(HAND_RAISES),
        description="Answers people who ask for sales within seconds, beside the full run. Ends after half an hour and is started again.",
        tags={"dagster/max_runtime": _LONGEST_SECONDS},
        executor_def=dg.in_process_executor,
    )
    def hand_raises() -> None:
        """The fast lane."""
        one_loop()

    return hand_raises
