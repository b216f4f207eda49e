"""The asset that tells people what is due."""

from dataclasses import asdict

import dagster as dg

from alignment_pipeline.defs.line_resource import LineResource
from alignment_pipeline.defs.retrying import recoverable
from alignment_pipeline.operations import notify as telling


@dg.asset(
    key="notifications",
    deps=["sla_escalations", "users"],
    group_name="sla",
    owners=["team:sales-operations"],
    kinds={"apprise"},
    pool="notify",
    description="Messages about escalation steps that are due, each sent once: the intent is recorded first. "
    "A channel that is down delays them and stops nothing else.",
)
def notifications(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    with recoverable():
        done = telling.notify(run.home, run.warehouse)
    return dg.MaterializeResult(metadata={name: len(keys) for name, keys in asdict(done).items()})
