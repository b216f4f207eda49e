"""The page of the weekly meeting as an asset, its job, and the schedule in the agreement's zone.

Belongs here: when a page is made and what the UI shows of it. What it holds: `meeting/`; making and keeping it: `operations/pack.py`.
"""

from dataclasses import asdict
from zoneinfo import ZoneInfo

import dagster as dg

from alignment_pipeline.defs import jobs
from alignment_pipeline.defs.line import LineResource
from alignment_pipeline.defs.placement import HERE, Placement
from alignment_pipeline.defs.retrying import recoverable
from alignment_pipeline.errors import AlignmentError
from alignment_pipeline.meeting import markdown
from alignment_pipeline.meeting import pack as packs
from alignment_pipeline.operations import pack as operation

ASSET, JOB = "weekly_pack", "weekly_meeting"
_QUARTER_HOURS = "*/15 * * * *"


@dg.asset(
    key=ASSET,
    deps=packs.INPUTS,
    group_name="reporting",
    owners=["team:revenue-operations"],
    kinds={"html"},
    description="The page both teams read in the weekly meeting: promises of both, what changed, what waits, the gap to plan, actions. "
    "Kept for ever, with the rows behind every number; its digest goes to Slack, Teams or e-mail.",
    pool="warehouse",
)
def weekly_pack(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    as_of = operation.decided_as_of(run.warehouse)
    kept = operation.make(run.home, run.warehouse, operation.period_of(run.home, as_of))
    with recoverable():
        sent = operation.send(run.home, kept)
    content = kept.content()
    return dg.MaterializeResult(
        metadata={
            "page": dg.MetadataValue.md(markdown.text(content)),
            "file": dg.MetadataValue.path(str(kept.page)),
            "pack": kept.pack_id,
            "period": kept.period,
            "is_new": kept.is_new,
            "numbers": len(content["values"]),
            "restated": content["sections"]["restated"]["number"],
            "digest": {name: len(keys) for name, keys in asdict(sent).items() if keys},
        }
    )


@dg.definitions
def meeting() -> dg.Definitions:
    """The asset, the job and the schedule of this package's own code location."""
    return dg.Definitions.merge(dg.Definitions(assets=[weekly_pack]), meeting_at(HERE))


def meeting_at(place: Placement) -> dg.Definitions:
    """The job and its schedule."""
    job = jobs.job(place, JOB, place.tables(ASSET), "The page of the weekly meeting, kept and sent.")
    when = place.cron(JOB, _QUARTER_HOURS)
    return dg.Definitions(jobs=[job], schedules=[_schedule(place, when)] if when is not None else [])


def _schedule(place: Placement, when: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=place.name("weekly_meeting_page"),
        job_name=place.name(JOB),
        cron_schedule=when,
        execution_timezone="UTC",
        description="Looks every quarter of an hour whether it is the agreement's weekday and time, in the fiscal calendar's zone.",
    )
    def due(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        try:
            agreement = place.home().agreement
        except AlignmentError as error:
            return dg.SkipReason(str(error))
        local = context.scheduled_execution_time.astimezone(ZoneInfo(agreement.fiscal.time_zone))
        if not agreement.meeting.is_due(local):
            return dg.SkipReason(
                f"the page is made on {agreement.meeting.weekday} at {agreement.meeting.time} {agreement.fiscal.time_zone}"
            )
        return dg.RunRequest(run_key=f"meeting:{local.date().isoformat()}")

    return due
