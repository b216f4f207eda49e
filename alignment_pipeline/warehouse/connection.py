"""The DuckDB connection of a warehouse: Ibis' own, with our settings, which lets go of tables that nobody refers to.

Belongs here: what holds for every statement. Nothing is downloaded at run time.
"""

from __future__ import annotations

import os
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import ibis
from ibis.backends.duckdb import Backend
from ibis.expr import operations


class Connection(Backend):  # type: ignore[misc]
    """Ibis on DuckDB. A table in memory is forgotten before the next query, once no expression refers to it.

    Ibis 12 makes such a table known to DuckDB and keeps it until the process ends, with all its rows.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # names only: a query may be under way when an expression is freed
        self._unused: deque[str] = deque()

    def _register_in_memory_table(self, op: operations.InMemoryTable) -> None:
        super()._register_in_memory_table(op)
        weakref.finalize(op, self._unused.append, op.name).atexit = False

    def _make_memtable_finalizer(self, name: str) -> Callable[..., None] | None:
        return None

    def _run_pre_execute_hooks(self, expr: ibis.Expr) -> None:
        while self._unused:
            self.con.unregister(self._unused.popleft())
        super()._run_pre_execute_hooks(expr)


def connected(backend: type[Connection], *, spill: Path, memory_limit: str | None) -> Connection:
    """An in-memory DuckDB in UTC that writes to `spill` what does not fit into `memory_limit` (as DuckDB reads it, "4GB")."""
    # DuckDB merges nested selects itself, and faster: Ibis spends a third of the time of writing SQL on it
    ibis.options.sql.fuse_selects = False
    if ibis.options.default_backend is None:
        # expressions over tables in memory alone run here
        ibis.options.default_backend = Connection().connect()
        ibis.options.default_backend.con.execute("SET TimeZone = 'UTC'")
    connection = backend().connect(temp_directory=str(spill), threads=max(1, os.cpu_count() or 1))
    raw: duckdb.DuckDBPyConnection = connection.con
    raw.execute("SET TimeZone = 'UTC'")
    raw.execute("SET autoinstall_known_extensions = false")
    # ordering is by keys in the rules, so the engine need not keep it
    raw.execute("SET preserve_insertion_order = false")
    # DuckDB 1.5.6 may push a bloom filter of a join into an Arrow table that cannot take it ("BLOOM_FILTER is not currently
    # supported in PyArrow Scans"); drop with DuckDB 2
    raw.execute("SET disabled_optimizers = 'join_filter_pushdown'")
    if memory_limit:
        raw.execute("SET memory_limit = ?", [memory_limit])
    return connection
