"""The rules' expressions in PostgreSQL's words.

Belongs here: what Ibis' PostgreSQL compiler lacks, and the functions of DuckDB that rules name. Needs PostgreSQL 16.
"""

from __future__ import annotations

import re
from typing import Any

import ibis.expr.datatypes as dt
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from ibis.common.exceptions import UnsupportedOperationError

_INPUT_TYPES = {"float64": "double precision", "date": "date", "int64": "bigint"}


def _characters(pattern: Any) -> Any:
    if not isinstance(pattern, sge.Literal):
        return pattern
    return sge.convert(re.sub(r"\\x\{([0-9A-Fa-f]{4})\}", r"\\u\1", str(pattern.this)))


class Compiler(PostgresCompiler):  # type: ignore[misc]
    """Ibis' compiler with the differences."""

    __slots__ = ()

    def visit_TryCast(self, op: Any, *, arg: Any, to: Any) -> Any:
        """PostgreSQL 16 can ask whether a text is a value of a type."""
        kind = "timestamptz" if to.is_timestamp() else _INPUT_TYPES.get(str(to).removeprefix("!"))
        if kind is None or not op.arg.dtype.is_string():
            raise UnsupportedOperationError(f"PostgreSQL cannot try a cast to {to}")
        return self.if_(self.f.anon.pg_input_is_valid(arg, sge.convert(kind)), self.cast(arg, to), sge.Null())

    def visit_First(self, op: Any, *, arg: Any, where: Any, order_by: Any, include_null: bool) -> Any:
        """PostgreSQL has no first value: the first of an ordered array."""
        tests = [test for test in (where, None if include_null else sg.not_(arg.is_(sge.Null()))) if test is not None]
        ordered = sge.Order(this=arg, expressions=list(order_by)) if order_by else arg
        values = sge.ArrayAgg(this=ordered)
        chosen = sge.Filter(this=values, expression=sge.Where(this=sg.and_(*tests))) if tests else values
        return sge.Bracket(this=sge.Paren(this=chosen), expressions=[sge.convert(1)], offset=1, safe=True)

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:
        """A flag becomes a large number by way of a small one."""
        if op.arg.dtype.is_boolean() and to.is_integer():
            return self.cast(self.cast(arg, dt.int32), to)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_RegexReplace(self, op: Any, *, arg: Any, pattern: Any, replacement: Any) -> Any:
        """Characters by number have other words."""
        return super().visit_RegexReplace(op, arg=arg, pattern=_characters(pattern), replacement=replacement)

    def visit_ScalarUDF(self, op: Any, **arguments: Any) -> Any:
        """A function of DuckDB that a rule names."""
        name, values = self.__sql_name__(op), list(arguments.values())
        if name == "epoch_us":
            # EXTRACT gives an exact number; date_part would give a double
            seconds = sge.Extract(this=sge.Var(this="epoch"), expression=values[0])
            return self.cast(seconds * sge.convert(1_000_000), dt.int64)
        if name == "json_extract_path_text":
            key = str(values[1].this).removeprefix("/").replace("~1", "/").replace("~0", "~")
            return self.f.anon.json_extract_path_text(self.cast(values[0], dt.json), sge.convert(key))
        if name == "json_exists":
            key = str(values[1].this).removeprefix('$."').removesuffix('"')
            return self.f.anon.jsonb_exists(sge.Cast(this=values[0], to=sge.DataType(this=sge.DataType.Type.JSONB)), sge.convert(key))
        if name == "to_json" and op.args[0].dtype.is_string():
            return self.cast(self.f.anon.to_json(values[0]), dt.string)
        raise UnsupportedOperationError(f"PostgreSQL has no counterpart of DuckDB's {name}")
