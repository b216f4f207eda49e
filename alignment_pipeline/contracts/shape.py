"""Tables brought to one shape, so that they can be stacked: Ibis treats a column that can be null and one that cannot as different."""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt

from alignment_pipeline.contracts.contract import ColumnType, Contract

_TYPES: dict[ColumnType, dt.DataType] = {
    "string": dt.string,
    "json": dt.string,
    "int64": dt.int64,
    "float64": dt.float64,
    "boolean": dt.boolean,
    "timestamp": dt.Timestamp(timezone="UTC", scale=6),
    "date": dt.date,
}


def shaped(table: ibis.Table, contract: Contract) -> ibis.Table:
    """The contract's columns in their order and types, all nullable; what must not be null is checked at publication."""
    return table.select(**{column.name: table[column.name].cast(_TYPES[column.type]) for column in contract.columns})


def stacked(tables: list[ibis.Table], contract: Contract) -> ibis.Table:
    """The rows of all tables in the contract's shape; duplicates stay."""
    parts = [shaped(table, contract) for table in tables]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def loosened(table: ibis.Table) -> ibis.Table:
    """The table with every column nullable and timestamps of one precision, ready to be stacked with others of its columns."""
    return table.select(**{name: table[name].cast(_loose(type_)) for name, type_ in table.schema().items()})


def _loose(type_: dt.DataType) -> dt.DataType:
    return _TYPES["timestamp"] if type_.is_timestamp() else type_.copy(nullable=True)
