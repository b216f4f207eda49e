"""`alignment number NAME`: where a number comes from.

Belongs here: the command and its layout. What is put together: `operations/number.py`.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console

from alignment_pipeline.cli.context import Context, json_option, plain, table
from alignment_pipeline.operations import number as operation
from alignment_pipeline.operations import numbers

SHOWN, GAP, WIDEST = 15, 2, 40


@click.command(epilog="Example: alignment number coverage. Example: alignment number Account.Alignment_Tier__c --of 001000000000001AAA")
@click.argument("name", required=False)
@click.option(
    "--scope",
    default=operation.WHOLE,
    show_default=True,
    help="Part: all, team:West, tier:1 of the pipeline; week=2026-W47,owner=NAME of the page.",
)
@click.option("--of", "record", metavar="RECORD", help="Record id, for a field of the CRM.")
@click.option(
    "--rows", "out", type=click.Path(path_type=Path, dir_okay=False), help="Write all rows behind the number to this Parquet file."
)
@json_option
def number(name: str | None, scope: str, record: str | None, out: Path | None, is_json: bool) -> None:
    """What a number means, what it is, and the rows behind it.

    NAME is a metric (coverage), a number of the weekly page (kept_in_time) or a field of the CRM (Account.Alignment_Tier__c). Without
    NAME, all are listed."""
    context = Context(is_json=is_json)
    if name is None:
        listed = numbers.catalogue(context.home.agreement)
        context.result({"numbers": [asdict(one) for one in listed]}, lambda console: _list(console, listed))
        return
    answer = operation.number(context.home, context.warehouse(), name, scope=scope, record=record)
    if out is not None:
        pq.write_table(answer.rows, out)
        out.chmod(0o600)
    rows = answer.rows.to_pylist()
    content = {"definition": asdict(answer.definition), "values": answer.values, "about_rows": answer.about_rows, "rows": rows}
    context.result(content, lambda console: _show(console, answer))


def _list(console: Console, listed: list[numbers.Definition]) -> None:
    lines = table("", "number", "what it means")
    for one in listed:
        lines.add_row(one.name, one.definition)
    console.print(lines)


def _show(console: Console, answer: operation.Number) -> None:
    one = answer.definition
    console.print(one.name)
    for label, text in (
        ("means", one.definition),
        ("table", one.table),
        ("filter", one.filter),
        ("formula", one.formula),
        ("one", one.grain),
    ):
        console.print(f"  {label:8} {text}")
    row = answer.values[0]
    shown = {key: row[key] for key in ("scope", "record_id", "records", "shown", "reason", "basis") if row.get(key) is not None}
    if "shown" not in shown and answer.values[0].get("value") is not None:
        shown["value"] = answer.values[0]["value"]
    console.print("  value    " + ", ".join(f"{key} {plain_text(value)}" for key, value in shown.items()))
    if len(answer.values) > 1:
        console.print(f"           {len(answer.values) - 1} other scopes: " + ", ".join(str(row["scope"]) for row in answer.values[1:]))
    columns = fitting(answer.rows, console.width)
    lines = table(f"{answer.rows.num_rows:,} rows: {answer.about_rows}", *columns)
    for cells in zip(*(columns.values()), strict=True):
        lines.add_row(*cells)
    console.print(lines)
    if answer.rows.num_rows > SHOWN:
        console.print(f"{answer.rows.num_rows - SHOWN:,} more with --rows FILE or --json")


def fitting(rows: pa.Table, width: int) -> dict[str, list[str]]:
    """The first rows' cells by column: columns in which the rows differ, as many as stand side by side; --rows and --json give all."""
    stamps = ("as_of", "agreement_version", "known_at", "evidence")
    columns: dict[str, list[str]] = {}
    taken = 0
    for name in rows.column_names:
        if name in stamps or (rows.num_rows > 1 and pc.count_distinct(rows[name]).as_py() < 2):
            continue
        cells = ["" if value is None else plain_text(value) for value in rows[name].slice(0, SHOWN).to_pylist()]
        taken += GAP + min(WIDEST, max(map(len, [name, *cells])))
        if columns and taken > width:
            break
        columns[name] = cells
    return columns


def plain_text(value: object) -> str:
    """A value on the terminal."""
    return f"{value:,.6g}" if isinstance(value, float) else str(value) if isinstance(value, str | int) else str(plain(value))
