"""The tables of a lane: published ones, opened once per version, and the small ones of a round, under names that stay.

Belongs here: what keeps a round short. Most of a round's time would go into turning the rules' expressions into SQL, which are the same
in every round of a day; so the small tables have fixed names, and an expression over them is kept with its SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr import operations

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.warehouse.warehouse import Warehouse

_MOST_COMPILED = 2_000


@dataclass
class Store:
    """Tables by name. Not safe for several threads, as the warehouse it reads."""

    warehouse: Warehouse
    _opened: dict[str, tuple[int, ibis.Table]] = field(default_factory=dict)
    _held: dict[str, tuple[pa.Schema, ibis.Table]] = field(default_factory=dict)
    _prepared: dict[tuple[object, ...], ibis.Table] = field(default_factory=dict)

    def __post_init__(self) -> None:
        connection = self.warehouse.connection
        connection.compile = _remembering(connection.compile)
        # DuckDB 1.5.6 pushes a join's filter into Arrow tables, which cannot take one of its kinds (BLOOM_FILTER) and fail
        connection.con.execute("SET disabled_optimizers = 'join_filter_pushdown'")

    def read(self, name: str) -> ibis.Table:
        """The published table as it is now."""
        version = self.versions(name)[0]
        opened = self._opened.get(name)
        if opened is None or opened[0] != version:
            if opened is not None:
                # expressions over the old version are of no use any more
                self._prepared.clear()
            self._opened[name] = (version, self.warehouse.read(name))
        return self._opened[name][1]

    def versions(self, *names: str) -> tuple[int, ...]:
        """Versions of published tables, 0 where there is none."""
        return tuple(found.version if (found := self.warehouse.manifest(name)) else 0 for name in names)

    def hold(self, name: str, rows: ibis.Table | pa.Table) -> ibis.Table:
        """The rows in memory under this name, in the place of the last round's, on the connection of the published tables (in UTC)."""
        arrow = rows if isinstance(rows, pa.Table) else self.rows(rows)
        loose = arrow.cast(pa.schema([one.with_nullable(True) for one in arrow.schema]))
        before = self._held.get(name)
        self._put(name, loose)
        if before is None or before[0] != loose.schema:
            self._held[name] = (loose.schema, self.warehouse.connection.table(f"lane_{name}"))
        return self._held[name][1]

    def contract(self, name: str, rows: Iterable[pa.Table], held_as: str | None = None) -> ibis.Table:
        """Held rows in a contract's columns."""
        schema = pa.schema([one.with_nullable(True) for one in CONTRACTS[name].schema])
        parts = [schema.empty_table(), *(part.select(schema.names).cast(schema) for part in rows)]
        return self.hold(held_as or name, pa.concat_tables(parts))

    def prepared(self, key: tuple[object, ...], build: Callable[[], ibis.Table]) -> ibis.Table:
        """The expression of this key, built when it is first asked for. It may read only published tables and tables held by name."""
        if key not in self._prepared:
            self._prepared[key] = build()
        return self._prepared[key]

    def rows(self, table: ibis.Table) -> pa.Table:
        """A table's rows."""
        made = table.op()
        if isinstance(made, operations.InMemoryTable):
            return made.data.to_pyarrow(made.schema)
        return self.warehouse.connection.to_pyarrow(table)

    def among(self, name: str, column: str, values: Collection[str]) -> pa.Table:
        """The published rows whose column is one of the values."""
        if not values or not self.versions(name)[0]:
            return CONTRACTS[name].empty()
        table = self.read(name)
        if isinstance(table.op(), operations.InMemoryTable):
            return self.rows(table)
        query = f'SELECT * FROM "{table.get_name()}" WHERE "{column}" IN (SELECT unnest(?))'
        found: pa.Table = self.warehouse.connection.con.execute(query, [sorted(values)]).to_arrow_table()
        return found

    def let_go(self) -> None:
        """Empty the round's tables: nothing of a person stays in memory."""
        for name, (schema, _) in self._held.items():
            self._put(name, schema.empty_table())

    def _put(self, name: str, rows: pa.Table) -> None:
        connection = self.warehouse.connection.con
        connection.register("lane_arriving", rows)
        connection.execute(f'CREATE OR REPLACE TEMP TABLE "lane_{name}" AS SELECT * FROM lane_arriving')
        connection.unregister("lane_arriving")


def _remembering(compile_: Callable[..., str]) -> Callable[..., str]:
    """The connection's compiler with a memory: an expression equal to an earlier one has the same SQL."""
    known: dict[object, str] = {}

    def remembering(expression: ibis.Expr, /, **options: Any) -> str:
        if any(value is not None for value in options.values()):
            return compile_(expression, **options)
        key = expression.op()
        if key not in known:
            if len(known) >= _MOST_COMPILED:
                known.clear()
            known[key] = compile_(expression)
        return known[key]

    return remembering
