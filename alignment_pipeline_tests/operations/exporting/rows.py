"""Rows of any contract: two per table, with the worst texts a field can hold."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from alignment_pipeline.clock import Clock
from alignment_pipeline.contracts import CONTRACTS, Column, Contract
from alignment_pipeline.installation.home import Home

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
ADDRESS = "Jane.Doe@example.com"
TEXTS = ('=HYPERLINK("http://x")', f'@say, "{ADDRESS}"\nnext line', "  +1 22", "ünïcode")


def value(column: Column, number: int) -> Any:
    """The value of a column in row `number`."""
    if column.type in ("string", "json"):
        text = TEXTS[(number + len(column.name)) % len(TEXTS)]
        return f"{number} {text}" if column.name.endswith("_id") else text
    return {
        "int64": -number,
        "float64": number + 0.5,
        "boolean": number % 2 == 0,
        "timestamp": datetime(2026, 11, 20, number, 30, tzinfo=UTC),
        "date": date(2026, 11, 1 + number),
    }[column.type]


def rows(contract: Contract, count: int = 2) -> pa.Table:
    """So many rows of a table."""
    return pa.Table.from_pylist(
        [{column.name: value(column, number) for column in contract.columns} for number in range(count)], schema=contract.schema
    )


def home(folder: Path, *names: str) -> Home:
    """A home in which these tables, or all, are published."""
    made = Home(folder / "home", {}, Clock(moment=NOW, unix=0.0, unix_time=lambda: 0.0))
    warehouse = made.warehouse()
    for name in names or CONTRACTS:
        warehouse.replace(name, rows(CONTRACTS[name]))
    return made
