"""How vendor text becomes typed values, and what it means when it does not.

Belongs here: one expression per kind of value. A text that cannot be read becomes null here and a row of
`quarantined_rows` in `quarantine.py`; the two use the same list of columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ibis

# one @, something before it, a dot in the host, no blanks: enough to tell an address from a remark
_EMAIL = r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+$"
_ID = r"^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$"
LARGEST_INTEGER = 9_007_199_254_740_991  # beyond it a double cannot count by ones


def text(column: ibis.Value) -> ibis.Value:
    """Trimmed text without NUL and control characters; blank is null."""
    return column.re_replace(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "").strip().nullif("")


def identifier(column: ibis.Value) -> ibis.Value:
    """A Salesforce id of 18 characters, or null."""
    return ibis.ifelse(column.re_search(_ID), column, ibis.null("string"))


def email(column: ibis.Value) -> ibis.Value:
    """An e-mail address in lower case, or null."""
    cleaned = text(column).lower()
    return ibis.ifelse(cleaned.re_search(_EMAIL), cleaned, ibis.null("string"))


def timestamp(column: ibis.Value) -> ibis.Value:
    """A moment in UTC, or null."""
    return column.try_cast("timestamp('UTC')")


def date(column: ibis.Value) -> ibis.Value:
    """A day, or null; a moment gives its UTC day."""
    return column.substr(0, 10).try_cast("date")


def number(column: ibis.Value) -> ibis.Value:
    """A finite number, or null."""
    value = column.try_cast("float64")
    return ibis.ifelse(value.isnan() | value.isinf(), ibis.null("float64"), value)


def integer(column: ibis.Value) -> ibis.Value:
    """A whole number, or null; `250.0` is 250, `2.5` is null."""
    value = number(column)
    whole = (value == value.floor()) & (value.abs() <= LARGEST_INTEGER)
    return ibis.ifelse(whole, value.cast("int64"), ibis.null("int64"))


def flag(column: ibis.Value) -> ibis.Value:
    """true/false/1/0 in any case, or null."""
    cleaned = column.strip().lower()
    return ibis.cases((cleaned.isin(["true", "1"]), True), (cleaned.isin(["false", "0"]), False), else_=ibis.null("boolean"))


KINDS: Mapping[str, Callable[[ibis.Value], ibis.Value]] = {
    "text": text,
    "id": identifier,
    "email": email,
    "timestamp": timestamp,
    "date": date,
    "number": number,
    "integer": integer,
    "flag": flag,
}


@ibis.udf.scalar.builtin(name="json_extract_string")
def json_text(document: str, path: str) -> str:
    """DuckDB's own: a scalar inside a JSON document, as text."""


def custom(table: ibis.Table, field: str | None) -> ibis.Value:
    """Text of an agreement-named field in `custom_fields`; null when the agreement names none."""
    if field is None:
        return ibis.null("string")
    return text(json_text(table.custom_fields, f'$."{field}"'))
