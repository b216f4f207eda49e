"""`alignment notify`: tells what is due, as the schedule does."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.operations import notify as operation


@click.command(
    epilog="Example: alignment notify --dry-run. Exit codes: 0 every message that is due was sent, 1 a channel is down or "
    "refused a message, or somebody must look."
)
@click.option("--dry-run", is_flag=True, help="List the messages without sending them.")
@json_option
def notify(dry_run: bool, is_json: bool) -> int:
    """Send the escalation messages that are due and have not been sent, each once.

    They go to ALIGNMENT_NOTIFY_URLS, or to files in the home."""
    context = Context(is_json=is_json)
    done = asdict(operation.notify(context.home, context.warehouse(), is_dry_run=dry_run))
    context.result(
        {name: len(keys) for name, keys in done.items()} | {"unknown_keys": done["unknown"]}, lambda console: _show(console, done)
    )
    return 1 if done["failed"] or done["unknown"] or done["delayed"] else 0


def _show(console: Console, done: dict[str, list[str]]) -> None:
    words = {
        "sent": "sent",
        "waiting": "waiting for the end of quiet hours or for the digest",
        "delayed": "delayed: their channel is down",
        "failed": "failed permanently",
        "unknown": "unknown: a process died while sending; look, and send by hand",
        "withdrawn": "withdrawn: no longer due",
        "dry_run": "would be sent",
    }
    for name, keys in done.items():
        if keys:
            console.print(f"{len(keys):,} {words[name]}")
    for key in done["unknown"]:
        console.print(f"  {key}")
    if not any(done.values()):
        console.print("nothing is due")
