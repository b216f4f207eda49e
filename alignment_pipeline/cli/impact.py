"""`alignment impact FILE`: what another agreement would change, before it takes effect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from alignment_pipeline.agreement import loader
from alignment_pipeline.cli.context import Context, json_option, table
from alignment_pipeline.installation import target_list
from alignment_pipeline.operations import impact_and_backtest

SHOWN = 20


@click.command(epilog="Example: alignment impact next_quarter.yaml")
@click.argument("agreement_file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def impact(agreement_file: Path, is_json: bool) -> None:
    """Show what would move under another agreement: MQAs, stages, tiers, and the load of each rep."""
    context = Context(is_json=is_json)
    other = loader.load(agreement_file)
    present, path = context.home.agreement, context.home.agreement_path
    found = impact_and_backtest.impact_of(
        context.warehouse(),
        present=present,
        other=other,
        present_list=target_list.target_list(present, agreement_path=path),
        other_list=target_list.target_list(other, agreement_path=agreement_file),
    )
    context.result(found, lambda console: _show(console, found))


def _show(console: Console, found: dict[str, Any]) -> None:
    console.print(f"{found['sentence']} ({found['before_version']} -> {found['after_version']})")
    for title, moves in (("Stages", found["stage_moves"]), ("Tiers", found["tier_moves"])):
        if moves:
            counted = table(f"\n{title}", "move", "count")
            for move, count in sorted(moves.items(), key=lambda item: (-item[1], item[0])):
                counted.add_row(move, str(count))
            console.print(counted)
    mqas = [row for row in found["changes"] if row["aspect"] == "mqa"]
    if mqas:
        shown = table("\nMQAs", "account", "before", "after", "why")
        for row in mqas[:SHOWN]:
            shown.add_row(row["entity_id"], row["before_value"] or "-", row["after_value"] or "-", row["after_reason"] or "")
        console.print(shown)
    if len(mqas) > SHOWN:
        console.print(f"... and {len(mqas) - SHOWN} more; --json lists {len(found['changes'])} of {found['changes_in_all']} changes")
