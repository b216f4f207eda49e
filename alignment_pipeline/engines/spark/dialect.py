"""The rules' expressions as Spark SQL.

Belongs here: where Ibis' Spark compiler gives other rows than its DuckDB compiler, and the functions of DuckDB that rules name. Running
the text: `session.py`.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

from alignment_pipeline.errors import ConfigurationError

_FORMATS = {"Y": "yyyy", "m": "MM", "d": "dd", "H": "HH", "M": "mm", "S": "ss"}
_OBJECT = "map<string,string>"


class SparkCompiler(PySparkCompiler):  # type: ignore[misc]
    """Ibis' compiler with the differences."""

    __slots__ = ()

    def visit_DatabaseTable(self, op: Any, *, name: str, **_: Any) -> Any:
        """A file of the store is a view of the same name."""
        return sg.table(name, quoted=self.quoted)

    def visit_Strip(self, op: Any, *, arg: Any) -> Any:
        """Ibis writes the blanks as escapes of Python, two of which Spark reads as the letters v and f."""
        return self.f.anon.btrim(arg, self.f.anon.concat(*(self.f.anon.char(sge.convert(ord(blank))) for blank in string.whitespace)))

    def visit_First(self, op: Any, *, arg: Any, where: Any, order_by: Any, include_null: bool) -> Any:
        """Spark has no ordered aggregation: the value beside the smallest key."""
        if not order_by:
            return super().visit_First(op, arg=arg, where=where, order_by=order_by, include_null=include_null)
        keys = []
        for key, ordered in zip(op.order_by, order_by, strict=True):
            value = ordered.this
            is_null = value.is_(sge.Null())
            keys += [sg.not_(is_null) if key.nulls_first else is_null, value if key.ascending else self._reversed(value, key.dtype)]
        place = self.f.anon.struct(*keys)
        tests = [test for test in (where, None if include_null else sg.not_(arg.is_(sge.Null()))) if test is not None]
        return self.f.anon.min_by(arg, self.if_(sg.and_(*tests), place, sge.Null()) if tests else place)

    def visit_Round(self, op: Any, *, arg: Any, digits: Any) -> Any:
        """Spark rounds the number's shortest text, DuckDB the number: 1.025 is a little less than it reads."""
        if not op.arg.dtype.is_floating() or op.digits is None:
            return super().visit_Round(op, arg=arg, digits=digits)
        scale = self.f.anon.power(sge.convert(10.0), digits)
        whole = self.f.anon.floor(self.f.anon.abs(arg) * scale + sge.convert(0.5))
        return self.f.anon.sign(arg) * self.cast(whole, dt.float64) / scale

    def visit_Strftime(self, op: Any, *, arg: Any, format_str: Any) -> Any:
        """Letters of the format that stand for themselves are quoted."""
        written, rest = "", iter(str(format_str.this))
        for letter in rest:
            if letter == "%":
                written += _FORMATS[next(rest)]
            else:
                written += f"'{letter}'" if letter.isalpha() else letter
        return self.f.anon.date_format(arg, sge.convert(written))

    def visit_ScalarUDF(self, op: Any, **arguments: Any) -> Any:
        """A function of DuckDB that a rule names."""
        name = self.__sql_name__(op)
        if name not in _FUNCTIONS:
            raise ConfigurationError(f"the function {name} of DuckDB has no counterpart on Spark (engines/spark/dialect.py)")
        return _FUNCTIONS[name](self, op, *arguments.values())

    def json_text(self, op: Any, value: Any) -> Any:
        """A JSON scalar."""
        if op.args[0].dtype.is_numeric():
            # Java writes ten million as 1.0E7
            whole = self.f.anon.concat(self.cast(self.cast(value, dt.int64), dt.string), sge.convert(".0"))
            is_whole = sg.and_(value.eq(self.f.floor(value)), self.f.abs(value) < sge.convert(10**15))
            return self.if_(is_whole, whole, self._of_object(value))
        return self._of_object(value)

    def _of_object(self, value: Any) -> Any:
        """Spark writes only objects as JSON: the value of the only member."""
        document = self.f.anon.to_json(self.f.anon.named_struct(sge.convert("v"), value))
        scalar = self.f.anon.regexp_replace(document, sge.convert(r"^\{\"v\":|\}$"), sge.convert(""))
        return self.if_(value.is_(sge.Null()), sge.Null(), scalar)

    def json_member(self, op: Any, document: Any, path: Any) -> Any:
        """A member of a JSON object as text."""
        name = str(path.this).removeprefix("/").replace("~1", "/").replace("~0", "~")
        if "'" not in name:
            return self.f.anon.get_json_object(document, sge.convert(f"$['{name}']"))
        return self.f.anon.element_at(self.f.anon.from_json(document, sge.convert(_OBJECT)), sge.convert(name))

    def json_has(self, op: Any, document: Any, path: Any) -> Any:
        """Whether a JSON object has a member."""
        name = str(path.this).removeprefix('$."').removesuffix('"')
        return self.f.anon.map_contains_key(self.f.anon.from_json(document, sge.convert(_OBJECT)), sge.convert(name))

    def microseconds(self, op: Any, moment: Any) -> Any:
        """Microseconds since 1970."""
        return self.f.anon.unix_micros(moment)

    def _reversed(self, value: Any, kind: Any) -> Any:
        if kind.is_timestamp():
            return sge.Neg(this=sge.Paren(this=self.f.anon.unix_micros(value)))
        if kind.is_numeric():
            return sge.Neg(this=sge.Paren(this=value))
        raise ConfigurationError(f"Spark cannot order a first value by {kind} from the largest on (engines/spark/dialect.py)")


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "to_json": SparkCompiler.json_text,
    "epoch_us": SparkCompiler.microseconds,
    "json_exists": SparkCompiler.json_has,
    "json_extract_path_text": SparkCompiler.json_member,
}


def sql(rows: ibis.Table) -> str:
    """The query as Spark's text."""
    assert ibis.pyspark is not None  # which makes Ibis' options for Spark known; the compiler asks for them
    compiler = SparkCompiler()
    return str(compiler.to_sqlglot(rows).sql(dialect=compiler.dialect))
