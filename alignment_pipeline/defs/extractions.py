"""The table of what was read, by which way, at what cost."""

import dagster as dg

from alignment_pipeline.contracts.systems.registry import STREAMS
from alignment_pipeline.defs.line_resource import LineResource
from alignment_pipeline.defs.specs import table


@dg.asset(**table("refused_rows", deps=[stream.table for stream in STREAMS]))
def refused_rows(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    # the reading steps append what they could not store; this step looks at it
    return run.materialized(run.warehouse.append("refused_rows", []))


@dg.asset(**table("extractions", deps=[stream.table for stream in STREAMS]))
def extractions(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    # the reading steps append their rows; this step looks at them, so that the cost of a run is one number in the UI
    published = run.warehouse.append("extractions", [])
    mine = run.read("extractions").filter(lambda rows: rows.run_id == run.run_id)
    calls = mine.group_by("system").agg(api_calls=lambda rows: rows.api_calls.sum()).to_pyarrow().to_pylist()
    return run.materialized(published, **{f"{row['system']}_api_calls": row["api_calls"] for row in calls})
