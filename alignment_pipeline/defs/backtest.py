"""Assets of the backtest: how well the MQA rules foretold opportunities, with the sweep's plot."""

import base64
from collections.abc import Iterator

import dagster as dg

from alignment_pipeline.defs.line import LineResource, tables
from alignment_pipeline.lifecycle.sweep_plot import sweep_svg
from alignment_pipeline.runtime import analyses

_SOURCES = (
    "scored_activities",
    "person_fits",
    "accounts",
    "account_tiers",
    "account_scores",
    "opportunities",
    "users",
    "raw_marketo_activities",
)
_COLUMNS = (
    "threshold_factor",
    "mqas",
    "judged",
    "precision_pct",
    "won_pct",
    "recall_pct",
    "base_rate_pct",
    "median_lead_days",
    "weeks_over",
)


@dg.multi_asset(name="mqa_backtest_tables", **tables("mqa_backtest_terms", "mqa_backtests", deps=_SOURCES))
def mqa_backtest(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    run = line.open(context)
    found = analyses.backtest_of(run.warehouse, agreement=run.agreement)
    yield run.publish("mqa_backtest_terms", found.terms)
    picture = base64.b64encode(sweep_svg(found.sweep).encode()).decode()
    rows = found.sweep.order_by("threshold_factor").to_pyarrow().to_pylist()
    now = next(row for row in rows if row["threshold_factor"] == 1.0)
    yield run.publish(
        "mqa_backtests",
        found.sweep,
        plot=dg.MetadataValue.md(f"![threshold sweep](data:image/svg+xml;base64,{picture})"),
        sweep=dg.MetadataValue.md(_markdown(rows)),
        **{name: now[name] for name in ("precision_pct", "recall_pct", "mqas_per_week") if now[name] is not None},
    )


def _markdown(rows: list[dict[str, float | None]]) -> str:
    lines = ["| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    lines += ["| " + " | ".join("-" if row[name] is None else f"{row[name]:g}" for name in _COLUMNS) + " |" for row in rows]
    return "\n".join(lines)
