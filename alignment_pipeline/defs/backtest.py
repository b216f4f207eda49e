"""Assets of the backtests: how well MQAs and MQLs foretold opportunities, with the sweep's plot."""

import base64
from collections.abc import Iterator
from typing import Any, Literal

import dagster as dg
import ibis

from alignment_pipeline.defs.line import LineResource, tables
from alignment_pipeline.lifecycle.backtest.sweep_plot import sweep_svg
from alignment_pipeline.lifecycle.stages import person_stages
from alignment_pipeline.operations import impact_and_backtest

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
_MQL_SOURCES = (*(name for name in person_stages.INPUTS if name != "account_mqa_changes"), "account_scores", "raw_marketo_activities")
_COLUMNS = ("judged", "precision_pct", "won_pct", "recall_pct", "base_rate_pct", "median_lead_days")
_SHOWN = ("precision_pct", "recall_pct")


@dg.multi_asset(name="mqa_backtest_tables", **tables("mqa_backtest_terms", "mqa_backtests", deps=_SOURCES))
def mqa_backtest(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    run = line.open(context)
    found = impact_and_backtest.backtest_of(run.warehouse, agreement=run.agreement)
    yield run.publish("mqa_backtest_terms", found.terms)
    yield run.publish("mqa_backtests", found.sweep, **_told(found.sweep, "MQA", "mqas", "weeks_over"))


@dg.multi_asset(name="mql_backtest_tables", **tables("mql_backtest_terms", "mql_backtests", deps=_MQL_SOURCES))
def mql_backtest(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    run = line.open(context)
    found = impact_and_backtest.backtest_of(run.warehouse, agreement=run.agreement, of="mql")
    yield run.publish("mql_backtest_terms", found.terms)
    yield run.publish("mql_backtests", found.sweep, **_told(found.sweep, "MQL", "mqls"))


def _told(sweep: ibis.Table, of: Literal["MQA", "MQL"], *counts: str) -> dict[str, Any]:
    """Plot, table and the agreement's own line as metadata; a note where the agreement makes none."""
    rows = sweep.order_by("threshold_factor").to_pyarrow().to_pylist()
    if not rows:
        return {"note": f"the agreement makes no {of} by engagement"}
    now = next(row for row in rows if row["threshold_factor"] == 1.0)
    picture = base64.b64encode(sweep_svg(sweep, of=of).encode()).decode()
    return {
        "plot": dg.MetadataValue.md(f"![threshold sweep](data:image/svg+xml;base64,{picture})"),
        "sweep": dg.MetadataValue.md(_markdown(rows, ("threshold_factor", counts[0], *_COLUMNS, *counts[1:]))),
        **{name: now[name] for name in (*_SHOWN, f"{counts[0]}_per_week") if now[name] is not None},
    }


def _markdown(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join("-" if row[name] is None else f"{row[name]:.4g}" for name in columns) + " |" for row in rows]
    return "\n".join(lines)
