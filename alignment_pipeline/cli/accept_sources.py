"""`alignment accept-sources`: a source that shrank or grew old is normal from now on.

Belongs here: the command. What a run is compared with: `operations/source_health.py`.
"""

from __future__ import annotations

import getpass

import click

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import source_health


@click.command("accept-sources", epilog="Example: alignment accept-sources --yes")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--by", default=None, help="Who accepts; default: the user's name.")
@json_option
def accept_sources(yes: bool, by: str | None, is_json: bool) -> None:
    """Take the latest run's row counts and match rate as normal: later runs are compared with them.

    Use it when the guard blocks a plan because a source has fewer rows and you know why. The next run plans again.
    """
    context = Context(is_json=is_json)
    measures = context.warehouse().read("run_measures")
    if not yes and (is_json or not click.confirm("Are the latest run's sources complete?", err=True)):
        raise ConfigurationError("nothing was accepted; give --yes to go on without asking")
    with context.journal() as journal:
        accepted = source_health.accept(journal, measures, by=by or getpass.getuser())
    lines = [f"{name}: {value:g}" for name, value in sorted(accepted.measures.items())]
    context.result(
        {"accepted": dict(accepted.measures), "by": accepted.by}, lambda console: console.print("\n".join(["accepted:", *lines]))
    )
