"""The tables of a lane: published ones, opened once per version, and the small ones of a round, under names that stay.

Belongs here: what makes a round's queries the same as the last one's. The small tables have fixed names, and expressions over them are
built once; their SQL is kept by `statements.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar, cast

import ibis
import pyarrow as pa
from ibis.expr import operations

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.fast_lane.statements import RememberingBackend
from alignment_pipeline.installation.home import Home
from alignment_pipeline.warehouse.warehouse import Warehouse

Built = TypeVar("Built")
_MANY_ROWS = 1_000_000


@dataclass
class Store:
    """Tables by name. Not safe for several threads, as the warehouse it reads. `Store.opened` gives one that answers quickly."""

    warehouse: Warehouse
    _opened: dict[str, tuple[int, ibis.Table]] = field(default_factory=dict)
    _held: dict[str, tuple[pa.Schema, ibis.Table]] = field(default_factory=dict)
    _prepared: dict[tuple[object, ...], object] = field(default_factory=dict)
    _once: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _filled: set[str] = field(default_factory=set)

    @classmethod
    def opened(cls, home: Home) -> Store:
        """Over the warehouse of a home, on a connection that remembers its statements."""
        return cls(home.warehouse(backend=RememberingBackend))

    def __post_init__(self) -> None:
        connection = self.warehouse.connection.con
        # DuckDB 1.5.6 pushes a join's filter into Arrow tables, which cannot take one of its kinds (BLOOM_FILTER) and fail. Looking for
        # common expressions takes longer than working them out for a few rows, and so does waking a second thread
        connection.execute("SET disabled_optimizers = 'join_filter_pushdown,common_subexpressions'")
        connection.execute("SET threads = 1")

    def read(self, name: str) -> ibis.Table:
        """The published table as it is now, under a name that stays: expressions over it outlive its versions."""
        version = self.versions(name)[0]
        opened = self._opened.get(name)
        if opened is None or opened[0] != version:
            table = self._named(name, self.warehouse.read(name))
            if opened is not None and opened[1].op() != table.op():
                # other columns, or the first rows of a table that had none
                self._prepared.clear()
            self._opened[name] = (version, table)
        return self._opened[name][1]

    def _named(self, name: str, table: ibis.Table) -> ibis.Table:
        """The table under its lasting name; one without rows is in memory and has none."""
        if isinstance(table.op(), operations.InMemoryTable):
            return table
        connection = self.warehouse.connection
        connection.con.execute(f'CREATE OR REPLACE TEMP VIEW "published_{name}" AS SELECT * FROM "{table.get_name()}"')
        return connection.table(f"published_{name}")

    def versions(self, *names: str) -> tuple[int, ...]:
        """Versions of published tables, 0 where there is none."""
        return tuple(manifest.version if (manifest := self.warehouse.manifest(name)) else 0 for name in names)

    def hold(self, name: str, rows: ibis.Table | pa.Table) -> ibis.Table:
        """The rows in memory under this name, in the place of the last round's, on the connection of the published tables (in UTC)."""
        arrow = rows if isinstance(rows, pa.Table) else self.rows(rows)
        loose = arrow.cast(pa.schema([one.with_nullable(True) for one in arrow.schema]))
        before = self._held.get(name)
        if before is not None and before[0] == loose.schema:
            self._refill(name, loose)
            return before[1]
        if before is not None:
            self._prepared.clear()
        self._create(name, loose)
        self._held[name] = (loose.schema, self.warehouse.connection.table(f"lane_{name}"))
        return self._held[name][1]

    def contract(self, name: str, rows: Iterable[pa.Table], held_as: str | None = None) -> ibis.Table:
        """Held rows in a contract's columns."""
        schema = pa.schema([one.with_nullable(True) for one in CONTRACTS[name].schema])
        parts = [schema.empty_table(), *(part.select(schema.names).cast(schema) for part in rows)]
        return self.hold(held_as or name, pa.concat_tables(parts))

    def once(self, name: str, sources: tuple[str, ...], rule: Callable[..., ibis.Table]) -> ibis.Table:
        """Rows that follow from published tables alone, worked out when one of these was published again."""
        version = self.versions(*sources)
        if self._once.get(name) != version:
            self.hold(name, rule(*(self.read(source) for source in sources)))
            self._once[name] = version
        return self._held[name][1]

    def prepared(self, key: tuple[object, ...], build: Callable[[], Built]) -> Built:
        """The expression of this key (or several), built when first asked for, over published tables and tables held by name alone."""
        if key not in self._prepared:
            self._prepared[key] = build()
        return cast(Built, self._prepared[key])

    def rows(self, table: ibis.Table) -> pa.Table:
        """A table's rows."""
        node = table.op()
        if isinstance(node, operations.InMemoryTable):
            return node.data.to_pyarrow(node.schema)
        return self.warehouse.connection.to_pyarrow(table)

    def among(self, name: str, column: str, values: Collection[str]) -> pa.Table:
        """The published rows whose column is one of the values."""
        if not values or not self.versions(name)[0]:
            return CONTRACTS[name].empty()
        table = self.read(name)
        if isinstance(table.op(), operations.InMemoryTable):
            return self.rows(table)
        query = f'SELECT * FROM "{table.get_name()}" WHERE "{column}" IN (SELECT unnest(?))'
        with self._threads_for(name):
            rows: pa.Table = self.warehouse.connection.con.execute(query, [sorted(values)]).to_arrow_table()
        return rows

    @contextmanager
    def _threads_for(self, name: str) -> Iterator[None]:
        """All processors for a table of millions, whose key column is read whole."""
        manifest = self.warehouse.manifest(name)
        if manifest is None or manifest.rows < _MANY_ROWS:
            yield
            return
        connection = self.warehouse.connection.con
        connection.execute("RESET threads")
        try:
            yield
        finally:
            connection.execute("SET threads = 1")

    def let_go(self) -> None:
        """Empty the round's tables: nothing of a person stays in memory."""
        for name in self._filled - set(self._once):
            self.warehouse.connection.con.execute(f'TRUNCATE "lane_{name}"')
        self._filled &= set(self._once)

    def _create(self, name: str, rows: pa.Table) -> None:
        connection = self.warehouse.connection.con
        connection.register("lane_arriving", rows)
        connection.execute(f'CREATE OR REPLACE TEMP TABLE "lane_{name}" AS SELECT * FROM lane_arriving')
        connection.unregister("lane_arriving")
        self._filled.add(name)

    def _refill(self, name: str, rows: pa.Table) -> None:
        connection = self.warehouse.connection.con
        if name in self._filled:
            connection.execute(f'TRUNCATE "lane_{name}"')
            self._filled.discard(name)
        if rows.num_rows:
            connection.from_arrow(rows).insert_into(f"lane_{name}")
            self._filled.add(name)
