"""A DuckDB connection that remembers the SQL of expressions it has seen before.

Belongs here: what keeps a round short. Turning the rules' expressions into SQL takes several times as long as running it over the few
rows of a round, and the expressions are the same in every round. (Plans are not kept: DuckDB 1.5.6 plans a statement that reads tables
again each time, and where it does not, it forgets rows that came later, duckdb#23704.)
"""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
from ibis.expr import operations

from alignment_pipeline.warehouse.connection import Connection

_MOST_REMEMBERED = 2_000


class RememberingBackend(Connection):
    """Ibis on DuckDB: an expression equal to an earlier one has the same SQL."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sql: dict[object, str] = {}
        self._is_in_database: dict[object, bool] = {}

    def compile(self, expression: ibis.Expr, /, **options: Any) -> str:
        """The expression's SQL."""
        key, is_usual = expression.op(), all(value is None for value in options.values())
        if is_usual and key in self._sql:
            return self._sql[key]
        sql = str(super().compile(expression, **options))
        if is_usual and not _rows_in_memory(key):
            self._make_room()
            self._sql[key] = sql
        return sql

    def to_pyarrow(self, expression: ibis.Expr, /, **options: Any) -> Any:
        """The expression's rows. Where all of them are in the database, DuckDB gets the SQL once; Ibis would have it bound twice."""
        key = expression.op()
        is_in_database = self._is_in_database.get(key)
        if is_in_database is None:
            is_in_database = isinstance(expression, ibis.Table) and not key.find(operations.InMemoryTable)
            if not _rows_in_memory(key):
                self._make_room()
                self._is_in_database[key] = is_in_database
        if not is_in_database or any(value is not None for value in options.values()):
            return super().to_pyarrow(expression, **options)
        rows: pa.Table = self.con.execute(self.compile(expression)).to_arrow_table()
        return rows.cast(expression.schema().to_pyarrow())

    def _make_room(self) -> None:
        if max(len(self._sql), len(self._is_in_database)) >= _MOST_REMEMBERED:
            self._sql.clear()
            self._is_in_database.clear()


def _rows_in_memory(node: operations.Node) -> int:
    """Rows that an expression holds in memory: what is remembered would keep them."""
    return sum(one.data.to_pyarrow(one.schema).num_rows for one in node.find(operations.InMemoryTable))
