"""Vendor values as text, alike whatever transport they came by.

Belongs here: one value. Rows are `raw_rows.py`; typed columns are made in `staging/`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

NUMBERS = frozenset({"int", "integer", "long", "double", "float", "currency", "percent", "score"})
MOMENTS = frozenset({"datetime"})
_CONVERTED = NUMBERS | MOMENTS | {"boolean"}
_UTC_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|\+0000|\+00:00)$")


def stamp_text(moment: datetime) -> str:
    """`2026-01-01T00:00:00.000Z`, the raw tables' one form of a moment."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_stamp(text: str) -> datetime:
    """Any of the vendor's forms (`+0000`, `Z`, `+00:00`, with or without milliseconds) as UTC. ValueError when it is none."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def canonical(value: Any, type_: str) -> str | None:
    """A vendor value of a describe type as text; null and "" are None. A value that does not fit its type stays as it came."""
    if value is None or value == "":
        return None
    if type(value) is str and type_ not in _CONVERTED:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if type_ in MOMENTS:
        return _moment(value)
    if type_ in NUMBERS or isinstance(value, (int, float, Decimal)):
        return _number(value)
    if type_ == "boolean":
        return str(value).lower()
    if isinstance(value, str):
        return value
    raise ValueError(f"a {type(value).__name__} where a {type_} value belongs")


def _moment(value: Any) -> str:
    text = str(value)
    match = _UTC_STAMP.match(text)
    if match is not None:
        return f"{text[:19]}{match[1] or '.000'}Z"
    try:
        return stamp_text(parse_stamp(text))
    except (ValueError, OverflowError):
        return text


def _number(value: Any) -> str:
    """REST writes 3.5E8 where Bulk writes 350000000.0: both become 350000000."""
    text = str(value)
    if text.isdigit() and text.isascii() and (text[0] != "0" or text == "0"):
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite() or abs(number.adjusted()) > 40:
        return text
    plain = f"{number:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain
