"""`alignment backtest`: how well the MQA rules foretold opportunities, with a sweep of their thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from alignment_pipeline.agreement import loader
from alignment_pipeline.cli.context import Context, as_of_option, json_option, moment, table
from alignment_pipeline.lifecycle.sweep_plot import sweep_svg
from alignment_pipeline.runtime import analyses


@click.command(epilog="Example: alignment backtest --outcome-days 90 --plot sweep.svg")
@click.option(
    "--agreement", "agreement_file", type=click.Path(path_type=Path, dir_okay=False), help="Test this agreement; default: the one in force."
)
@click.option(
    "--outcome-days", type=click.IntRange(1, 730), default=90, show_default=True, help="Days after an MQA in which an opportunity counts."
)
@click.option("--days", "tested_days", type=click.IntRange(2, 3650), default=365, show_default=True, help="Days of the past to test.")
@click.option("--use-attributes", is_flag=True, help="Use tier, size, title and type as known today, although they have no history.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Write the sweep as an SVG picture.")
@as_of_option
@json_option
def backtest(
    agreement_file: Path | None,
    outcome_days: int,
    tested_days: int,
    use_attributes: bool,
    plot: Path | None,
    as_of: str | None,
    is_json: bool,
) -> None:
    """Replay the MQA rules over the past, knowing only what was known then, and compare with the opportunities that followed."""
    if outcome_days >= tested_days:
        raise click.UsageError(
            f"--outcome-days {outcome_days} must be smaller than --days {tested_days}, or no MQA is old enough to be judged"
        )
    context = Context(is_json=is_json)
    agreement = loader.load(agreement_file) if agreement_file else context.home.agreement
    found = analyses.backtest_of(
        context.warehouse(),
        agreement=agreement,
        as_of=moment(as_of),
        outcome_days=outcome_days,
        tested_days=tested_days,
        use_attributes=use_attributes,
    )
    rows = found.sweep.order_by("threshold_factor").to_pyarrow().to_pylist()
    if plot is not None:
        plot.write_text(sweep_svg(found.sweep), encoding="utf-8")
    content = {"agreement_version": agreement.version, "sweep": rows, "plot": str(plot) if plot else None}
    context.result(content, lambda console: _show(console, rows, plot))


def _show(console: Console, rows: list[dict[str, Any]], plot: Path | None) -> None:
    one = rows[0]
    shown = table(
        f"MQAs since {one['tested_from']:%Y-%m-%d} against opportunities created within {one['outcome_days']} days",
        "points", "MQAs", "a week", "judged", "right", "won", "recall", "blind", "lead days", "over",
    )  # fmt: skip
    for row in rows:
        pct = [_pct(row[name]) for name in ("precision_pct", "won_pct", "recall_pct", "base_rate_pct")]
        lead = "-" if row["median_lead_days"] is None else f"{row['median_lead_days']:.0f}"
        counts = (str(row["mqas"]), f"{row['mqas_per_week']:.1f}", str(row["judged"]))
        shown.add_row(f"{row['threshold_factor']:g}x", *counts, *pct, lead, str(row["weeks_over"]))
    console.print(shown)
    console.print(
        "right: judged MQAs followed by an opportunity; recall: opportunities an MQA came before; blind: a pick at random would reach."
    )
    console.print("over: weeks in which a rep got more MQAs than agreed.")
    told = "used as known today" if one["attributes_used"] else "left out, since they have no history"
    console.print(f"Tier, size, title and type are {told}.")
    if one["reconstructed_pct"] is not None:
        console.print(
            f"{one['reconstructed_pct']:.0f} % of the activities were loaded later; their own time stands for when they were known."
        )
    if plot is not None:
        console.print(f"Plot: {plot}")


def _pct(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} %"
