"""Jobs of one step that keep a home in order, each with its schedule.

Belongs here: how such a job is made. What they do: `backup.py`, `tidy.py`.
"""

from collections.abc import Callable

import dagster as dg

from alignment_pipeline.defs.placement import Placement

_MOST_SECONDS = 3600


def job_of(
    place: Placement, name: str, step: str, work: Callable[[dg.OpExecutionContext], None], *, job_says: str, step_says: str
) -> dg.JobDefinition:
    """A job whose one step does `work`. It holds no table, so it runs beside every other run, in its own process."""

    def run(context: dg.OpExecutionContext) -> None:
        work(context)

    op = dg.op(name=place.name(step), out=dg.Out(dg.Nothing), description=step_says)(run)

    def steps() -> None:
        op()

    return dg.job(
        name=place.name(name), description=job_says, tags={"dagster/max_runtime": _MOST_SECONDS}, executor_def=dg.in_process_executor
    )(steps)
