"""`alignment impact FILE`: what another agreement would change, before it takes effect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from alignment_pipeline.agreement import loader
from alignment_pipeline.cli.context import Context, json_option, table
from alignment_pipeline.installation import target_list
from alignment_pipeline.operations import impact_and_backtest, previews

SHOWN = 20
_LISTED = ("mqa", "lead_match", "sla", "task")


@click.command(epilog="Example: alignment impact next_quarter.yaml")
@click.argument("agreement_file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def impact(agreement_file: Path, is_json: bool) -> None:
    """Show what would move under another agreement: matches, scores, tiers, MQAs, stages, SLAs, tasks and CRM fields."""
    context = Context(is_json=is_json)
    other = loader.load(agreement_file)
    present, path = context.home.agreement, context.home.agreement_path
    impacts = impact_and_backtest.impact_of(
        context.warehouse(),
        present=present,
        other=other,
        present_list=target_list.target_list(present, agreement_path=path),
        other_list=target_list.target_list(other, agreement_path=agreement_file),
        keep=lambda preview: previews.keep(context.home, preview),
    )
    context.result(impacts, lambda console: _show(console, impacts))


def _show(console: Console, impacts: dict[str, Any]) -> None:
    console.print(f"{impacts['sentence']} ({impacts['before_version']} -> {impacts['after_version']})")
    console.print(f"changed: {', '.join(impacts['changed_keys']) or 'nothing'}")
    titles = (
        ("Stages", "stage_moves"),
        ("Tiers", "tier_moves"),
        ("Matches", "match_moves"),
        ("CRM fields, records that change", "crm_fields"),
    )
    for title, name in titles:
        if impacts[name]:
            counted = table(f"\n{title}", "what", "count")
            for move, count in sorted(impacts[name].items(), key=lambda item: (-item[1], item[0])):
                counted.add_row(move, str(count))
            console.print(counted)
    listed = [row for row in impacts["changes"] if row["aspect"] in _LISTED]
    if listed:
        shown = table("\nFor example", "what", "who", "before", "after", "why")
        for row in listed[:SHOWN]:
            who = impacts["names"].get(row["entity_id"], row["entity_id"])
            before, after = (impacts["names"].get(row[part], row[part]) or "-" for part in ("before_value", "after_value"))
            shown.add_row(row["aspect"].replace("_", " "), who, before, after, row["after_reason"] or "")
        console.print(shown)
    if impacts["changes_in_all"] > min(SHOWN, len(listed)):
        console.print(f"--json lists {len(impacts['changes'])} of {impacts['changes_in_all']} changes")
    words = [aspect.replace("_", " ") for aspect in impacts["evaluated"]]
    console.print(f"Evaluated: {', '.join(words) or 'nothing, since no changed key decides anything'}.")
    for sentence in impacts["not_evaluated"]:
        console.print(f"Not evaluated: {sentence}.")
