"""How to open an export: DuckDB views over its files, and the list of published numbers.

Belongs here: `open.sql`, `alignment.duckdb`, `metrics.yaml`. The tables' meaning: `dictionary.py`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
from ruamel.yaml import YAML

from alignment_pipeline.contracts import Contract
from alignment_pipeline.operations.numbers import Definition
from alignment_pipeline.warehouse import views

DATABASE = "alignment.duckdb"


def sql(contracts: Sequence[Contract], form: str) -> str:
    """Views over the files beside it: `cd` into the export, then `duckdb -init open.sql`."""
    lines = ["-- In this folder: duckdb -init open.sql", *_statements(contracts, form, "tables")]
    return "".join(f"{line};\n" if number else f"{line}\n" for number, line in enumerate(lines))


def database(path: Path, contracts: Sequence[Contract], form: str, tables: Path) -> None:
    """The same views in a DuckDB file, with absolute paths, so that a BI tool can open it from any folder."""
    with duckdb.connect(str(path)) as connection:
        for statement in _statements(contracts, form, str(tables)):
            connection.execute(statement)


def _statements(contracts: Sequence[Contract], form: str, folder: str) -> Iterator[str]:
    for contract in contracts:
        path = f"{folder}/{contract.name}.{form}"
        if form == "parquet":
            yield from views.statements(contract, f"read_parquet([{views.text(path)}])")
        else:
            types = ", ".join(f"{views.text(one.name)}: {views.text(views.TYPES[one.type])}" for one in contract.columns)
            yield from views.statements(contract, f"read_csv({views.text(path)}, header = true, columns = {{{types}}})")


def metrics(definitions: Sequence[Definition]) -> str:
    """`metrics.yaml`: name, definition, table, filter, formula, grain and dimensions of each published number."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.width = 4096
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    handle = io.StringIO()
    writer.dump(
        {
            "metrics": [
                {
                    "name": one.name,
                    "definition": one.definition,
                    "unit": one.unit,
                    "table": one.table,
                    "filter": one.filter,
                    "formula": one.formula,
                    "grain": one.grain,
                    "dimensions": list(one.dimensions),
                }
                | ({"rows": one.rows} if one.rows else {})
                | ({"crm_field": one.crm_field} if one.crm_field else {})
                for one in definitions
            ]
        },
        handle,
    )
    return handle.getvalue()
