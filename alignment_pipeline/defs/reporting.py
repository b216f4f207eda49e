"""The report as an asset, so that it can be opened from the Dagster UI."""

import dagster as dg

from alignment_pipeline.defs.line_resource import LineResource
from alignment_pipeline.defs.specs import table
from alignment_pipeline.operations import report as operation
from alignment_pipeline.reporting import report as report_rule


@dg.asset(
    key="report",
    deps=report_rule.INPUTS,
    group_name="reporting",
    owners=["team:revenue-operations"],
    kinds={"html"},
    description="What the last run decided: headline counts, MQAs with reasons, clocks by promise, the review queue, the plan "
    "and the guard's words, and how fresh the data is.",
    freshness_policy=table("write_results", deps=[])["freshness_policy"],
    pool="warehouse",
)
def report(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    path, text = operation.write_both(run.home, as_of=run.as_of)
    return dg.MaterializeResult(
        metadata={"report": dg.MetadataValue.md(text), "file": dg.MetadataValue.path(str(path)), "bytes": path.stat().st_size}
    )
