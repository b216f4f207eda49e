"""`alignment pipeline`: pipeline metrics as of any day."""

from __future__ import annotations

from datetime import date
from typing import Any

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, as_of_moment, json_option, table
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import pipeline as operation
from alignment_pipeline.operations.pipeline import Pipeline

_BRIDGE = "bridge_"


@click.command(epilog="Example: alignment pipeline --as-of 2026-10-31 --compare 2026-09-30")
@click.option("--as-of", "day", metavar="DAY", help="The day at whose end pipeline is given; default: today.")
@click.option("--known", metavar="DAY", help="Use only what was known at the end of this day; default: all that is known now.")
@click.option("--compare", metavar="DAY", help="Bridge from the end of this day; default: the day before the period began.")
@click.option("--scope", default="all", show_default=True, help="Part of the business: all, team:West, tier:1, source:Web, ...")
@json_option
def pipeline(day: str | None, known: str | None, compare: str | None, scope: str, is_json: bool) -> None:
    """Open pipeline, bookings, coverage, velocity and the bridge of any day, from history.

    Numbers that differ from what was known at the end of the day are marked as restated."""
    context = Context(is_json=is_json)
    agreement = context.home.agreement
    now = as_of_moment(known) or context.home.clock.now()
    today = _day(day, "--as-of") or agreement.fiscal.day_of(now)
    since = _day(compare, "--compare")
    if since and since >= today:
        raise click.UsageError(f"--compare {since} must be before --as-of {today}")
    figures = operation.pipeline_of(context.warehouse(), agreement=agreement, day=today, known=now, since=since)
    scopes = sorted({row["scope"] for row in figures.metrics})
    if scope not in scopes:
        raise click.UsageError(f"--scope {scope!r} has no deals; there are: {', '.join(scopes)}")
    rows = [row for row in figures.metrics if row["scope"] == scope]
    conversions = [row for row in figures.conversions if row["scope"] == scope]
    content = {"day": today, "known": now, "agreement_version": agreement.version, "metrics": rows, "conversions": conversions}
    context.result(content, lambda console: _show(console, figures, rows, conversions))


def _day(text: str | None, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ConfigurationError(f"{option} {text!r} is no day; write 2026-11-21") from error


def _show(console: Console, figures: Pipeline, rows: list[dict[str, Any]], conversions: list[dict[str, Any]]) -> None:
    period = rows[0]["period"]
    metrics = table(
        f"{period} at the end of {figures.day}, as known on {figures.known:%Y-%m-%d %H:%M} UTC",
        "metric",
        "value",
        "95 % interval",
        "n",
        "basis",
        "",
    )
    for row in (row for row in rows if not row["metric"].startswith(_BRIDGE)):
        metrics.add_row(row["metric"].replace("_", " "), row["shown"], _interval(row), str(row["n"]), row["basis"] or "", _mark(row))
    console.print(metrics)
    parts = [row for row in rows if row["metric"].startswith(_BRIDGE) and row["n"]]
    if parts:
        shown = table(parts[0]["definition"].split(":")[0], "part", "amount", "deals", "")
        for row in parts:
            shown.add_row(row["metric"].removeprefix(_BRIDGE).replace("_", " "), row["shown"], str(row["n"]), _mark(row))
        console.print(shown)
    steps = table("Conversion per step", "step", "within days", "reading", "share", "95 % interval", "n")
    for row in conversions:
        interval = "" if row["lower"] is None else f"{100 * row['lower']:.1f} to {100 * row['upper']:.1f} %"
        steps.add_row(row["step"], str(row["within_days"]), row["reading"], row["shown"], interval, str(row["n"]))
    console.print(steps)
    without = next((row["without_amount"] for row in rows if row["metric"] == "open_pipeline"), 0)
    if without:
        console.print(f"{without} open deals of the period have no amount and count for nothing in its sums.")


def _interval(row: dict[str, Any]) -> str:
    """`1.2 to 3.4`, money in whole units; without an end where a share may be 0."""
    if row["lower"] is None:
        return ""
    ends = [end for end in (row["lower"], row["upper"]) if end is not None]
    if row["metric"] == "win_rate":
        return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f} %"
    said = [f"{end / 100:,.0f}" if row["unit"].startswith("cents") else f"{end:,.3g}" for end in ends]
    return " to ".join(said) if len(said) > 1 else f"{said[0]} or more"


def _mark(row: dict[str, Any]) -> str:
    return "restated" if row["is_restated"] else ""
