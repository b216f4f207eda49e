"""The tables that an expression reads: files of the store, and rows held in memory.

Belongs here: finding them, so that another engine can read the same. Expressions are built over the warehouse's DuckDB everywhere; an
engine compiles them again for itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import ibis
import ibis.expr.operations as ops
import pyarrow as pa

from alignment_pipeline.warehouse.warehouse import Warehouse


def stored(rows: ibis.Table, warehouse: Warehouse) -> Iterator[tuple[str, tuple[str, ...], pa.Schema]]:
    """Name, files and columns of every table of files."""
    for node in sorted(rows.op().find(ops.DatabaseTable), key=lambda one: one.name):
        yield node.name, warehouse.files_of(node.name), node.schema.to_pyarrow()


def held(rows: ibis.Table) -> Iterator[tuple[str, pa.Table]]:
    """Name and rows of every table in memory."""
    for node in sorted(rows.op().find(ops.InMemoryTable), key=lambda one: one.name):
        yield node.name, node.data.to_pyarrow(node.schema)
