"""`alignment export --to DIR`: every table as files for analysts.

Belongs here: the command and what it prints. What is written: `operations/export.py`.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from alignment_pipeline.cli.context import Context, json_option, progress
from alignment_pipeline.errors import AlignmentError, ConfigurationError
from alignment_pipeline.operations import export as operation
from alignment_pipeline.operations.exporting.personal import Personal
from alignment_pipeline.operations.exporting.writing import FORMATS


@click.command(epilog="Example: alignment export --to exports/today. Example: alignment export --to exports/today --check")
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path), help="Folder of the export; it replaces the last one there."
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="parquet", show_default=True, help="How the tables are written.")
@click.option("--as-of", "day", metavar="DAY", help="Decide as known at the end of this day (UTC) instead of the tables of the last run.")
@click.option(
    "--personal",
    type=click.Choice([one.value for one in Personal]),
    default=Personal.HASHED.value,
    show_default=True,
    help="Columns about a person: empty, keyed hashes that are equal in all tables, or as they are.",
)
@click.option("--check", "is_check", is_flag=True, help="Write nothing; say what would change for readers of the last export there.")
@json_option
def export(folder: Path, form: str, day: str | None, personal: str, is_check: bool, is_json: bool) -> None:
    """Write every table with a manifest, a dictionary, views for DuckDB, sources for dbt and a data contract.

    With --check, the exit code is 1 when a query written for the last export could fail or mean something else.
    """
    context = Context(is_json=is_json)
    wish = operation.Wish(folder, form, _day(day), Personal(personal))
    if is_check:
        done = operation.check(context.home, wish)
    else:
        with progress("writing") as tell:
            done = operation.export(context.home, wish, done=tell)
    lines = [f"{one.table}: {one.text}{' (breaking)' if one.is_breaking else ''}" for one in done.differences]
    if not is_check:
        lines.append(f"{len(done.tables)} tables, {sum(one.rows for one in done.tables.values()):,} rows in {done.folder}")
    elif not lines:
        lines.append("nothing changed")
    for name, why in done.left_out.items():
        context.say(f"note: {name} is left out: {why}")
    content = {
        "folder": str(done.folder),
        "tables": {name: one.rows for name, one in done.tables.items()},
        "differences": [asdict(one) for one in done.differences],
        "left_out": dict(done.left_out),
    }
    context.result(content, lambda console: console.print("\n".join(lines)))
    if is_check and any(one.is_breaking for one in done.differences):
        raise AlignmentError("readers of the last export would break; see the lines marked (breaking)")


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ConfigurationError(f"--as-of {text!r} is not a day; write it as 2026-11-21") from error
