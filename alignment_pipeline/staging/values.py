"""How vendor text becomes typed values, and what it means when it does not.

Belongs here: one expression per kind of value. A text that cannot be read becomes null here and a row of
`quarantined_rows` in `quarantine.py`; the two use the same list of columns.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping

import ibis

# one @, something before it, a dot in the host, no blanks: enough to tell an address from a remark
_EMAIL = r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+$"
_ID, _SHORT_ID = r"^[A-Za-z0-9]{18}$", r"^[A-Za-z0-9]{15}$"
# Salesforce's three last letters: each says which of five letters are capitals, the first of the five being the lowest bit. As text:
# five signs, then their letter (_____A#____B_#___C...), so that what follows the signs of an id is its letter
_LETTERS = "".join(
    "".join("#" if number >> place & 1 else "_" for place in range(5)) + letter
    for number, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345")
)
_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]"
LARGEST_INTEGER = 9_007_199_254_740_991  # beyond it a double cannot count by ones
# the days that Salesforce itself stores; DuckDB would also read 'infinity' and years that no datetime holds
FIRST_DAY, LAST_DAY = datetime.date(1700, 1, 1), datetime.date(4000, 12, 31)


def text(column: ibis.Value) -> ibis.Value:
    """Trimmed text without NUL and control characters; blank is null."""
    return column.re_replace(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "").strip().nullif("")


def identifier(column: ibis.Value) -> ibis.Value:
    """A Salesforce id of 18 characters, or null; one of 15 characters gets its last three."""
    signs = column.re_replace("[A-Z]", "#").re_replace("[^#]", "_")
    fives = [signs.re_extract("^(.{5})(.{5})(.{5})$", number) for number in (1, 2, 3)]
    # the query's text is short on purpose: it is planned in every round of the fast lane
    long = column.concat(*[ibis.literal(_LETTERS).split(five)[1].re_extract("^.", 0) for five in fives])
    return ibis.cases((column.re_search(_ID), column), (column.re_search(_SHORT_ID), long), else_=ibis.null("string"))


def email(column: ibis.Value) -> ibis.Value:
    """An e-mail address in lower case, or null."""
    cleaned = text(column).lower()
    return ibis.ifelse(cleaned.re_search(_EMAIL), cleaned, ibis.null("string"))


def timestamp(column: ibis.Value) -> ibis.Value:
    """A moment in UTC between 1700 and 4000, or null."""
    value = column.try_cast("timestamp('UTC')")
    first, last = (ibis.literal(f"{day}T00:00:00Z").cast("timestamp('UTC')") for day in (FIRST_DAY, LAST_DAY))
    return ibis.ifelse(_is_iso(column) & (value >= first) & (value <= last), value, ibis.null("timestamp('UTC')"))


def date(column: ibis.Value) -> ibis.Value:
    """A day between 1700 and 4000, or null; of a moment the day as it is written."""
    value = column.substr(0, 10).try_cast("date")
    return ibis.ifelse(_is_iso(column) & (value >= FIRST_DAY) & (value <= LAST_DAY), value, ibis.null("date"))


def since(column: ibis.Value) -> ibis.Value:
    """A day from which something holds: as a date, and an earlier one (0001-01-01 is "always") is the first day."""
    value = column.substr(0, 10).try_cast("date")
    return ibis.ifelse(_is_iso(column) & (value < FIRST_DAY), ibis.literal(FIRST_DAY), date(column))


def _is_iso(column: ibis.Value) -> ibis.Value:
    # a year of four digits, then a dash; DuckDB would also read 'epoch'
    return column.like("____-%")


def number(column: ibis.Value) -> ibis.Value:
    """A finite number, or null."""
    value = column.try_cast("float64")
    return ibis.ifelse(value.isnan() | value.isinf(), ibis.null("float64"), value)


def integer(column: ibis.Value) -> ibis.Value:
    """A whole number, or null; `250.0` is 250, `2.5` is null."""
    value = number(column)
    # bounded before anything becomes an integer: a cast of 1e300 would end the whole run
    bounded = ibis.ifelse(value.abs() <= LARGEST_INTEGER, value, ibis.null("float64"))
    whole = bounded.cast("int64")
    return ibis.ifelse(whole.cast("float64") == bounded, whole, ibis.null("int64"))


def flag(column: ibis.Value) -> ibis.Value:
    """true/false/1/0 in any case, or null."""
    cleaned = column.strip().lower()
    return ibis.cases((cleaned.isin(["true", "1"]), True), (cleaned.isin(["false", "0"]), False), else_=ibis.null("boolean"))


def time_of_day(column: ibis.Value) -> ibis.Value:
    """A time of day as the vendor writes it (`08:00:00.000Z`), or null."""
    return ibis.ifelse(column.re_search(_TIME), column, ibis.null("string"))


def given(column: ibis.Value) -> ibis.Value:
    """Whether there is any value."""
    return text(column).notnull()


KINDS: Mapping[str, Callable[[ibis.Value], ibis.Value]] = {
    "given": given,
    "text": text,
    "id": identifier,
    "email": email,
    "timestamp": timestamp,
    "date": date,
    "since": since,
    "number": number,
    "integer": integer,
    "flag": flag,
    "time": time_of_day,
}


@ibis.udf.scalar.builtin(name="json_extract_path_text")
def _json_text(document: str, path: str) -> str:  # type: ignore[empty-body]
    """DuckDB's own: a scalar inside a JSON document, as text. Under its other name ibis leaves a quote in the path unescaped."""


def raw_member(document: ibis.Value, name: str) -> ibis.Value:
    """Text of one member of a JSON object, whatever letters its name has (RFC 6901), every character as it came."""
    return _json_text(document, "/" + name.replace("~", "~0").replace("/", "~1"))


def member(document: ibis.Value, name: str) -> ibis.Value:
    """The same, trimmed; blank is null."""
    return text(raw_member(document, name))


def custom(table: ibis.Table, field: str | None) -> ibis.Value:
    """Text of an agreement-named field in `custom_fields`; null when the agreement names none."""
    if field is None:
        return ibis.null("string")
    return member(table.custom_fields, field)
