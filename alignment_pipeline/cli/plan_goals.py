"""`alignment plan-goals`: what a target asks for, from bookings back to contacts, and the goals that would follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, as_of_moment, as_of_option, json_option, table
from alignment_pipeline.operations import plan_goals as operation
from alignment_pipeline.operations.plan_goals import Goals
from alignment_pipeline.operations.plan_review import Review, review_of


@click.command(epilog="Example: alignment plan-goals --out goals.yaml")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the proposed goals as a patch of the agreement.")
@click.option("--review", "is_review", is_flag=True, help="Show the previous period's plan beside what came of it.")
@as_of_option
@json_option
def plan_goals(out: Path | None, is_review: bool, as_of: str | None, is_json: bool) -> None:
    """Plan the present period back from its target: deals, MQAs, people and contacts to create, by when, with what chance.

    Proposes goals for marketing's commitments. It never sets them."""
    if out is not None and is_review:
        raise click.UsageError("--review looks back and proposes nothing; leave --out away")
    context = Context(is_json=is_json)
    agreement = context.home.agreement
    known = as_of_moment(as_of) or context.home.clock.now()
    if is_review:
        review = review_of(context.warehouse(), agreement=agreement, day=agreement.fiscal.day_of(known), known=known)
        context.result(_reviewed(review), lambda console: _show_review(console, review))
        return
    goals = operation.goals_of(context.warehouse(), agreement=agreement, day=agreement.fiscal.day_of(known), known=known)
    if out is not None:
        out.write_text(operation.patch(goals), encoding="utf-8")
    content = {
        "period": goals.period,
        "lines": goals.lines,
        "sensitivities": goals.sensitivities,
        "proposals": [vars(one) for one in goals.proposals],
        "out": str(out) if out else None,
    }
    context.result(content, lambda console: _show(console, goals, out))


def _show(console: Console, goals: Goals, out: Path | None) -> None:
    lines = table(
        f"Plan of {goals.period}", "scope", "line", "needed", "in hand", "to create", "start by", "rate", "n", "P10 to P90", "state"
    )
    for row in goals.lines:
        spread = "" if row["p10"] is None else f"{row['p10']:,.0f} to {row['p90']:,.0f}"
        rate = "" if row["rate"] is None else f"{row['rate']:.3g}"
        numbers = [_number(row[name]) for name in ("needed", "in_hand", "to_create")]
        start = "" if row["start_by_on"] is None else f"{row['start_by_on']}"
        lines.add_row(row["scope"], row["line"].replace("_", " "), *numbers, start, rate, str(row["n"] or ""), spread, row["state"])
    console.print(lines)
    for row in (row for row in goals.lines if row["note"]):
        console.print(f"{row['scope']}, {row['line'].replace('_', ' ')}: {row['note']}")
    _bars(console, goals.sensitivities)
    for one in goals.proposals:
        console.print(f"{one.title}: goal {one.goal:,.0f}, proposed {one.proposed:,.0f}: {one.reason}")
    if out is not None:
        console.print(f"Proposal: {out}. Nothing was set.")


def _reviewed(review: Review) -> dict[str, Any]:
    lines = [vars(line) | {"rate_error": line.rate_error} for line in review.lines]
    return {"period": review.period, "lines": lines, "wrong": review.wrong.line if review.wrong else None}


def _show_review(console: Console, review: Review) -> None:
    lines = table(f"Plan of {review.period} and what came", "line", "planned", "came", "planned rate", "measured rate", "n")
    for row in review.lines:
        rates = ["" if rate is None else f"{rate:.3g}" for rate in (row.planned_rate, row.measured_rate)]
        lines.add_row(row.line.replace("_", " "), _number(row.planned), _number(row.came), *rates, str(row.n or ""))
    console.print(lines)
    if review.wrong is not None:
        console.print(
            f"Furthest off: the rate of {review.wrong.line.replace('_', ' ')}, {review.wrong.rate_error:+.0%} against what was measured."
        )


def _bars(console: Console, rows: list[dict[str, Any]]) -> None:
    own = [row for row in rows if row["scope"] == "all" and row["variation"] == "interval" and row["width"] is not None]
    if own:
        widest = max(own, key=lambda row: row["width"])
        low, high = sorted((widest["deals_at_low"], widest["deals_at_high"]))
        console.print(
            f"Measure next: {widest['rate_name'].replace('_', ' ')}; within its interval the plan asks for {low:,.0f} to {high:,.0f} deals."
        )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
