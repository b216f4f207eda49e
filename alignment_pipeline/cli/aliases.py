"""`alignment aliases`: other names of one's accounts, from open data."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.files import alias_dumps


@click.group(epilog="Example: alignment aliases import ror v1.60-ror-data.json --out aliases.yaml")
def aliases() -> None:
    """Other names of your accounts, from ROR, GLEIF or Wikidata."""


@aliases.command(
    "import", short_help="Choose the names that concern your accounts", epilog="Example: alignment aliases import gleif golden-copy.csv"
)
@click.argument("kind", type=click.Choice(sorted(alias_dumps.READERS)))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path), default=Path("aliases.yaml"), show_default=True, help="The file to write.")
@click.option("--extends", default="default", show_default=True, help="The agreement that the written file extends.")
@json_option
def import_(kind: str, file: Path, out: Path, extends: str, is_json: bool) -> None:
    """Read a dump and write the names that concern your accounts as an agreement that extends yours.

    Let your agreement extend the written file (`extends: aliases.yaml`), and look at what moves with `alignment impact` first.

    Download the dumps yourself: ROR's JSON, GLEIF's golden copy of level 1 in CSV, or a CSV of the Wikidata Query Service with item,
    itemLabel, itemAltLabel and website."""
    context = Context(is_json=is_json)
    if not file.is_file():
        raise ConfigurationError(f"{file}: there is no such file; download and unzip the dump first")
    accounts = context.warehouse().read("accounts").select("name", "website").to_pyarrow()
    owned, sites = ([text for text in accounts[name].to_pylist() if text] for name in ("name", "website"))
    if not owned:
        raise ConfigurationError("this home has no accounts yet; run `alignment run` first, so that their names are known")
    groups = alias_dumps.of_accounts(alias_dumps.READERS[kind](file), owned, sites)
    lines = [f"    - {json.dumps(list(group), ensure_ascii=False)}" for group in groups]
    head = [f"# other names of {len(groups):,} accounts, from {file.name} ({kind})", f"extends: {json.dumps(extends)}"]
    body = ["matching:", "  alias_groups:", *lines] if lines else []
    out.write_text("\n".join([*head, *body]) + "\n", encoding="utf-8")
    counts = {"accounts": len(owned), "groups": len(groups), "file": str(out)}
    context.result(counts, lambda console: console.print(f"{len(groups):,} of {len(owned):,} accounts have other names: {out}"))
