"""A DuckDB connection that remembers the SQL of expressions it has seen before.

Belongs here: what keeps a round short. Turning the rules' expressions into SQL takes several times as long as running it over the few
rows of a round, and the expressions are the same in every round. (Plans are not kept: DuckDB 1.5.6 plans a statement that reads tables
again each time, and where it does not, it forgets rows that came later, duckdb#23704.)
"""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend
from ibis.expr import operations

_MOST_REMEMBERED = 2_000


class RememberingBackend(Backend):  # type: ignore[misc]
    """Ibis on DuckDB: an expression equal to an earlier one has the same SQL."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sql: dict[object, str] = {}
        self._is_in_database: dict[object, bool] = {}

    def compile(self, expression: ibis.Expr, /, **options: Any) -> str:
        """The expression's SQL."""
        if any(value is not None for value in options.values()):
            return str(super().compile(expression, **options))
        key = expression.op()
        if key not in self._sql:
            if len(self._sql) >= _MOST_REMEMBERED:
                self._sql.clear()
                self._is_in_database.clear()
            self._sql[key] = str(super().compile(expression))
        return self._sql[key]

    def to_pyarrow(self, expression: ibis.Expr, /, **options: Any) -> Any:
        """The expression's rows. Where all of them are in the database, DuckDB gets the SQL once; Ibis would have it bound twice."""
        key = expression.op()
        if key not in self._is_in_database:
            self._is_in_database[key] = isinstance(expression, ibis.Table) and not key.find(operations.InMemoryTable)
        if not self._is_in_database[key] or any(value is not None for value in options.values()):
            return super().to_pyarrow(expression, **options)
        rows: pa.Table = self.con.execute(self.compile(expression)).to_arrow_table()
        return rows.cast(expression.schema().to_pyarrow())
