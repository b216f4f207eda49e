"""`alignment init`: an agreement and field map from what the CRM says of itself, ready to edit."""

from __future__ import annotations

from pathlib import Path

import click

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import init as operation


@click.command(epilog="Example: alignment init --out agreement.yaml")
@click.option("--out", type=click.Path(path_type=Path), default=Path("agreement.yaml"), show_default=True, help="Where the agreement goes.")
@click.option("--offline", is_flag=True, help="Do not ask the CRM: write the default agreement as it is.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--prepare", is_flag=True, help="HubSpot: show the properties that the agreement names and the portal has not.")
@click.option("--yes", is_flag=True, help="With --prepare: make them.")
@json_option
def init(out: Path, offline: bool, force: bool, prepare: bool, yes: bool, is_json: bool) -> None:
    """Draft an agreement from your CRM's metadata: the default one, with your fields, record types and users.

    Beside it is its JSON schema, for editors that complete and check as you type. No system is changed but by --prepare --yes.
    """
    context = Context(is_json=is_json)
    if prepare:
        missing = operation.prepare(context.home, may_make=yes)
        said = "made" if yes else "would be made; --yes makes them"
        listed = "".join(f"\n  - {one}" for one in missing)
        context.result({"missing": missing, "made": yes}, lambda console: console.print(f"{len(missing)} {said}{listed}"))
        return
    if out.exists() and not force:
        raise ConfigurationError(f"{out} exists already; name another with --out, or replace it with --force")
    draft = operation.draft(context.home, is_offline=offline)
    schema = operation.write(draft, out)
    content = {"agreement": str(out), "schema": str(schema), "remarks": draft.remarks}
    remarks = "".join(f"\n  - {remark}" for remark in draft.remarks)
    context.result(
        content,
        lambda console: console.print(f"wrote {out} and {schema}{remarks}\nnext: edit it, set ALIGNMENT_AGREEMENT={out}, alignment doctor"),
    )
