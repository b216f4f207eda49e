"""`alignment report`: renders the report of the published tables and prints its path."""

from __future__ import annotations

import click

from alignment_pipeline.cli.context import Context, as_of_moment, as_of_option, json_option
from alignment_pipeline.operations import report as operation


@click.command(epilog="Example: alignment report")
@as_of_option
@json_option
def report(as_of: str | None, is_json: bool) -> None:
    """Write the report as one HTML file without scripts, ready to print, and print its path."""
    context = Context(is_json=is_json)
    path = operation.write_report(context.home, as_of=as_of_moment(as_of))
    context.result({"report": str(path)}, lambda console: console.print(str(path)))
