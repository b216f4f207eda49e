"""SOQL text to tree.

Belongs here: grammar and the refusals that need no schema (MALFORMED_QUERY). Names are checked in `paths.py`.
"""

from __future__ import annotations

import re
from typing import NoReturn

from alignment_pipeline.sandbox.salesforce.failures import ApiError
from alignment_pipeline.sandbox.salesforce.soql.tree import (
    AllFields,
    Comparison,
    Condition,
    FieldRef,
    Function,
    Junction,
    Literal,
    Negation,
    Ordering,
    Path,
    Query,
    SelectItem,
    SubSelect,
    TypeOf,
)
from alignment_pipeline.sandbox.salesforce.soql.words import CLAUSES, Word, malformed, split, unescape
from alignment_pipeline.sandbox.salesforce.values import parse_date, parse_datetime

MAX_LENGTH = 100_000
AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
SCALARS = frozenset(
    {"CALENDAR_YEAR", "CALENDAR_MONTH", "CALENDAR_QUARTER", "DAY_IN_MONTH", "DAY_ONLY", "HOUR_IN_DAY", "TOLABEL", "CONVERTCURRENCY"}
)


def parse(text: str) -> Query:
    """Parse a query. Raises ApiError 400 MALFORMED_QUERY."""
    if len(text) > MAX_LENGTH:
        raise ApiError(400, "MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_LENGTH} characters.")
    return _Parser(text).query(top=True)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.words = split(text)
        self.place = 0

    # ---- words

    def peek(self, ahead: int = 0) -> Word:
        """The next word, or an end mark."""
        index = self.place + ahead
        return self.words[index] if index < len(self.words) else Word("end", "<EOF>", len(self.text))

    def is_next(self, *texts: str) -> bool:
        """Whether the next words are these, in any case."""
        return all(self.peek(number).text.upper() == text for number, text in enumerate(texts))

    def take(self) -> Word:
        """The next word, consumed."""
        word = self.peek()
        if word.kind == "end":
            self.unexpected()
        self.place += 1
        return word

    def accept(self, *texts: str) -> bool:
        """Consume these words if they are next."""
        if self.is_next(*texts):
            self.place += len(texts)
            return True
        return False

    def expect(self, text: str) -> None:
        """Consume this word or refuse."""
        if not self.accept(text):
            self.unexpected()

    def unexpected(self) -> NoReturn:
        """Refuse the next word."""
        word = self.peek()
        raise malformed(self.text, word.at, f"unexpected token: '{word.text}'")

    def name(self) -> str:
        """An identifier, consumed."""
        if self.peek().kind != "name":
            self.unexpected()
        return self.take().text

    def integer(self) -> int:
        """A whole number, consumed."""
        if self.peek().kind != "number" or not self.peek().text.isdigit():
            self.unexpected()
        return int(self.take().text)

    # ---- clauses

    def query(self, top: bool = False) -> Query:
        """SELECT ... to the end (or to the closing parenthesis)."""
        self.expect("SELECT")
        select = [self.select_item()]
        while self.accept(","):
            select.append(self.select_item())
        self.expect("FROM")
        name = self.name()
        self.accept("AS")
        has_alias = self.peek().kind == "name" and self.peek().text.upper() not in CLAUSES
        alias = self.take().text if has_alias else None
        if self.accept("USING", "SCOPE"):
            self.name()
        where = self.condition() if self.accept("WHERE") else None
        if self.is_next("WITH"):
            self.place += 2
        group: list[FieldRef | Function] = []
        if self.accept("GROUP", "BY"):
            group.append(self.operand())
            while self.accept(","):
                group.append(self.operand())
        having = self.condition() if self.accept("HAVING") else None
        order: list[Ordering] = []
        if self.accept("ORDER", "BY"):
            order.append(self.ordering())
            while self.accept(","):
                order.append(self.ordering())
        limit = self.integer() if self.accept("LIMIT") else None
        offset = self.integer() if self.accept("OFFSET") else 0
        if self.accept("FOR"):
            self.name()
        if self.is_next("ALL", "ROWS"):
            raise malformed(self.text, self.peek().at, "ALL ROWS not allowed in this context")
        if top and self.peek().kind != "end":
            self.unexpected()
        parsed = Query(tuple(select), name, alias, where, tuple(group), having, tuple(order), limit, offset)
        if offset > 2000:
            raise ApiError(400, "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        return parsed

    def select_item(self) -> SelectItem:
        """One item of the SELECT list."""
        if self.accept("("):
            inner = self.query()
            self.expect(")")
            return SubSelect(inner)
        if self.accept("TYPEOF"):
            return self.type_of()
        if self.is_next("FIELDS", "("):
            self.place += 2
            group = self.name().upper()
            if group not in ("ALL", "STANDARD", "CUSTOM"):
                self.unexpected()
            self.expect(")")
            return AllFields(group)
        item = self.operand()
        following = self.peek()
        if following.kind == "name" and following.text.upper() != "FROM":
            alias = self.take().text
            return FieldRef(item.path, alias) if isinstance(item, FieldRef) else Function(item.name, item.path, alias)
        return item

    def type_of(self) -> TypeOf:
        """The rest of a TYPEOF."""
        path = tuple(self.name().split("."))
        branches: list[tuple[str, tuple[Path, ...]]] = []
        while self.accept("WHEN"):
            name = self.name()
            self.expect("THEN")
            branches.append((name, self.paths()))
        otherwise = self.paths() if self.accept("ELSE") else ()
        if not branches:
            self.unexpected()
        self.expect("END")
        return TypeOf(path, tuple(branches), otherwise)

    def paths(self) -> tuple[Path, ...]:
        """Fields, separated by commas."""
        paths = [tuple(self.name().split("."))]
        while self.accept(","):
            paths.append(tuple(self.name().split(".")))
        return tuple(paths)

    def operand(self) -> FieldRef | Function:
        """A field path or a function of one."""
        at = self.peek().at
        name = self.name()
        if not self.accept("("):
            return FieldRef(tuple(name.split(".")))
        function = name.upper()
        if function not in AGGREGATES | SCALARS:
            raise malformed(self.text, at, f"unexpected token: '{name}'")
        if self.accept(")"):
            if function != "COUNT":
                raise malformed(self.text, at, f"function {name} needs a field")
            return Function("COUNT", None)
        path = tuple(self.name().split("."))
        self.expect(")")
        return Function(function, path)

    def ordering(self) -> Ordering:
        """One ORDER BY item."""
        target = self.operand()
        descending = self.accept("DESC")
        if not descending:
            self.accept("ASC")
        nulls_last = False
        if self.accept("NULLS"):
            nulls_last = self.accept("LAST")
            if not nulls_last:
                self.expect("FIRST")
        return Ordering(target, descending, nulls_last)

    # ---- conditions: AND and OR do not mix on one level

    def condition(self) -> Condition:
        """All AND, all OR, or a single condition."""
        parts = [self.unit()]
        operator = ""
        while self.is_next("AND") or self.is_next("OR"):
            word = self.peek().text.upper()
            if operator and word != operator:
                self.unexpected()
            operator = word
            self.place += 1
            parts.append(self.unit())
        return parts[0] if len(parts) == 1 else Junction(operator, tuple(parts))

    def unit(self) -> Condition:
        """NOT unit, a parenthesised condition, or a comparison."""
        if self.accept("NOT"):
            return Negation(self.unit())
        if self.accept("("):
            inner = self.condition()
            self.expect(")")
            return inner
        target = self.operand()
        if self.accept("NOT", "IN"):
            return Comparison(target, "NOT IN", self.members())
        word = self.take()
        operator = {"<>": "!="}.get(word.text, word.text.upper())
        if operator in ("IN", "INCLUDES", "EXCLUDES"):
            return Comparison(target, operator, self.members())
        if operator not in ("=", "!=", "<", ">", "<=", ">=", "LIKE"):
            self.place -= 1
            self.unexpected()
        return Comparison(target, operator, self.literal())

    def members(self) -> tuple[Literal, ...] | Query:
        """The list of an IN, or its sub-query."""
        self.expect("(")
        if self.is_next("SELECT"):
            inner = self.query()
            self.expect(")")
            return inner
        literals = [self.literal()]
        while self.accept(","):
            literals.append(self.literal())
        self.expect(")")
        return tuple(literals)

    def literal(self) -> Literal:
        """A value."""
        word = self.take()
        if word.kind == "string":
            inner = word.text[1:-1]
            bad = re.search(r"\\(?!u[0-9A-Fa-f]{4}|[nNrRtTbBfF'\"\\_%])", re.sub(r"\\\\", "  ", inner))
            if bad:
                raise malformed(self.text, word.at + bad.start() + 1, f"Illegal escape sequence '{inner[bad.start() : bad.start() + 2]}'")
            return Literal("string", unescape(re.sub(r"\\([NRTBF])", lambda match: "\\" + match[1].lower(), inner)))
        if word.kind == "number":
            return Literal("number", float(word.text) if re.search(r"[.eE]", word.text) else int(word.text))
        if word.kind in ("datetime", "date"):
            value = parse_datetime(word.text) if word.kind == "datetime" else parse_date(word.text)
            if value is None:
                raise malformed(self.text, word.at, f"line 1:{word.at} invalid {word.kind}: {word.text}")
            return Literal(word.kind, value)
        upper = word.text.upper()
        if upper in ("TRUE", "FALSE"):
            return Literal("boolean", upper == "TRUE")
        if upper == "NULL":
            return Literal("null", None)
        if word.kind != "name":
            self.place -= 1
            self.unexpected()
        return Literal("relative", upper)
