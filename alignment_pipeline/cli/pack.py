"""`alignment pack`: the page of the weekly meeting, kept with the rows behind every number."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.console import Console

from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.operations import pack as operation


@click.command(
    epilog="Example: alignment pack --week 2026-W47 --send. Exit codes: 0 made (and sent), 1 a channel is down or refused the digest."
)
@click.option("--week", metavar="WEEK", help="ISO week, as 2026-W47; default: the last one, from Thursday on the present one.")
@click.option("--quarter", metavar="QUARTER", help="Fiscal quarter instead, as 2026Q4.")
@click.option("--send", "is_sent", is_flag=True, help="Send the digest to ALIGNMENT_NOTIFY_URLS, or as a file into the home; once.")
@click.option("--list", "is_list", is_flag=True, help="List the packs that are kept here.")
@json_option
def pack(week: str | None, quarter: str | None, is_sent: bool, is_list: bool, is_json: bool) -> int:
    """Make the page of the weekly meeting from the last run, keep it, and print its path.

    The same tables give the same pack, which is never rewritten; new tables give a new one that names what was restated."""
    context = Context(is_json=is_json)
    if week and quarter:
        raise click.UsageError("give either --week or --quarter")
    if is_list:
        packs = [{"period": one.period, "pack": one.pack_id, "page": str(one.page)} for one in operation.kept(context.home)]
        context.result({"packs": packs}, lambda console: _list(console, packs))
        return 0
    warehouse = context.warehouse()
    period = operation.period_of(context.home, operation.decided_as_of(warehouse), week=week, quarter=quarter)
    kept_pack = operation.make(context.home, warehouse, period)
    sent = asdict(operation.send(context.home, kept_pack)) if is_sent else {}
    content = kept_pack.content()
    result = {
        "period": kept_pack.period,
        "pack": kept_pack.pack_id,
        "is_new": kept_pack.is_new,
        "page": str(kept_pack.page),
        "restates": content["restates"],
        "restated": content["sections"]["restated"]["number"],
        "agenda": content["agenda"],
        "digest": {name: len(keys) for name, keys in sent.items()},
    }
    context.result(result, lambda console: _show(console, result))
    return 1 if any(sent.get(name) for name in ("failed", "unknown", "delayed")) else 0


def _list(console: Console, packs: list[dict[str, str]]) -> None:
    for one in packs:
        console.print(f"{one['period']}  {one['pack']}  {one['page']}")
    if not packs:
        console.print("no pack has been made here yet")


def _show(console: Console, result: dict[str, object]) -> None:
    console.print(str(result["page"]))
    if not result["is_new"]:
        console.print("made before from the same tables; it stays as it is")
    agenda = result["agenda"]
    assert isinstance(agenda, list)
    for number, line in enumerate(agenda, start=1):
        console.print(f"{number}. {line['who']}: {line['what']}")
    digest = result["digest"]
    assert isinstance(digest, dict)
    for name, keys in digest.items():
        if keys:
            console.print(f"digest {name.replace('_', ' ')}")
