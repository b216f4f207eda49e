"""GROUP BY and aggregate functions.

Belongs here: groups to AggregateResult rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from alignment_pipeline.sandbox.salesforce.failures import ApiError
from alignment_pipeline.sandbox.salesforce.schema import Field
from alignment_pipeline.sandbox.salesforce.soql.paths import Column, Record, Resolver
from alignment_pipeline.sandbox.salesforce.soql.tree import Comparison, Condition, FieldRef, Function, Junction, Literal, Negation, Query
from alignment_pipeline.sandbox.salesforce.values import json_renderer

_REDUCE: dict[str, Callable[[list[Any]], Any]] = {
    "COUNT": len,
    "COUNT_DISTINCT": lambda values: len({value.lower() if isinstance(value, str) else value for value in values}),
    "SUM": lambda values: float(sum(values)) if values else None,
    "AVG": lambda values: sum(values) / len(values) if values else None,
    "MIN": lambda values: min(values) if values else None,
    "MAX": lambda values: max(values) if values else None,
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": lambda left, right: left is not None and bool(left < right),
    ">": lambda left, right: left is not None and bool(left > right),
    "<=": lambda left, right: left is not None and bool(left <= right),
    ">=": lambda left, right: left is not None and bool(left >= right),
}


def groups(query: Query, rows: Sequence[Record], resolver: Resolver) -> tuple[list[dict[str, Any]], tuple[Column, ...]]:
    """The AggregateResult rows of a grouped query, rendered, and no columns (they have no CSV form)."""
    keys = [resolver.operand(one) for one in query.group_by]
    grouped: dict[tuple[Any, ...], list[Record]] = {} if keys else {(): list(rows)}
    for record in rows if keys else ():
        values = tuple(_folded(key.getter(record)) for key in keys)
        grouped.setdefault(values, []).append(record)
    grouping = {_path_of(one) for one in query.group_by}
    results: list[dict[str, Any]] = []
    for members in grouped.values():
        if query.having is None or _holds(query.having, members, resolver):
            results.append(_row(query, members, resolver, grouping))
    for one in reversed(query.order_by):
        results = _ordered(results, query, one.target, one.descending, resolver)
    end = None if query.limit is None else query.offset + query.limit
    return results[query.offset : end], ()


def render(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `groups` is rendered already."""
    return row


def _path_of(target: FieldRef | Function) -> str:
    path = ".".join(target.path or ()).lower()
    return path if isinstance(target, FieldRef) else f"{target.name}({path})"


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _value(target: Function, members: Sequence[Record], resolver: Resolver) -> tuple[Any, Field | None]:
    if target.path is None:
        return len(members), None
    column = resolver.column(target.path)
    if target.name not in ("COUNT", "COUNT_DISTINCT"):
        # the vendor aggregates amounts in the organisation's own currency
        column = resolver.converted(column)
    values = [value for value in map(column.getter, members) if value is not None]
    if target.name in ("SUM", "AVG") and column.field.type not in ("int", "double", "currency", "percent"):
        raise ApiError(400, "MALFORMED_QUERY", f"field {column.field.name} does not support aggregate operator {target.name}")
    return _REDUCE[target.name](values), column.field if target.name in ("MIN", "MAX") else None


def _row(query: Query, members: Sequence[Record], resolver: Resolver, grouping: set[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
    number = 0
    for item in query.select:
        if isinstance(item, Function) and item.name in _REDUCE:
            value, field = _value(item, members, resolver)
            name = item.alias or f"expr{number}"
            number += 0 if item.alias else 1
            row[name] = value if field is None else json_renderer(field)(value)
        elif isinstance(item, FieldRef | Function):
            if _path_of(item) not in grouping:
                shown = ".".join(item.path or ())
                raise ApiError(400, "MALFORMED_QUERY", f"Field must be grouped or aggregated: {shown}")
            column = resolver.operand(item)
            name = item.alias or (f"expr{number}" if isinstance(item, Function) else column.names[-1])
            number += 1 if isinstance(item, Function) and not item.alias else 0
            row[name] = json_renderer(column.field)(column.getter(members[0]) if members else None)
        else:
            raise ApiError(400, "MALFORMED_QUERY", "Grouped query cannot use FIELDS or child relationships in the SELECT list")
    return row


def _holds(condition: Condition, members: Sequence[Record], resolver: Resolver) -> bool:
    if isinstance(condition, Junction):
        results = [_holds(part, members, resolver) for part in condition.parts]
        return all(results) if condition.operator == "AND" else any(results)
    if isinstance(condition, Negation):
        return not _holds(condition.part, members, resolver)
    assert isinstance(condition, Comparison)
    if not isinstance(condition.value, Literal) or condition.operator not in _COMPARE:
        raise ApiError(400, "MALFORMED_QUERY", "HAVING compares with one value")
    if isinstance(condition.target, Function) and condition.target.name in _REDUCE:
        value, _ = _value(condition.target, members, resolver)
    else:
        value = resolver.operand(condition.target).getter(members[0])
    return _COMPARE[condition.operator](value, condition.value.value)


def _ordered(
    rows: list[dict[str, Any]], query: Query, target: FieldRef | Function, descending: bool, resolver: Resolver
) -> list[dict[str, Any]]:
    name = _name_in(query, target, resolver)
    nulls = [row for row in rows if row.get(name) is None]
    others = sorted((row for row in rows if row.get(name) is not None), key=lambda row: row[name], reverse=descending)
    return nulls + others


def _name_in(query: Query, target: FieldRef | Function, resolver: Resolver) -> str:
    number = 0
    for item in query.select:
        is_function = isinstance(item, Function)
        if isinstance(item, FieldRef | Function):
            name = item.alias or (f"expr{number}" if is_function else resolver.operand(item).names[-1])
            if _path_of(item) == _path_of(target) or (item.alias and isinstance(target, FieldRef) and target.path == (item.alias,)):
                return name
        number += 1 if is_function and isinstance(item, Function) and not item.alias else 0
    raise ApiError(400, "MALFORMED_QUERY", f"Ordered field must be grouped or aggregated: {'.'.join(target.path or ())}")
