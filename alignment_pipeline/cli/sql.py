"""`alignment sql "select ..."`: a question to the published tables.

Belongs here: the command and how rows are printed. Who may read what: `operations/sql.py`.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
from rich.console import Console

from alignment_pipeline.cli.context import Context, json_option, plain, table
from alignment_pipeline.contracts import spreadsheets
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import sql as operation

SHOWN = 100
FORMATS = ("table", "csv", "json", "parquet")


@click.command(
    epilog='Example: alignment sql "select stage, count(*) from person_stages group by all". Example: alignment sql "show tables"'
)
@click.argument("question")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="How the rows are written.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the rows to this file instead of stdout.")
@json_option
def sql(question: str, form: str, out: Path | None, is_json: bool) -> None:
    """Ask the published tables a question in DuckDB's SQL. Nothing can be written, and no run is blocked.

    Every table is a view; `alignment sql "describe people"` lists a table's columns. A table of more than 100 rows is cut on a terminal.
    """
    form = "json" if is_json else form
    if form == "parquet" and out is None:
        raise ConfigurationError("--format parquet needs --out FILE")
    with operation.connect(Context().home) as connection:
        rows = operation.ask(connection, question)
    if form == "parquet":
        assert out is not None
        operation.write(rows, out)
        click.echo(f"{rows.num_rows:,} rows in {out}", err=True)
        return
    if out is None:
        _print(rows, form, sys.stdout)
        return
    with out.open("w", encoding="utf-8-sig" if form == "csv" else "utf-8", newline="") as handle:
        _print(rows, form, handle)
    out.chmod(0o600)
    click.echo(f"{rows.num_rows:,} rows in {out}", err=True)


def _print(rows: pa.Table, form: str, handle: Any) -> None:
    if form == "json":
        json.dump(rows.to_pylist(), handle, default=plain, ensure_ascii=False, indent=2)
        handle.write("\n")
    elif form == "csv":
        writer = csv.writer(handle)
        writer.writerow(rows.column_names)
        for row in rows.to_pylist():
            writer.writerow([spreadsheets.harmless(value) if isinstance(value, str) else _text(value) for value in row.values()])
    else:
        _table(rows, Console(file=handle, highlight=False, markup=False, soft_wrap=True))


def _table(rows: pa.Table, console: Console) -> None:
    shown = table("", *rows.column_names)
    for row in rows.slice(0, SHOWN).to_pylist():
        shown.add_row(*(_text(value) for value in row.values()))
    console.print(shown)
    if rows.num_rows > SHOWN:
        click.echo(f"{rows.num_rows - SHOWN:,} more rows; --format csv, json or parquet gives all", err=True)


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else str(plain(value))
