"""`alignment plan-goals`: what a target asks for, from bookings back to contacts, and the goals that would follow."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, as_of_moment, as_of_option, json_option, table
from alignment_pipeline.operations import plan_goals as operation
from alignment_pipeline.operations.plan_goals import Goals
from alignment_pipeline.operations.plan_review import Review, review_of

_MOST_PROGRAMS = 20
_HEADS = (
    "Untouched: the same of untouched accounts of the same tiers and weeks. Points more: no proof of cause, nobody chose by lot whom a "
    "program touched. Alone: accounts to touch if this program had to bring all of marketing's deals of the plan."
)


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
    asked = as_of_moment(as_of)
    yields = operation.yields_of(context.warehouse(), agreement=agreement, known=asked)
    if out is not None:
        out.write_text(operation.patch(goals), encoding="utf-8")
    content = {
        "period": goals.period,
        "lines": goals.lines,
        "sensitivities": goals.sensitivities,
        "programs": [row | {"accounts_alone": operation.accounts_alone(goals, row)} for row in yields],
        "proposals": [vars(one) for one in goals.proposals],
        "out": str(out) if out else None,
    }
    context.result(content, lambda console: _show(console, goals, yields, out))


def _show(console: Console, goals: Goals, yields: list[dict[str, Any]], out: Path | None) -> None:
    for scope in dict.fromkeys(row["scope"] for row in goals.lines):
        name = "" if scope == "all" else f", {scope}"
        shown = table(f"Plan of {goals.period}{name}", "line", "needed", "in hand", "to create", "start by", "rate", "n", "state")
        for column in shown.columns[1:-1]:
            column.no_wrap = True
        mine = [row for row in goals.lines if row["scope"] == scope]
        for row in mine:
            rate = "" if row["rate"] is None else f"{row['rate']:.3g}"
            numbers = [_number(row[name]) for name in ("needed", "in_hand", "to_create")]
            start = "" if row["start_by_on"] is None else f"{row['start_by_on']}"
            shown.add_row(row["line"].replace("_", " "), *numbers, start, rate, str(row["n"] or ""), row["state"])
        console.print(shown)
        for row in (row for row in mine if row["p10"] is not None):
            console.print(f"8 of 10 draws ask for {row['p10']:,.0f} to {row['p90']:,.0f} {row['line']}.")
    for row in (row for row in goals.lines if row["note"]):
        console.print(f"{row['scope']}, {row['line'].replace('_', ' ')}: {row['note']}")
    _bars(console, goals.sensitivities)
    _programs(console, goals, yields)
    for one in goals.proposals:
        asked = "nothing proposed" if one.proposed is None else f"proposed {one.proposed:,.0f}"
        console.print(f"{one.title}: goal {one.goal:,.0f}, {asked}: {one.reason}.")
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


def _programs(console: Console, goals: Goals, yields: list[dict[str, Any]]) -> None:
    """Programs over all periods, then what one more opportunity costs where a spend is given."""
    whole = [row for row in yields if row["period"] == operation.ALL]
    if not whole:
        return
    shown = table("Programs: accounts touched first", "program", "touched", "deal", "untouched", "points more", "alone")
    for column in shown.columns[1:]:
        column.no_wrap = True
    for row in whole[:_MOST_PROGRAMS]:
        base = "" if row["base_rate"] is None else f"{row['base_rate']:.1%}"
        alone = operation.accounts_alone(goals, row)
        shown.add_row(row["program"], f"{row['touched']:,}", row["shown"], base, _points(row), "" if alone is None else _number(alone))
    console.print(shown)
    console.print(f"Deal: an opportunity within {whole[0]['within_days']} days. {_HEADS}")
    if len(whole) > _MOST_PROGRAMS:
        console.print(f"{len(whole) - _MOST_PROGRAMS} more programs: --json shows all.")
    for row in (row for row in yields if row["spend_cents"] is not None):
        period = "" if row["period"] == operation.ALL else f" {row['period']}"
        console.print(f"{row['program']}{period}: {row['spend_cents'] / 100:,.0f} spent; {_cost(row)}")


def _points(row: dict[str, Any]) -> str:
    if row["difference"] is None:
        return "too few"
    points, lower, upper = (100 * row[name] for name in ("difference", "difference_lower", "difference_upper"))
    return f"{points:+.1f} ({lower:.1f} to {upper:.1f})"


def _cost(row: dict[str, Any]) -> str:
    if row["cost_cents"] is None:
        return f"no cost of one more opportunity: {row['note']}"
    most = "no limit" if row["cost_upper_cents"] is None else f"{row['cost_upper_cents'] / 100:,.0f}"
    return f"one more opportunity for {row['cost_cents'] / 100:,.0f} ({row['cost_lower_cents'] / 100:,.0f} to {most})"


def _bars(console: Console, rows: list[dict[str, Any]]) -> None:
    own = [row for row in rows if row["scope"] == "all" and row["variation"] == "interval"]
    if own:
        widest = max(own, key=lambda row: math.inf if row["width"] is None else row["width"])
        ends = sorted(_deals(widest[name]) for name in ("deals_at_low", "deals_at_high"))
        said = f"asks for {ends[0]:,.0f} to {ends[1]:,.0f} deals" if ends[1] < math.inf else "may not be reachable by any number of deals"
        console.print(f"Measure next: {widest['rate_name'].replace('_', ' ')}; within its interval the plan {said}.")


def _deals(value: float | None) -> float:
    """Deals needed; without end where no number of them is enough."""
    return math.inf if value is None else value


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
