"""`alignment review`: the match review queue as a file, and the reviewed file back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.files import lists
from alignment_pipeline.operations import review as reviewing


@click.command(
    epilog="Example: alignment review --out queue.csv, fill in the column verdict (right or wrong), alignment review --learn queue.csv"
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the queue here, the most certain first.")
@click.option("--learn", type=click.Path(path_type=Path), help="Store the verdicts of this reviewed file; the next run follows them.")
@click.option(
    "--audit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Write about N decisions of all kinds, drawn by chance and without confidence: the verdicts on them measure the rules.",
)
@json_option
def review(out: Path | None, learn: Path | None, audit: int | None, is_json: bool) -> None:
    """Write the leads whose account a person must decide to a file, or read the verdicts back."""
    context = Context(is_json=is_json)
    if (out is None) == (learn is None):
        raise ConfigurationError("give either --out FILE or --learn FILE")
    if audit is not None and out is None:
        raise ConfigurationError("--audit N needs --out FILE")
    if out is not None and audit is not None:
        drawn = reviewing.write_audit(context.home, context.warehouse(), out, audit)
        context.result({"audit_file": str(out), "rows": drawn}, lambda console: console.print(f"{drawn:,} decisions to judge in {out}"))
        return
    if out is not None:
        rows = reviewing.write_queue(context.warehouse(), out)
        context.result({"review_file": str(out), "rows": rows}, lambda console: console.print(f"{rows:,} leads to review in {out}"))
        return
    assert learn is not None
    learned = reviewing.learn(context.home, context.warehouse(), learn)
    for note in lists.said(learned.unknown):
        click.echo(f"note: {note}", err=True)
    text = f"{learned.labels:,} verdicts kept: {learned.right:,} right, {learned.wrong:,} wrong"
    context.result(asdict(learned), lambda console: console.print(text))
