"""`alignment erase WHO`: removes a person everywhere, for good, and keeps them out."""

from __future__ import annotations

import getpass

import click

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import erase as operation
from alignment_pipeline.operations import erase_elsewhere as elsewhere


@click.command(epilog="Example: alignment erase jane.doe@example.com --yes")
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--also-in", "system", type=click.Choice(elsewhere.systems()), help="Delete their records there first, for good.")
@click.option("--allow-again", is_flag=True, help="Instead: let later extractions store WHO again (it was mistyped, or came back).")
@json_option
def erase(who: str, yes: bool, system: str | None, allow_again: bool, is_json: bool) -> None:
    """Erase a person (lead, contact or Marketo id, or e-mail) from warehouse, journal, plans, reports and notifications.

    Only a keyed hash stays, so that a late page or a new extraction cannot bring them back. The CRM itself is not touched, unless
    --also-in names it: then their records there are shown and, if you agree, deleted for good before they are erased here.
    """
    context = Context(is_json=is_json)
    if allow_again and system:
        raise ConfigurationError("--allow-again stores somebody again and --also-in deletes them: give one of the two")
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
    looked_up = elsewhere.look_up(context.home, context.warehouse(), who.strip(), system) if system else None
    if looked_up is not None and not is_json:
        records = looked_up[1]
        click.echo("\n".join([f"{records.title} has of {who}:", *(records.lines() or ["  nothing"])]), err=True)
    where = f"here and in {looked_up[1].title}" if looked_up is not None else "here"
    if not yes and (is_json or not click.confirm(f"Erase {who} {where} for good? This cannot be undone.", err=True)):
        raise ConfigurationError("nothing was erased; give --yes to go on without asking")
    with context.journal() as journal:
        deleted = elsewhere.delete(context.home, journal, *looked_up, by=getpass.getuser()) if looked_up is not None else 0
        done = operation.erase_person(context.home, context.warehouse(), journal, who)
    erased = operation.to_json(done) | ({f"deleted_in_{system}": deleted} if system else {})
    context.result(
        erased, lambda console: console.print("\n".join(f"{name.replace('_', ' ')}: {number:,}" for name, number in erased.items()))
    )
