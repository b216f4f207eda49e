"""`alignment backtest`: how well MQAs or MQLs foretold opportunities, with a sweep of their thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click
from rich.console import Console

from alignment_pipeline.agreement import loader
from alignment_pipeline.cli.context import Context, as_of_moment, as_of_option, json_option, table
from alignment_pipeline.lifecycle.backtest.sweep_plot import sweep_svg
from alignment_pipeline.operations import impact_and_backtest


@click.command(epilog="Example: alignment backtest --outcome-days 90 --plot sweep.svg")
@click.option(
    "--agreement", "agreement_file", type=click.Path(path_type=Path, dir_okay=False), help="Test this agreement; default: the current one."
)
@click.option(
    "--outcome-days", type=click.IntRange(1, 730), default=90, show_default=True, help="Days after an MQA in which an opportunity counts."
)
@click.option("--days", "tested_days", type=click.IntRange(2, 3650), default=365, show_default=True, help="Days of the past to test.")
@click.option(
    "--of",
    type=click.Choice(["mqa", "mql"]),
    default="mqa",
    show_default=True,
    help="Test MQAs (accounts) or MQLs (people).",
)
@click.option("--use-attributes", is_flag=True, help="Use tier, size, title and type as known today, although they have no history.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Write the sweep as an SVG picture.")
@as_of_option
@json_option
def backtest(
    agreement_file: Path | None,
    outcome_days: int,
    tested_days: int,
    of: Literal["mqa", "mql"],
    use_attributes: bool,
    plot: Path | None,
    as_of: str | None,
    is_json: bool,
) -> None:
    """Replay the MQA rules over the past, and compare with the opportunities that followed.

    Only what was known at the time is used. `--of mql` replays the moves to MQL."""
    if outcome_days >= tested_days:
        raise click.UsageError(
            f"--outcome-days {outcome_days} must be smaller than --days {tested_days}, or no MQA is old enough to be judged"
        )
    context = Context(is_json=is_json)
    agreement = loader.load(agreement_file) if agreement_file else context.home.agreement
    result = impact_and_backtest.backtest_of(
        context.warehouse(),
        agreement=agreement,
        of=of,
        as_of=as_of_moment(as_of),
        outcome_days=outcome_days,
        tested_days=tested_days,
        use_attributes=use_attributes,
    )
    rows = result.sweep.order_by("threshold_factor").to_pyarrow().to_pylist()
    name: Literal["MQA", "MQL"] = "MQL" if of == "mql" else "MQA"
    if plot is not None:
        plot.write_text(sweep_svg(result.sweep, of=name), encoding="utf-8")
    content = {"agreement_version": agreement.version, "of": of, "sweep": rows, "plot": str(plot) if plot else None}
    context.result(content, lambda console: _show(console, rows, name, plot))


def _show(console: Console, rows: list[dict[str, Any]], of: str, plot: Path | None) -> None:
    if not rows:
        console.print(f"The agreement makes no {of}: no engagement of a person moves them to a stage that sales works.")
        return
    one, many = rows[0], f"{of.lower()}s"
    title = f"{of}s since {one['tested_from']:%Y-%m-%d} against opportunities created within {one['outcome_days']} days"
    columns = ["points", f"{of}s", "a week", "judged", "right", "won", "recall", "blind", "lead days"]
    shown = table(title, *columns, *(["over"] if "weeks_over" in one else []))
    for row in rows:
        pct = [_pct(row[name]) for name in ("precision_pct", "won_pct", "recall_pct", "base_rate_pct")]
        lead = "-" if row["median_lead_days"] is None else f"{row['median_lead_days']:.0f}"
        counts = (str(row[many]), f"{row[f'{many}_per_week']:.1f}", str(row["judged"]))
        over = [str(row["weeks_over"])] if "weeks_over" in row else []
        shown.add_row(f"{row['threshold_factor']:g}x", *counts, *pct, lead, *over)
    console.print(shown)
    console.print(
        f"right: {of}s that an opportunity followed; recall: opportunities that an {of} preceded; blind: what a random choice would reach."
    )
    if "weeks_over" in one:
        console.print("over: weeks in which a rep got more MQAs than agreed.")
    handling = "used as known today" if one["attributes_used"] else "left out, since they have no history"
    left_out = "Tier, size, title and type" if of == "MQA" else "Fit, tier, title and opt-out"
    console.print(f"{left_out} are {handling}.")
    if one["reconstructed_pct"] is not None:
        console.print(
            f"{one['reconstructed_pct']:.0f} % of the activities were loaded later; their own time stands for when they were known."
        )
    if plot is not None:
        console.print(f"Plot: {plot}")


def _pct(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} %"
