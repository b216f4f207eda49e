"""Shapes a rule's result as its contract promises: the columns, in order, with their types.

Belongs here: the last step of every scoring rule, and the columns that each decision row carries.
"""

from __future__ import annotations

from datetime import datetime

import ibis

from alignment_pipeline.contracts import Contract

_TYPES = {
    "string": "string",
    "json": "string",
    "int64": "int64",
    "float64": "float64",
    "boolean": "boolean",
    "timestamp": "timestamp('UTC', 6)",
    "date": "date",
}


def moment(value: datetime) -> ibis.Value:
    """A UTC moment as a typed literal."""
    return ibis.literal(value, type="timestamp('UTC', 6)")


def as_contract(table: ibis.Table, contract: Contract, *, as_of: datetime, agreement_version: str) -> ibis.Table:
    """The contract's columns of `table`, in order and cast; `as_of` and `agreement_version` are stamped."""
    stamps = {"as_of": moment(as_of), "agreement_version": ibis.literal(agreement_version)}
    found = {}
    for column in contract.columns:
        value = stamps.get(column.name)
        if value is None:
            value = table[column.name]
        found[column.name] = value.cast(_TYPES[column.type])
    return table.select(**found)
