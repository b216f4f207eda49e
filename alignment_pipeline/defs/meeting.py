"""The pages of the weekly meeting and of a quarter's review as assets, their jobs, and schedules in the agreement's zone.

Belongs here: when a page is made and what the UI shows of it. What it holds: `meeting/`; making and keeping it: `operations/pack.py`.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.defs import jobs
from alignment_pipeline.defs.line_resource import LineResource
from alignment_pipeline.defs.placement import HERE, Placement
from alignment_pipeline.defs.retrying import recoverable
from alignment_pipeline.errors import AlignmentError
from alignment_pipeline.meeting import markdown
from alignment_pipeline.meeting import pack as packs
from alignment_pipeline.meeting.periods import Kind
from alignment_pipeline.meeting.sections import quarter
from alignment_pipeline.operations import pack as operation

ASSET, JOB = "weekly_pack", "weekly_meeting"
QUARTERLY_ASSET, QUARTERLY_JOB = "quarterly_pack", "quarterly_review"
_QUARTER_HOURS = "*/15 * * * *"
# what the planner and the backtest read beside the page's own tables
_REVIEWED = ("plan_lines", "opportunity_states", "opportunity_sources", "contact_yields", "activities")


@dg.asset(
    key=ASSET,
    deps=packs.INPUTS,
    group_name="reporting",
    owners=["team:revenue-operations"],
    kinds={"html"},
    description="The page both teams read in the weekly meeting: promises of both, what changed, what waits, the gap to plan, actions. "
    "Kept with the rows behind every number; its digest goes to Slack, Teams or e-mail.",
    pool="warehouse",
)
def weekly_pack(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    return _kept(context, line, "week")


@dg.asset(
    key=QUARTERLY_ASSET,
    deps=(*packs.INPUTS, *quarter.INPUTS, *_REVIEWED),
    group_name="reporting",
    owners=["team:revenue-operations"],
    kinds={"html"},
    description="The page of a quarter's review: the same over the quarter, and the plan beside what came with its rates measured again, "
    "a backtest of the MQA rules, the audit of matches, forecasts, and goals proposed as a patch of the agreement.",
    pool="warehouse",
)
def quarterly_pack(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    return _kept(context, line, "quarter")


def _kept(context: dg.AssetExecutionContext, line: LineResource, kind: Kind) -> dg.MaterializeResult:
    run = line.open(context)
    as_of = operation.decided_as_of(run.warehouse)
    kept = operation.make(run.home, run.warehouse, operation.period_of(run.home, as_of, kind=kind))
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
    """The assets, jobs and schedules of this package's own code location."""
    return dg.Definitions.merge(dg.Definitions(assets=[weekly_pack, quarterly_pack]), meeting_at(HERE))


def meeting_at(place: Placement) -> dg.Definitions:
    """The jobs and their schedules."""
    weekly = jobs.job(place, JOB, place.tables(ASSET), "The page of the weekly meeting, kept and sent.")
    quarterly = jobs.job(place, QUARTERLY_JOB, place.tables(QUARTERLY_ASSET), "The page of the quarter's review, kept and sent.")
    schedules = [
        _schedule(
            place, JOB, "weekly_meeting_page", "it is the agreement's weekday and time", lambda one, local: one.meeting.is_due(local)
        ),
        _schedule(
            place,
            QUARTERLY_JOB,
            "quarterly_review_page",
            "it is that of the first meeting after a fiscal quarter's end",
            lambda one, local: one.meeting.is_review_due(local, one.fiscal),
        ),
    ]
    return dg.Definitions(jobs=[weekly, quarterly], schedules=[one for one in schedules if one is not None])


def _schedule(
    place: Placement, job: str, name: str, when: str, is_due: Callable[[Agreement, datetime], bool]
) -> dg.ScheduleDefinition | None:
    cron = place.cron(job, _QUARTER_HOURS)
    if cron is None:
        return None

    @dg.schedule(
        name=place.name(name),
        job_name=place.name(job),
        cron_schedule=cron,
        execution_timezone="UTC",
        description=f"Looks every quarter of an hour whether {when}, in the fiscal calendar's zone.",
    )
    def due(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        try:
            agreement = place.home().agreement
        except AlignmentError as error:
            return dg.SkipReason(str(error))
        local = context.scheduled_execution_time.astimezone(ZoneInfo(agreement.fiscal.time_zone))
        if not is_due(agreement, local):
            return dg.SkipReason(
                f"the page is made on {agreement.meeting.weekday} at {agreement.meeting.time} {agreement.fiscal.time_zone}"
            )
        return dg.RunRequest(run_key=f"{job}:{local.date().isoformat()}")

    return due
