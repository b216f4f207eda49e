"""`alignment holds`: values that are not written, and releasing them.

Belongs here: the command. Why holds arise: `write_back/fields/holds.py`.
"""

from __future__ import annotations

import getpass

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, json_option, table
from alignment_pipeline.write_back.fields import holds as held


@click.command(epilog="Example: alignment holds --reason HUMAN_EDIT; alignment holds --release 12,13")
@click.option("--object", "object_", default=None, help="Show only this object (Lead, Contact, Account).")
@click.option("--record", default=None, help="Only this record.")
@click.option("--reason", default=None, type=click.Choice([one.value for one in held.HoldReason]), help="Only this reason.")
@click.option("--release", default=None, metavar="NUMBERS", help="Allow the next plan to write over the values seen by these holds.")
@click.option("--by", default=None, help="Who releases; default: the user's name.")
@json_option
def holds(object_: str | None, record: str | None, reason: str | None, release: str | None, by: str | None, is_json: bool) -> None:
    """List the values that are held and therefore not written, or release some with --release."""
    context = Context(is_json=is_json)
    journal = context.journal()
    if release:
        try:
            numbers = [int(part) for part in release.split(",")]
        except ValueError as error:
            raise click.UsageError(f"--release takes numbers, as 12,13; not {release!r}") from error
        done = held.release(journal, numbers, by=by or getpass.getuser())
        context.result({"released": done}, lambda console: console.print(f"{done} holds released; the next plan may write these values"))
        return
    listed = held.listing(journal, object_=object_, record_id=record, reason=reason)

    def human(console: Console) -> None:
        lines = table(f"{len(listed)} holds", "no.", "record", "field", "reason", "value seen", "since")
        for one in listed:
            seen = "" if one.value_seen is None else str(one.value_seen)
            lines.add_row(str(one.hold_id), f"{one.object} {one.record_id}", one.field, one.reason.value, seen, one.since[:16])
        console.print(lines)

    context.result({"holds": [one.to_json() for one in listed]}, human)
