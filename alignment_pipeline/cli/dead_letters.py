"""`alignment dead-letters`: what the CRM refused for good and what never reached it; letting refusals be planned again.

Belongs here: the command. Replaying plans again from a fresh reading, never a stored payload: `write_back/records/dead_letters.py`.
"""

from __future__ import annotations

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, json_option, table
from alignment_pipeline.write_back.fields import quarantine
from alignment_pipeline.write_back.records import dead_letters as letters


@click.command("dead-letters", epilog="Example: alignment dead-letters --replay --code STRING_TOO_LONG")
@click.option("--code", default=None, help="Only refusals with this code of the CRM.")
@click.option("--ids", default=None, metavar="NUMBERS", help="With --replay: these operations, as 4,5.")
@click.option("--replay", is_flag=True, help="Let the next plan try them again.")
@json_option
def dead_letters(code: str | None, ids: str | None, replay: bool, is_json: bool) -> None:
    """List writes that the CRM rejected and rows in quarantine, or plan some again with --replay."""
    context = Context(is_json=is_json)
    journal = context.journal()
    if replay:
        try:
            numbers = [int(part) for part in ids.split(",")] if ids else None
        except ValueError as error:
            raise click.UsageError(f"--ids takes numbers, as 4,5; not {ids!r}") from error
        done = letters.replay(journal, code=code, ids=numbers)
        context.result({"replayed": done}, lambda console: console.print(f"{done} operations will be planned again by the next run"))
        return
    listed, kept = letters.listing(journal, code=code), quarantine.listing(journal)

    def human(console: Console) -> None:
        lines = table(f"{len(listed)} dead letters", "no.", "record", "reason", "attempts", "first seen")
        for one in listed:
            lines.add_row(
                str(one.op_id), f"{one.object} {one.record_id or one.external_key}", one.reason, str(one.attempts), one.first_seen[:16]
            )
        console.print(lines)
        rows = table(f"{len(kept)} quarantined rows", "source", "record", "reason", "times", "last seen")
        for row in kept:
            rows.add_row(row.source, row.record_id or "", row.reason, str(row.n), row.last[:16])
        console.print(rows)

    context.result({"dead_letters": [one.to_json() for one in listed], "quarantined": [row.to_json() for row in kept]}, human)
