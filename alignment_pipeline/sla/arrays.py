"""Columns as arrays: what clocks are computed in.

Belongs here: from tables to numpy, and the names of what it holds. Moments are whole microseconds since 1970 (`contracts/moments.py`).
"""

from __future__ import annotations

import ibis
import ibis.expr.operations as operations
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEVER = 1 << 61
"""A moment that does not come."""
NOTHING = -1
"""Code of an empty value, place of a row that does not exist."""


def fetch(table: ibis.Table, *names: str) -> pa.Table:
    """These columns of a table, in memory. A table that lies in memory already is handed out without asking the engine, which
    costs 10 ms a table: most of a tick of the fast lane."""
    node = table.op()
    if isinstance(node, operations.InMemoryTable):
        return node.data.to_pyarrow(node.schema).select(list(names))
    return table.select(*names).to_pyarrow()


def micros(column: pa.ChunkedArray, missing: int = NEVER) -> Ints:
    """A timestamp column as int64 microseconds; nulls become `missing`."""
    kind = pa.timestamp("us", tz=column.type.tz) if pa.types.is_timestamp(column.type) else pa.timestamp("us")
    filled = pc.fill_null(column.cast(kind).cast(pa.int64()), missing)
    return filled.to_numpy(zero_copy_only=False) if isinstance(filled, pa.Array) else filled.to_numpy()


def codes(column: pa.ChunkedArray, known: pa.Array) -> Ints:
    """Place of each value in `known`, -1 for nulls and strangers."""
    places = pc.fill_null(pc.index_in(column, value_set=known), -1)
    return places.to_numpy().astype(np.int64)


def text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as plain strings (engines may hand out dictionaries or large strings)."""
    return column if column.type == pa.string() else column.cast(pa.string())
