"""Formula fields: their text compiled to a function of a record.

Belongs here: the part of the vendor's formula language that a package of ours may use: operators, IF, ISBLANK, dates and a few
text and number functions. Anything else is refused when the package is read, so that a formula never silently gives nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from alignment_pipeline.errors import ConfigurationError

Value = Callable[[dict[str, Any], datetime], Any]
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>\"[^\"]*\"|'[^']*')|(?P<name>[A-Za-z_]\w*)|(?P<mark>&&|\|\||<>|!=|<=|>=|==|[-+*/^&=<>!(),]))"
)
_DAY = timedelta(days=1)


def compile_formula(text: str, where: str) -> Value:
    """The function (record, now) -> value. Raises ConfigurationError naming the place when the text cannot be read."""
    try:
        return _Reader(text).whole()
    except ValueError as error:
        raise ConfigurationError(f"{where}: formula {text!r} is not understood by the sandbox: {error}") from error


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        stripped = text.strip()
        while at < len(stripped):
            match = _TOKEN.match(stripped, at)
            if match is None:
                raise ValueError(f"unexpected {stripped[at]!r} at {at + 1}")
            self.tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        self.place = 0

    def whole(self) -> Value:
        """The whole text."""
        formula = self.either()
        if self.place != len(self.tokens):
            raise ValueError(f"unexpected {self.tokens[self.place][1]!r}")
        return formula

    def peek(self) -> str:
        """The next token's text."""
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def accept(self, *marks: str) -> str:
        """Consume one of the marks."""
        if self.place < len(self.tokens) and self.tokens[self.place][0] == "mark" and self.peek() in marks:
            self.place += 1
            return self.tokens[self.place - 1][1]
        return ""

    def _binary(self, inner: Callable[[], Value], marks: tuple[str, ...]) -> Value:
        left = inner()
        while mark := self.accept(*marks):
            left = _operation(mark, left, inner())
        return left

    def either(self) -> Value:
        """||."""
        return self._binary(self.both, ("||",))

    def both(self) -> Value:
        """&&."""
        return self._binary(self.compared, ("&&",))

    def compared(self) -> Value:
        """=, <>, <, >."""
        return self._binary(self.joined, ("=", "==", "<>", "!=", "<", ">", "<=", ">="))

    def joined(self) -> Value:
        """& (text)."""
        return self._binary(self.summed, ("&",))

    def summed(self) -> Value:
        """+ and -."""
        return self._binary(self.multiplied, ("+", "-"))

    def multiplied(self) -> Value:
        """* and /."""
        return self._binary(self.powered, ("*", "/"))

    def powered(self) -> Value:
        """^."""
        return self._binary(self.unary, ("^",))

    def unary(self) -> Value:
        """Signs, parentheses, literals, fields, functions."""
        if self.accept("-"):
            inner = self.unary()
            return lambda record, now: _strict(lambda value: -value, inner(record, now))
        if self.accept("!"):
            negated = self.unary()
            return lambda record, now: not negated(record, now)
        if self.accept("("):
            expression = self.either()
            if not self.accept(")"):
                raise ValueError("a closing parenthesis is missing")
            return expression
        if self.place >= len(self.tokens):
            raise ValueError("it ends too early")
        kind, text = self.tokens[self.place]
        self.place += 1
        if kind == "number":
            number = float(text)
            return lambda record, now: number
        if kind == "text":
            return lambda record, now: text[1:-1]
        if kind != "name":
            raise ValueError(f"unexpected {text!r}")
        return self._named(text)

    def _named(self, text: str) -> Value:
        constants = {"NULL": None, "TRUE": True, "FALSE": False}
        if not self.accept("("):
            if text.upper() in constants:
                constant = constants[text.upper()]
                return lambda record, now: constant
            return lambda record, now: record.get(text)
        arguments: list[Value] = []
        if not self.accept(")"):
            arguments.append(self.either())
            while self.accept(","):
                arguments.append(self.either())
            if not self.accept(")"):
                raise ValueError(f"a closing parenthesis of {text} is missing")
        name = text.upper()
        if name == "IF" and len(arguments) == 3:
            test, then, other = arguments
            return lambda record, now: then(record, now) if test(record, now) else other(record, now)
        if name == "NOW" and not arguments:
            return lambda record, now: now
        if name == "TODAY" and not arguments:
            return lambda record, now: now.astimezone(UTC).date()
        if name not in _FUNCTIONS:
            raise ValueError(f"function {text} is not served; known: IF, NOW, TODAY, {', '.join(sorted(_FUNCTIONS))}")
        function = _FUNCTIONS[name]
        return lambda record, now: function(*(argument(record, now) for argument in arguments))


def _strict(function: Callable[..., Any], *values: Any) -> Any:
    return None if any(value is None for value in values) else function(*values)


def _difference(left: Any, right: Any) -> Any:
    if isinstance(left, datetime | date) and isinstance(right, datetime | date):
        gap: timedelta = left - right
        return gap / _DAY
    return left - right * _DAY if isinstance(left, datetime | date) else left - right


def _sum(left: Any, right: Any) -> Any:
    if isinstance(left, datetime | date):
        return left + right * _DAY
    return right + left * _DAY if isinstance(right, datetime | date) else left + right


def _operation(mark: str, left: Value, right: Value) -> Value:
    strict: dict[str, Callable[[Any, Any], Any]] = {
        "+": _sum,
        "-": _difference,
        "*": lambda one, two: one * two,
        "/": lambda one, two: None if two == 0 else one / two,
        "^": lambda one, two: one**two,
        "<": lambda one, two: one < two,
        ">": lambda one, two: one > two,
        "<=": lambda one, two: one <= two,
        ">=": lambda one, two: one >= two,
    }
    if mark in strict:
        function = strict[mark]
        return lambda record, now: _strict(function, left(record, now), right(record, now))
    if mark == "&&":
        return lambda record, now: bool(left(record, now)) and bool(right(record, now))
    if mark == "||":
        return lambda record, now: bool(left(record, now)) or bool(right(record, now))
    if mark == "&":
        return lambda record, now: _text(left(record, now)) + _text(right(record, now))
    wanted = mark in ("=", "==")
    return lambda record, now: ((left(record, now) or None) == (right(record, now) or None)) is wanted


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _blank(value: Any) -> bool:
    return value is None or value == ""


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ISBLANK": _blank,
    "ISNULL": _blank,
    "NOT": lambda value: not value,
    "AND": lambda *values: all(values),
    "OR": lambda *values: any(values),
    "BLANKVALUE": lambda value, other: other if _blank(value) else value,
    "NULLVALUE": lambda value, other: other if _blank(value) else value,
    "ISPICKVAL": lambda value, text: (value or "") == text,
    "TEXT": _text,
    "VALUE": lambda value: _strict(float, value),
    "ABS": lambda value: _strict(abs, value),
    "ROUND": lambda value, places: _strict(
        lambda number: math.floor(abs(number) * 10**places + 0.5) / 10**places * (1 if number >= 0 else -1), value
    ),
    "FLOOR": lambda value: _strict(math.floor, value),
    "CEILING": lambda value: _strict(math.ceil, value),
    "MIN": lambda *values: _strict(min, *values) if len(values) > 1 else values[0],
    "MAX": lambda *values: _strict(max, *values) if len(values) > 1 else values[0],
    "LEN": lambda value: len(value or ""),
    "UPPER": lambda value: _strict(str.upper, value),
    "LOWER": lambda value: _strict(str.lower, value),
    "DATEVALUE": lambda value: _strict(lambda moment: moment.astimezone(UTC).date(), value),
}
