"""`alignment backup`: copies the journal, as the schedule does."""

from __future__ import annotations

import click

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.journal import backup as copying


@click.command(epilog="Example: ALIGNMENT_BACKUP_FOLDER=/mnt/other-disk alignment backup")
@json_option
def backup(is_json: bool) -> None:
    """Copy the journal, which cannot be rebuilt from the sources, and check the copy.

    14 copies are kept, for at most 30 days."""
    context = Context(is_json=is_json)
    folder = copying.folder_of(context.home.path, context.home.environ)
    with context.journal() as journal:
        path = copying.back_up(journal, folder)
    size = path.stat().st_size
    context.result({"backup": str(path), "bytes": size}, lambda console: console.print(f"{path} ({size:,} bytes)"))
