"""What the tables of an export mean, in the forms that people and tools read.

Belongs here: texts made from the contracts: the dictionary, dbt's sources, the Open Data Contract Standard. The export's own record of
what it wrote: `manifest.py`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML

from alignment_pipeline.contracts import Contract, spreadsheets
from alignment_pipeline.warehouse import views

#: Version of the Open Data Contract Standard that `datacontract.odcs.yaml` follows.
ODCS = "v3.1.0"
_LOGICAL = {
    "string": "string",
    "json": "string",
    "int64": "integer",
    "float64": "number",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "date": "date",
}
DBT_SOURCE = "alignment"
#: Name of the weekly page among dbt's exposures.
PAGE = "weekly_page"
COLUMNS = ("table", "column", "type", "key", "nullable", "personal", "description")


def markdown(contracts: Sequence[Contract], rows: Mapping[str, int]) -> str:
    """Every table with its grain, key and columns, for people."""
    lines = ["# Dictionary", "", "Types: timestamps are UTC; `json` is text that holds a JSON value. P: personal data.", ""]
    for contract in contracts:
        lines += [f"## {contract.name}", "", contract.description, ""]
        lines += [f"Version {contract.version}, owner {contract.owner}, {rows[contract.name]:,} rows. Key: {', '.join(contract.key)}.", ""]
        lines += ["| column | type | | description |", "|---|---|---|---|"]
        lines += [f"| {one.name} | {one.type} | {'P' if one.personal else ''} | {_cell(one.description)} |" for one in contract.columns]
        lines.append("")
    return "\n".join(lines)


def spreadsheet(contracts: Sequence[Contract]) -> str:
    """The same as CSV, one line per column."""
    handle = io.StringIO()
    writer = csv.writer(handle, lineterminator="\n")
    writer.writerow(COLUMNS)
    for contract in contracts:
        for one in contract.columns:
            values = (contract.name, one.name, one.type, one.name in contract.key, one.nullable, one.personal, one.description)
            writer.writerow([spreadsheets.harmless(value) if isinstance(value, str) else str(value).lower() for value in values])
    return handle.getvalue()


def dbt_sources(contracts: Sequence[Contract], form: str) -> str:
    """dbt's `sources.yml` over the files, for the dbt-duckdb adapter: `external_location` is relative to the export's folder."""
    location = f"{{{{ var('alignment_export', '.') }}}}/tables/{{name}}.{form}"
    return _yaml(
        {
            "version": 2,
            "sources": [
                {
                    "name": DBT_SOURCE,
                    "description": "Tables of alignment_pipeline. Set the variable alignment_export to the folder of the export.",
                    "meta": {"external_location": location},
                    "tables": [
                        {
                            "name": contract.name,
                            "description": contract.description,
                            "meta": {"owner": contract.owner, "contract_version": contract.version},
                            "columns": [_dbt_column(contract, one.name) for one in contract.columns],
                        }
                        for contract in contracts
                    ],
                }
            ],
        }
    )


def _dbt_column(contract: Contract, name: str) -> dict[str, Any]:
    column = next(one for one in contract.columns if one.name == name)
    entry: dict[str, Any] = {"name": name, "description": column.description, "data_type": views.TYPES[column.type].lower()}
    if not column.nullable and not column.personal:
        entry["data_tests"] = ["not_null"]
    if contract.key == (name,):
        entry["data_tests"] = [*entry.get("data_tests", []), "unique"]
    return entry


def dbt_exposures(readers: Mapping[str, tuple[str, Iterable[str]]], contracts: Sequence[Contract]) -> str:
    """dbt's `exposures.yml`: who reads which tables. `readers` is name -> (what it is, its tables); tables left out are not named."""
    exported = {contract.name for contract in contracts}
    return _yaml(
        {
            "version": 2,
            "exposures": [
                {
                    "name": name,
                    "type": "dashboard" if name == PAGE else "application",
                    "maturity": "high",
                    "description": text,
                    "owner": {"name": "revenue-operations"},
                    "depends_on": [f"source('{DBT_SOURCE}', '{table}')" for table in sorted(set(tables) & exported)],
                }
                for name, (text, tables) in readers.items()
            ],
        }
    )


def data_contract(contracts: Sequence[Contract], form: str, *, version: str) -> str:
    """The same as one data contract of the Open Data Contract Standard (bitol.io)."""
    return _yaml(
        {
            "apiVersion": ODCS,
            "kind": "DataContract",
            "id": "alignment_pipeline",
            "name": "alignment_pipeline",
            "version": version,
            "status": "active",
            "description": {"purpose": "Sales and marketing alignment: matches, scores, stages, SLA clocks and pipeline metrics."},
            "servers": [{"server": "export", "type": "local", "path": f"tables/*.{form}", "format": form}],
            "schema": [
                {
                    "name": contract.name,
                    "physicalName": f"tables/{contract.name}.{form}",
                    "logicalType": "object",
                    "physicalType": "file",
                    "description": contract.description,
                    "dataGranularityDescription": contract.description.partition(":")[0],
                    "tags": [contract.group],
                    "customProperties": [
                        {"property": "contractVersion", "value": contract.version},
                        {"property": "owner", "value": contract.owner},
                    ],
                    "properties": [_odcs_property(contract, number) for number in range(len(contract.columns))],
                }
                for contract in contracts
            ],
        }
    )


def _odcs_property(contract: Contract, number: int) -> dict[str, Any]:
    column = contract.columns[number]
    entry: dict[str, Any] = {
        "name": column.name,
        "logicalType": _LOGICAL[column.type],
        "physicalType": views.TYPES[column.type],
        "description": column.description,
        "required": not column.nullable and not column.personal,
    }
    if column.name in contract.key:
        entry |= {"primaryKey": True, "primaryKeyPosition": contract.key.index(column.name) + 1}
    if column.personal:
        entry["classification"] = "personal"
    return entry


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _yaml(content: Any) -> str:
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.width = 4096
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    handle = io.StringIO()
    writer.dump(content, handle)
    return handle.getvalue()
