"""Values on their way in (JSON, CSV) and out (JSON, CSV), by field type.

Belongs here: parsing and rendering of one value. Lengths, ranges, picklists and the other rules of saving are in `rules.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from alignment_pipeline.sandbox.salesforce.failures import ApiError, RowError, json_parser
from alignment_pipeline.sandbox.salesforce.schema import NUMBER_TYPES, Field

_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_DATETIME = re.compile(r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d+))?(Z|[+-]\d{2}:?\d{2})$")
_TIME = re.compile(r"^(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?Z?$")
_INTEGER = re.compile(r"^[+-]?\d+$")
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$")


def parse_datetime(text: str) -> datetime | None:
    """A moment with an offset, to the second in UTC; None when the text is none (or has no offset)."""
    match = _DATETIME.match(text.strip())
    if match is None:
        return None
    day, clock, _, zone = match.groups()
    zone = "+00:00" if zone == "Z" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        return datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def parse_date(text: str) -> date | None:
    """A calendar day `YYYY-MM-DD`; None when the text is none."""
    if not _DATE.match(text.strip()):
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    """A time of day `HH:MM[:SS[.mmm]][Z]`; None when the text is none."""
    match = _TIME.match(text.strip())
    if match is None:
        return None
    try:
        return time(int(match[1]), int(match[2]), int(match[3] or 0))
    except ValueError:
        return None


def _cannot(kind: str, value: Any) -> ApiError:
    names = {int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", dict: "START_OBJECT", list: "START_ARRAY"}
    token = "VALUE_TRUE" if value is True else "VALUE_FALSE" if value is False else names.get(type(value), "VALUE_STRING")
    shown = "true" if value is True else "false" if value is False else value
    return json_parser(
        f"Cannot deserialize instance of {kind} from {token} value {shown} or request may be missing a required field at [line:1, column:2]"
    )


def from_json(field: Field, value: Any) -> Any:
    """A JSON value as this field's Python value. Raises ApiError JSON_PARSER_ERROR, which refuses the whole request."""
    kind = field.type
    if value is None:
        return False if kind == "boolean" else None
    if kind == "boolean":
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise _cannot("boolean", value)
        return value
    if kind in NUMBER_TYPES:
        return _number_from_json(kind, value)
    if isinstance(value, dict | list):
        raise _cannot("string", value)
    if kind in ("date", "datetime", "time"):
        return _moment_from_json(kind, value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if not isinstance(value, str) else value


def _number_from_json(kind: str, value: Any) -> Any:
    name = "int" if kind == "int" else "double"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _cannot(name, value)
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if not (_INTEGER if kind == "int" else _NUMBER).match(text):
            raise _cannot(name, value)
        value = int(text) if kind == "int" else float(text)
    if kind == "int":
        if isinstance(value, float):
            raise _cannot(name, value)
        return value
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        raise _cannot(name, value)
    return number


def _moment_from_json(kind: str, value: Any) -> Any:
    if not isinstance(value, str):
        raise _cannot(kind, value)
    if not value.strip():
        return None
    parsed: Any
    if kind == "datetime":
        parsed = parse_datetime(value)
        if parsed is None and parse_date(value) is not None:
            parsed = parse_datetime(f"{value.strip()}T00:00:00Z")
    elif kind == "date":
        moment = parse_datetime(value)
        parsed = parse_date(value) or (moment.date() if moment else None)
    else:
        parsed = parse_time(value)
    if parsed is None:
        raise _cannot(kind, value)
    return parsed


def from_csv(field: Field, text: str) -> Any:
    """A CSV cell (not empty, not `#N/A`) as this field's Python value. Raises RowError INVALID_TYPE_ON_FIELD_IN_RECORD."""
    kind = field.type
    if kind == "boolean" and text.strip().lower() in ("true", "1", "false", "0"):
        return text.strip().lower() in ("true", "1")
    try:
        if kind != "boolean":
            return from_json(field, text)
    except ApiError as error:
        raise _wrong_type(field, text) from error
    raise _wrong_type(field, text)


def _wrong_type(field: Field, text: str) -> RowError:
    return RowError("INVALID_TYPE_ON_FIELD_IN_RECORD", f"{field.label}: value not of required type: {text}", [field.name])


def rounded(value: float, scale: int) -> float:
    """A number at a field's scale, halves away from zero as the vendor's database does."""
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP))


def _iso(value: datetime) -> str:
    # Stored moments are UTC to the second; isoformat is many times as fast as strftime.
    return value.isoformat()[:19] + ".000"


def _json_plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _iso(value) + "+0000"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M:%S.000Z")
    return value


def json_renderer(field: Field) -> Callable[[Any], Any]:
    """The function that turns this field's Python value into what `json.dumps` takes."""
    kind = field.type
    if kind == "datetime":
        return lambda value: None if value is None else _iso(value) + "+0000"
    if kind == "boolean":
        return bool
    if kind in ("double", "currency", "percent"):
        return lambda value: None if value is None else float(value)
    if kind in ("date", "time", "anyType"):
        return _json_plain
    return lambda value: value


def java_double(value: float) -> str:
    """A double as Java's Double.toString writes it, which is what the vendor's CSV holds: 5.0, 3.5E8, 1.0E-4."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(float(value))
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(str(digit) for digit in digits)
    power = int(exponent) + len(text) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


def _csv_any(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _iso(value) + "Z"
    if isinstance(value, float):
        return java_double(value)
    return str(_json_plain(value))


def csv_renderer(field: Field) -> Callable[[Any], str]:
    """The function that turns this field's Python value into what a Bulk API result file holds (before quoting)."""
    kind = field.type
    if kind == "boolean":
        return lambda value: "true" if value else "false"
    if kind in ("double", "currency", "percent"):
        return lambda value: "" if value is None else java_double(float(value))
    if kind == "datetime":
        return lambda value: "" if value is None else _iso(value) + "Z"
    if kind in ("anyType", "date", "time"):
        return lambda value: "" if value is None else _csv_any(value)
    return lambda value: "" if value is None else str(value)
