"""What an asset of a rule tells Dagster beside its rows: plots, and the few numbers one would look at first.

Belongs here: metadata by table. Row counts, versions and checks are the same for all: `line.py`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, Literal

import dagster as dg
import ibis
import pyarrow as pa

from alignment_pipeline.defs.line import Line
from alignment_pipeline.lifecycle.backtest.sweep_plot import sweep_svg
from alignment_pipeline.matching.decision import impact
from alignment_pipeline.matching.names.rarity import RarityTable
from alignment_pipeline.pipeline_metrics import coverage_paths, deals, plots

Tables = Mapping[str, Any]
_COLUMNS = ("judged", "precision_pct", "won_pct", "recall_pct", "base_rate_pct", "median_lead_days")
_SHOWN = ("precision_pct", "recall_pct")
_WORDS = 20


def of(table: str, tables: Tables, run: Line) -> dict[str, Any]:
    """Metadata of one table, before it is published; `made` holds what its asset worked out."""
    note = _NOTES.get(table)
    return note(tables, run) if note else {}


def _words(tables: Tables, run: Line) -> dict[str, Any]:
    after = RarityTable.from_table(tables["match_word_rarities"])
    frozen = run.read("match_word_rarities").to_pyarrow()
    before = RarityTable.from_table(frozen) if frozen.num_rows else None
    moved = impact.rarity_changes(before, after)[:_WORDS] if before is not None else []
    changes = [{"word": word, "before": was, "after": now} for word, was, now in moved]
    return {"words": len(after.counts), "counted_on": str(after.counted_on), "largest_changes": changes}


def _matches(tables: Tables, run: Line) -> dict[str, Any]:
    return {"rarity_version": tables["account_index"].rarity.version, "demoted_rules": sorted(tables["matching_settings"].demoted_rules)}


def _moves(tables: Tables, run: Line) -> dict[str, Any]:
    rows: pa.Table = tables["match_moves"]
    counts = impact.summary(rows).to_pylist()
    return {"moves": [f"{row['leads']} {row['from_decision']} -> {row['to_decision']}" for row in counts]}


def _sweep(of_what: Literal["MQA", "MQL"], *counts: str) -> Callable[[Tables, Line], dict[str, Any]]:
    """Plot and table of a sweep; a note where the agreement makes none."""

    def note(tables: Tables, run: Line) -> dict[str, Any]:
        sweep: ibis.Table = tables[f"{of_what.lower()}_backtests"]
        rows = sweep.order_by("threshold_factor").to_pyarrow().to_pylist()
        if not rows:
            return {"note": f"the agreement makes no {of_what} by engagement"}
        now = next(row for row in rows if row["threshold_factor"] == 1.0)
        picture = base64.b64encode(sweep_svg(sweep, of=of_what).encode()).decode()
        return {
            "plot": dg.MetadataValue.md(f"![threshold sweep](data:image/svg+xml;base64,{picture})"),
            "sweep": dg.MetadataValue.md(_markdown(rows, ("threshold_factor", counts[0], *_COLUMNS, *counts[1:]))),
            **{name: now[name] for name in (*_SHOWN, f"{counts[0]}_per_week") if now[name] is not None},
        }

    return note


def _markdown(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join("-" if row[name] is None else f"{row[name]:.4g}" for name in columns) + " |" for row in rows]
    return "\n".join(lines)


def _picture(title: str, svg: str, *, name: str = "plot") -> dict[str, Any]:
    return {name: dg.MetadataValue.md(f"![{title}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})")}


def _pipeline(tables: Tables, run: Line) -> dict[str, Any]:
    """The bridge of the period, coverage through it, and the numbers one would plot over days."""
    rows = [row for row in tables["pipeline_metrics"].to_pyarrow().to_pylist() if row["scope"] == "all"]
    plotted = ("open_pipeline", "bookings", "coverage", "coverage_needed", "forecast", "velocity")
    numbers = {row["metric"]: row["value"] for row in rows if row["metric"] in plotted and row["value"] is not None}
    terms, today = run.agreement, run.agreement.fiscal.day_of(run.as_of)
    parted = deals.with_parts(*(run.read(name) for name in ("opportunity_states", "users", "accounts", "account_tiers")))
    path = coverage_paths.coverage_paths(parted, today, fiscal=terms.fiscal, pipeline=terms.pipeline)
    through = _picture("coverage through the period", plots.coverage_svg(path), name="coverage_through_the_period")
    return _picture("bridge", plots.bridge_svg(rows)) | through | numbers


def _conversions(tables: Tables, run: Line) -> dict[str, Any]:
    return _picture("conversion", plots.curves_svg(tables["step_conversions"].to_pyarrow().to_pylist()))


def _tornado(tables: Tables, run: Line) -> dict[str, Any]:
    return _picture("tornado", plots.tornado_svg(tables["plan_sensitivities"].to_pyarrow().to_pylist()))


_NOTES: Mapping[str, Callable[[Tables, Line], dict[str, Any]]] = {
    "match_word_rarities": _words,
    "lead_account_matches": _matches,
    "match_moves": _moves,
    "mqa_backtests": _sweep("MQA", "mqas", "weeks_over"),
    "mql_backtests": _sweep("MQL", "mqls"),
    "pipeline_metrics": _pipeline,
    "step_conversions": _conversions,
    "plan_sensitivities": _tornado,
}
