"""Conditions to predicates.

Belongs here: the comparisons as SOQL makes them, which is not as SQL does: text ignores case, `!=` and NOT IN keep nulls,
milliseconds do not count.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from alignment_pipeline.sandbox.salesforce.failures import ApiError
from alignment_pipeline.sandbox.salesforce.ids import to18
from alignment_pipeline.sandbox.salesforce.schema import NUMBER_TYPES, Field
from alignment_pipeline.sandbox.salesforce.soql.paths import Column, Record, Resolver
from alignment_pipeline.sandbox.salesforce.soql.tree import Comparison, Condition, Junction, Literal, Negation, Query

Predicate = Callable[[Record], bool]
SubQuery = Callable[[Query], set[Any]]
_MOST_DAYS = 100_000
_ORDER: dict[str, Callable[[Any, Any], bool]] = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}


def predicate(condition: Condition, resolver: Resolver, subquery: SubQuery, now: datetime) -> Predicate:
    """The function that says whether a record fits. Raises ApiError."""
    if isinstance(condition, Negation):
        inner = predicate(condition.part, resolver, subquery, now)
        return lambda record: not inner(record)
    if isinstance(condition, Junction):
        parts = [predicate(part, resolver, subquery, now) for part in condition.parts]
        if condition.operator == "AND":
            return lambda record: all(part(record) for part in parts)
        return lambda record: any(part(record) for part in parts)
    return _comparison(condition, resolver, subquery, now)


def check_semi_joins(condition: Condition | None, under_or: bool = False) -> int:
    """How many semi-joins there are. Raises ApiError MALFORMED_QUERY for more than two, or one under OR."""
    if condition is None:
        return 0
    if isinstance(condition, Negation):
        return check_semi_joins(condition.part, under_or)
    if isinstance(condition, Junction):
        count = sum(check_semi_joins(part, under_or or condition.operator == "OR") for part in condition.parts)
    else:
        count = 1 if isinstance(condition.value, Query) else 0
    if count and under_or:
        raise ApiError(400, "MALFORMED_QUERY", "Semi join sub-selects are not supported with the 'OR' operator")
    if count > 2:
        raise ApiError(400, "MALFORMED_QUERY", "maximum 2 semi join sub-selects are allowed")
    return count


def _comparison(condition: Comparison, resolver: Resolver, subquery: SubQuery, now: datetime) -> Predicate:
    column = resolver.operand(condition.target)
    field = column.field
    if not field.filterable:
        message = f"field '{field.name}' can not be filtered in a query call"
        raise ApiError(400, "INVALID_FIELD", message)
    get = _comparable(column)
    if isinstance(condition.value, Query):
        members = subquery(condition.value)
        return _member(get, members, condition.operator)
    if isinstance(condition.value, tuple):
        if condition.operator in ("INCLUDES", "EXCLUDES"):
            return _multi(get, condition)
        values = {_literal(field, one) for one in condition.value if one.kind != "relative"}
        return _member(get, values, condition.operator)
    literal = condition.value
    if literal.kind == "relative":
        return _relative(field, get, condition.operator, str(literal.value), now)
    value = _literal(field, literal, like=condition.operator == "LIKE")
    if condition.operator == "LIKE":
        return _like(get, field, value)
    if condition.operator == "=":
        return lambda record: bool(get(record) == value)
    if condition.operator == "!=":
        return lambda record: bool(get(record) != value)
    if field.type == "boolean" or value is None:
        raise ApiError(400, "INVALID_FIELD", f"invalid operator on {'boolean' if field.type == 'boolean' else 'null'} field: {field.name}")
    if field.type in ("id", "reference") and condition.operator != "=":
        # Ids may be ranged over: clients page by `Id > last`.
        pass
    compare = _ORDER[condition.operator]

    def ordered(record: Record) -> bool:
        actual = get(record)
        return actual is not None and compare(actual, value)

    return ordered


def _comparable(column: Column) -> Callable[[Record], Any]:
    """A getter whose values compare as SOQL compares: text in lower case, empty as null."""
    get, kind = column.getter, column.field.type
    if kind in NUMBER_TYPES or kind in ("boolean", "date", "datetime", "time", "id", "reference"):
        return get

    def folded(record: Record) -> Any:
        value = get(record)
        return value.lower() if isinstance(value, str) else value

    return folded


def _member(get: Callable[[Record], Any], members: set[Any], operator_name: str) -> Predicate:
    if operator_name == "NOT IN":
        return lambda record: get(record) not in members
    return lambda record: get(record) in members


def _multi(get: Callable[[Record], Any], condition: Comparison) -> Predicate:
    assert isinstance(condition.value, tuple)
    groups = [{part.strip().lower() for part in str(one.value).split(";")} for one in condition.value]
    wanted = condition.operator == "INCLUDES"

    def includes(record: Record) -> bool:
        chosen = {part.strip() for part in str(get(record) or "").split(";")}
        return any(group <= chosen for group in groups) is wanted

    return includes


def _like(get: Callable[[Record], Any], field: Field, value: Any) -> Predicate:
    if not isinstance(value, str):
        raise ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {field.type} field: {field.name}")
    pattern = ""
    place = 0
    while place < len(value):
        character = value[place]
        if character == "\\" and value[place + 1 : place + 2] in ("%", "_"):
            pattern += re.escape(value[place + 1])
            place += 1
        else:
            pattern += ".*" if character == "%" else "." if character == "_" else re.escape(character)
        place += 1
    compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)

    def like(record: Record) -> bool:
        actual = get(record)
        return actual is not None and compiled.fullmatch(str(actual)) is not None

    return like


def _quoted(field: Field, kind: str, quoted: bool) -> ApiError:
    how = "should not be enclosed in quotes" if quoted else "should be enclosed in quotes"
    return ApiError(400, "INVALID_FIELD", f"value of filter criterion for field '{field.name}' must be of type {kind} and {how}")


def _literal(field: Field, literal: Literal, *, like: bool = False) -> Any:
    kind, value = literal.kind, literal.value
    if kind == "null":
        return False if field.type == "boolean" else None
    if field.type == "boolean":
        if kind != "boolean":
            raise _quoted(field, "boolean", kind == "string")
        return value
    if field.type in NUMBER_TYPES:
        if kind != "number":
            raise _quoted(field, "int" if field.type == "int" else "double", kind == "string")
        return value
    if field.type in ("date", "datetime"):
        if kind != field.type:
            raise _quoted(field, "dateTime" if field.type == "datetime" else "date", True)
        return value
    if field.type == "time":
        if kind != "string":
            raise _quoted(field, "time", True)
        return value
    if kind != "string":
        raise _quoted(field, "string", False)
    if field.type in ("id", "reference"):
        if like:
            raise ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on id field: {field.name}")
        if not value:
            return None
        identifier = to18(value)
        if identifier is None:
            raise ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}")
        return identifier
    if like:
        return value
    return re.sub(r"\\([%_])", r"\1", value).lower() or None


def _month(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _relative_range(text: str, now: datetime) -> tuple[date, date]:
    """First day and first day after, of a date literal (UTC)."""
    today = now.astimezone(UTC).date()
    name, _, count = text.partition(":")
    number = int(count or 0)
    if number > _MOST_DAYS:
        raise ApiError(400, "MALFORMED_QUERY", f"line 1: {text}: the number of days is too large")
    one = timedelta(days=1)
    monday = today - timedelta(days=(today.weekday() + 1) % 7)
    fixed: dict[str, tuple[date, date]] = {
        "TODAY": (today, today + one),
        "YESTERDAY": (today - one, today),
        "TOMORROW": (today + one, today + 2 * one),
        "THIS_WEEK": (monday, monday + 7 * one),
        "LAST_WEEK": (monday - 7 * one, monday),
        "NEXT_WEEK": (monday + 7 * one, monday + 14 * one),
        "THIS_MONTH": (_month(today, 0), _month(today, 1)),
        "LAST_MONTH": (_month(today, -1), _month(today, 0)),
        "NEXT_MONTH": (_month(today, 1), _month(today, 2)),
        "THIS_YEAR": (date(today.year, 1, 1), date(today.year + 1, 1, 1)),
        "LAST_YEAR": (date(today.year - 1, 1, 1), date(today.year, 1, 1)),
        "LAST_N_DAYS": (today - number * one, today + one),
        "NEXT_N_DAYS": (today + one, today + (number + 1) * one),
        "N_DAYS_AGO": (today - number * one, today - (number - 1) * one),
        "LAST_90_DAYS": (today - 90 * one, today + one),
    }
    if name not in fixed:
        raise ApiError(400, "MALFORMED_QUERY", f"unexpected token: '{text}'")
    return fixed[name]


def _relative(field: Field, get: Callable[[Record], Any], operator_name: str, text: str, now: datetime) -> Predicate:
    first, after = _relative_range(text, now)
    if field.type not in ("date", "datetime"):
        raise ApiError(400, "MALFORMED_QUERY", f"unexpected token: '{text}'")
    start: Any = first if field.type == "date" else datetime.combine(first, time(), UTC)
    end: Any = after if field.type == "date" else datetime.combine(after, time(), UTC)
    checks: dict[str, Callable[[Any], bool]] = {
        "=": lambda value: value is not None and start <= value < end,
        "!=": lambda value: value is None or not start <= value < end,
        "<": lambda value: value is not None and value < start,
        "<=": lambda value: value is not None and value < end,
        ">": lambda value: value is not None and value >= end,
        ">=": lambda value: value is not None and value >= start,
    }
    check = checks.get(operator_name)
    if check is None:
        raise ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {field.type} field: {field.name}")
    return lambda record: check(get(record))
