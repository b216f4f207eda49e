"""`alignment erase WHO`: removes a person everywhere, for good, and keeps them out."""

from __future__ import annotations

import click

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import erase as operation


@click.command(epilog="Example: alignment erase jane.doe@example.com --yes")
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--allow-again", is_flag=True, help="Instead: let later extractions store WHO again (it was mistyped, or came back).")
@json_option
def erase(who: str, yes: bool, allow_again: bool, is_json: bool) -> None:
    """Erase a person (lead, contact or Marketo id, or e-mail) from warehouse, journal, plans, reports and notifications.

    Only a keyed hash stays, so that a late page or a new extraction cannot bring them back. The CRM itself is not touched.
    """
    context = Context(is_json=is_json)
    if allow_again:
        with context.journal() as journal:
            was_erased = operation.allow_again(context.home, journal, who)
        said = (
            "is allowed again, with all that was erased with it; the next run reads every system from its beginning"
            if was_erased
            else "was not erased here"
        )
        context.result({"was_erased": was_erased}, lambda console: console.print(f"{who} {said}"))
        return
    if not yes and (is_json or not click.confirm(f"Erase {who} here for good? This cannot be undone.", err=True)):
        raise ConfigurationError("nothing was erased; give --yes to go on without asking")
    with context.journal() as journal:
        done = operation.erase_person(context.home, context.warehouse(), journal, who)
    erased = operation.to_json(done)
    context.result(
        erased, lambda console: console.print("\n".join(f"{name.replace('_', ' ')}: {number:,}" for name, number in erased.items()))
    )
