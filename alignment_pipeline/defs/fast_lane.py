"""The job that answers hand-raisers: the fast lane's loop, in one run that answers and one that stands by.

Belongs here: how Dagster runs it. What a round does: `fast_lane/`; who starts the job again: `sensors.py`.
"""

import dagster as dg

from alignment_pipeline.defs.retrying import recoverable
from alignment_pipeline.errors import AnotherWriter
from alignment_pipeline.fast_lane import loop as loops
from alignment_pipeline.fast_lane.writing import Tick
from alignment_pipeline.installation.home import Home

HAND_RAISES = "hand_raises"
# a loop stands by as long as another one leads, then leads as long itself; a run that still goes on then hangs
_LONGEST_SECONDS = int(loops.MINUTES * 60 * 3)


@dg.op(
    out=dg.Out(dg.Nothing),
    description="Polls Marketo for hand-raises and answers each within seconds: matched, clocked, with a Task for its rep, by the rules "
    "and tables of the full run. Writes only what a signed standing approval covers; takes nothing from run config.",
)
def fast_lane(context: dg.OpExecutionContext) -> None:
    """One loop of the fast lane."""

    def tell(made: Tick) -> None:
        if not made.is_idle:
            context.log.info(f"hand-raises: {made.to_json()}")

    with recoverable():
        try:
            done = loops.loop(Home.from_env(), told=tell)
        except AnotherWriter as error:
            context.log.info(f"one process runs the fast lane and another stands by already: {error}")
            return
    context.log.info(f"fast lane: {done.to_json()}")


@dg.job(
    name=HAND_RAISES,
    description="Answers people who ask for sales within seconds, beside the full run. Ends after half an hour and is started again.",
    tags={"dagster/max_runtime": _LONGEST_SECONDS},
)
def hand_raises() -> None:
    """The fast lane."""
    fast_lane()
