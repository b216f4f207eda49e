"""`alignment tidy`: deletes what is older than the agreement keeps.

Belongs here: the command. What is deleted: `operations/tidy.py`.
"""

from __future__ import annotations

import click

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.operations import tidy as operation


@click.command(epilog="Example: alignment tidy")
@json_option
def tidy(is_json: bool) -> None:
    """Delete old previews, reports, notifications and damaged tables, and summarise old operations and readings.

    `retention:` in the agreement says how long each is kept. A schedule does the same every night.
    """
    context = Context(is_json=is_json)
    with context.journal() as journal:
        done = operation.tidy(context.home, journal)
    lines = [f"{done.operations:,} operations summarised, {done.plans:,} plans and {done.messages:,} messages deleted"]
    lines += [f"{name}: {number:,} deleted" for name, number in done.files.items() if number]
    lines += [f"{name}: {number:,} rows of past days deleted" for name, number in done.rows.items() if number]
    lines += [f"{name}: {size / 1e6:,.1f} MB" for name, size in done.sizes.items()]
    context.result(done.to_json(), lambda console: console.print("\n".join(lines)))
