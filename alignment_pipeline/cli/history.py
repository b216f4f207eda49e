"""`alignment history`: days of the past that were kept, taking more of them, and whether the raw tables still say the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, json_option, progress, table
from alignment_pipeline.cli.run import RunFailed
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import history as kept
from alignment_pipeline.warehouse.warehouse import Warehouse


def _day(ctx: click.Context, param: click.Parameter, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a day; write 2026-11-21", ctx=ctx, param=param) from error


@click.command(epilog="Example: alignment history --take --from 2026-10-01 --to 2026-10-30")
@click.option(
    "--from", "first", callback=_day, metavar="DAY", help="First day; default: the first that is stored, or yesterday with --take."
)
@click.option("--to", "last", callback=_day, metavar="DAY", help="Last day; default: yesterday.")
@click.option("--take", is_flag=True, help="Decide these days as known at their end (UTC) and store them.")
@click.option("--replay", is_flag=True, help="Decide stored days again from the raw tables and compare them row by row.")
@json_option
def history(first: date | None, last: date | None, take: bool, replay: bool, is_json: bool) -> int:
    """List the past days that are stored, store more, or check that a replay gives the same result.

    Exit code 1 when a replay differs."""
    context = Context(is_json=is_json)
    warehouse = context.warehouse()
    yesterday = context.home.clock.now().date() - timedelta(days=1)
    end = last or yesterday
    begin = first or (yesterday if take else min(kept.days(warehouse), default=end))
    if begin > end:
        raise click.UsageError(f"--from {begin} is after --to {end}")
    if take:
        _launched(context.home, "daily_snapshots", [begin + timedelta(days=number) for number in range((end - begin).days + 1)])
    days = [day for day in kept.days(warehouse) if begin <= day <= end]
    if replay:
        _launched(context.home, "daily_replays", days)
    rows = [_row(warehouse, day) for day in days]
    context.result({"days": rows}, lambda console: _show(console, rows))
    return int(replay and any(row["replay_agrees"] is False for row in rows))


def _launched(home: Home, job: str, days: list[date]) -> None:
    """Run a job of days through Dagster, so that its runs are seen in the web UI too; the first failure ends it."""
    # Dagster takes a second to import: only who runs something waits for it
    from alignment_pipeline.defs.launch import launch

    for day in days:
        with progress(f"{job} {day}") as report:
            outcome = launch(job, home=home, partition=day.isoformat(), report=report)
        if not outcome.is_success and outcome.failures:
            raise RunFailed(outcome.failures, outcome.run_id, outcome.exit_code)


def _row(warehouse: Warehouse, day: date) -> dict[str, Any]:
    noted = kept.taken(warehouse, day)
    replays = kept.comparisons(warehouse, day)
    return {
        "day": day,
        "agreement_version": noted.agreement_version if noted else None,
        "rows": noted.rows if noted else {},
        "sorted_row_hashes": noted.hashes if noted else {},
        "erased_people": noted.erased_people if noted else 0,
        "replayed_at": max((one["replayed_at"] for one in replays), default=None),
        "replay_agrees": all(one["is_equal"] for one in replays) if replays else None,
        "differing": sum(one["differing"] for one in replays),
        "left_out": sum(one["left_out"] for one in replays),
    }


def _show(console: Console, rows: list[dict[str, Any]]) -> None:
    if not rows:
        console.print("No day was kept yet. Take some: alignment history --take --from 2026-10-01")
        return
    shown = table("Days as known at their end", "day", "people", "accounts", "agreement", "hash of the people's rows", "replay")
    names: dict[bool | None, Callable[[dict[str, Any]], str]] = {
        None: lambda _: "-",
        True: lambda row: "agrees" + (f", {row['left_out']} rows left out (erased people)" if row["left_out"] else ""),
        False: lambda row: f"{row['differing']} rows differ",
    }
    for row in rows:
        counts = [str(row["rows"].get(name, "-")) for name in kept.KEYS]
        digest = row["sorted_row_hashes"].get("person_snapshots", "-")[:12]
        shown.add_row(f"{row['day']}", *counts, row["agreement_version"] or "-", digest, names[row["replay_agrees"]](row))
    console.print(shown)
