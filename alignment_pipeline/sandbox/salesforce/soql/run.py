"""Run a query: choose rows, order them, make a projection.

Belongs here: one query for one user, to a `Result` whose rows are rendered later, page by page. Grouping is in `aggregate.py`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline.sandbox.salesforce.failures import ApiError
from alignment_pipeline.sandbox.salesforce.ids import to18
from alignment_pipeline.sandbox.salesforce.schema import Field, ObjectSchema, Schema
from alignment_pipeline.sandbox.salesforce.soql import aggregate, parser
from alignment_pipeline.sandbox.salesforce.soql.paths import Column, Record, Resolver
from alignment_pipeline.sandbox.salesforce.soql.projection import Projection
from alignment_pipeline.sandbox.salesforce.soql.tree import (
    AllFields,
    Comparison,
    Condition,
    FieldRef,
    Function,
    Junction,
    Literal,
    Ordering,
    Query,
    SubSelect,
    TypeOf,
)
from alignment_pipeline.sandbox.salesforce.soql.typeof import type_of
from alignment_pipeline.sandbox.salesforce.soql.where import check_semi_joins, predicate
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore

_ALL_LIMIT = 200
_GROUP_LIMIT = 2000
_ARCHIVING = ("Task", "Event")


@dataclass(frozen=True)
class Result:
    """What a query found. `total` counts COUNT() too; rows are rendered by `render` (JSON) or by the columns (CSV)."""

    object: str
    rows: Sequence[Any]
    total: int
    columns: tuple[Column, ...]
    render: Callable[[Any], dict[str, Any]]
    wide: bool = False


def run(
    store: SalesforceStore, schema: Schema, text: str, *, now: datetime, version: str = "59.0", all_rows: bool = False, bulk: bool = False
) -> Result:
    """Run a query text. Raises ApiError as the vendor does. `all_rows` is queryAll; `bulk` refuses what Bulk API 2.0 refuses."""
    return Runner(store, schema, text, now=now, version=version, all_rows=all_rows).run(parser.parse(text), bulk=bulk)


class Runner:
    """One query text for one user at one moment."""

    def __init__(self, store: SalesforceStore, schema: Schema, text: str, *, now: datetime, version: str, all_rows: bool) -> None:
        self.store = store
        self.schema = schema
        self.text = text
        self.now = now
        self.version = version
        self.all_rows = all_rows
        self._bin_start = now - timedelta(days=store.settings.recycle_bin_days)

    def run(self, query: Query, *, bulk: bool = False) -> Result:
        """Run the top query."""
        target = self.target(query.object)
        if bulk:
            _refuse_for_bulk(query, target)
        resolver = Resolver(self.store, self.schema, target, query.alias, self.text)
        is_aggregate = bool(query.group_by) or any(isinstance(one, Function) and one.name in parser.AGGREGATES for one in query.select)
        if is_aggregate:
            return self._aggregate(query, target, resolver)
        projection = self._projection(query, target, resolver, bulk=bulk)
        rows = self.rows(query, target, resolver)
        wide = sum(1 for one in projection.columns if one.field.type == "textarea" and one.field.length > 255) >= 2
        return Result(target.name, rows, len(rows), projection.columns, projection.render, wide)

    def target(self, name: str) -> ObjectSchema:
        """The object of FROM. Raises ApiError INVALID_TYPE."""
        schema = self.schema.get(name)
        if schema is None:
            at = max(0, self.text.lower().rfind(name.lower()))
            place = f"\n{self.text[max(0, at - 40) : at + 40]}\n{' ' * min(at, 40)}^\nERROR at Row:1:Column:{at + 1}\n"
            message = (
                f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
                "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
            )
            raise ApiError(400, "INVALID_TYPE", place + message)
        return schema

    def rows(self, query: Query, target: ObjectSchema, resolver: Resolver, among: Sequence[Record] | None = None) -> list[Record]:
        """The rows that fit, ordered and limited."""
        check_semi_joins(query.where)
        fits = None if query.where is None else predicate(query.where, resolver, self.values_of, self.now)
        candidates = among if among is not None else self._candidates(query.where, target)
        records = [record for record in candidates if self._is_visible(target, record) and (fits is None or fits(record))]
        for one in reversed(query.order_by):
            records = _sorted(records, one, resolver)
        end = None if query.limit is None else query.offset + query.limit
        return records[query.offset : end] if query.offset or end is not None else records

    def _object_of(self, record_id: str) -> str:
        schema = self.store.schema.of_id(record_id)
        return "Name" if schema is None else schema.name

    def _is_visible(self, target: ObjectSchema, record: Record) -> bool:
        if self.all_rows:
            return not record.get("IsDeleted") or record.get("SystemModstamp", self.now) >= self._bin_start
        return not record.get("IsDeleted") and not (target.name in _ARCHIVING and record.get("IsArchived"))

    def _candidates(self, where: Condition | None, target: ObjectSchema) -> Sequence[Record]:
        """All rows, or only those that an `Id =` or `Id IN` of the outermost AND names; rows in the recycle bin too long are gone."""
        table = self.store.tables[target.name]
        parts = where.parts if isinstance(where, Junction) and where.operator == "AND" else (where,)
        for part in parts:
            if isinstance(part, Comparison) and isinstance(part.target, FieldRef) and part.operator in ("=", "IN"):
                literals = part.value if isinstance(part.value, tuple) else (part.value,)
                is_id = len(part.target.path) == 1 and part.target.path[0].lower() == "id"
                if is_id and all(isinstance(one, Literal) for one in literals):
                    ids = {to18(str(one.value)) for one in literals if isinstance(one, Literal) and one.kind == "string"}
                    return [table[one] for one in ids if one in table]
        rows = self.store.rows(target.name)
        for rule in self.store.faults.standing("drop_rows", "salesforce"):
            if rule.options.get("object") == target.name:
                share = float(rule.options.get("share", 0.3))
                rows = [row for row in rows if zlib.crc32(row["Id"].encode()) % 1000 >= share * 1000]
        return rows

    def values_of(self, query: Query) -> set[Any]:
        """The values of a semi-join's sub-query."""
        target = self.target(query.object)
        resolver = Resolver(self.store, self.schema, target, query.alias, self.text)
        if len(query.select) != 1 or not isinstance(query.select[0], FieldRef):
            raise ApiError(400, "MALFORMED_QUERY", "a semi-join sub-query selects exactly one field")
        column = resolver.column(query.select[0].path)
        values = {column.getter(record) for record in self.rows(query, target, resolver)}
        return values - {None}

    # ---- projections

    def _projection(self, query: Query, target: ObjectSchema, resolver: Resolver, *, bulk: bool = False) -> Projection:
        projection = Projection(target.name, self.version, self._object_of)
        for item in query.select:
            if isinstance(item, AllFields):
                if item.group != "STANDARD" and (query.limit is None or query.limit > _ALL_LIMIT):
                    message = "The SOQL FIELDS function must have a LIMIT of at most 200"
                    raise ApiError(400, "MALFORMED_QUERY", message)
                chosen = [one for one in target.fields if item.group == "ALL" or one.custom is (item.group == "CUSTOM")]
                for one in chosen:
                    projection.add(resolver.column((one.name,)))
            elif isinstance(item, SubSelect):
                projection.add_children(*self._children(item.query, target))
            elif isinstance(item, TypeOf):
                projection.add_children(*type_of(self.store, self.schema, target, item, self.text, self.version))
            else:
                column = resolver.operand(item)
                if bulk and column.field.type == "address":
                    raise ApiError(400, "API_ERROR", "Selecting compound data not supported in Bulk Query")
                if isinstance(item, Function) and (item.alias or item.name not in ("TOLABEL", "CONVERTCURRENCY")):
                    projection.add(Column(column.field, column.getter, (item.alias or "expr0",)))
                else:
                    projection.add(column)
        if len({column.names for column in projection.columns}) < len(projection.columns):
            names = [column.names for column in projection.columns]
            twice = next(".".join(one) for one in names if names.count(one) > 1)
            raise ApiError(400, "INVALID_FIELD", f"duplicate field selected: {twice}")
        return projection

    def _children(self, query: Query, parent: ObjectSchema) -> tuple[str, Callable[[Record], Any]]:
        children = [(child, one) for child, one in self.schema.children(parent.name) if str(one.children).lower() == query.object.lower()]
        if not children:
            raise ApiError(400, "INVALID_TYPE", f"Didn't understand relationship '{query.object}' in FROM part of query call.")
        child, reference = children[0]
        resolver = Resolver(self.store, self.schema, child, query.alias, self.text)
        projection = self._projection(query, child, resolver)
        grouped: dict[str, list[Record]] = {}
        for record in self.store.rows(child.name):
            if record.get(reference.name) and self._is_visible(child, record):
                grouped.setdefault(record[reference.name], []).append(record)

        def nested(record: Record) -> Any:
            rows = self.rows(query, child, resolver, grouped.get(record["Id"], []))
            if not rows:
                return None
            return {"totalSize": len(rows), "done": True, "records": [projection.render(row) for row in rows]}

        return str(reference.children), nested

    def _aggregate(self, query: Query, target: ObjectSchema, resolver: Resolver) -> Result:
        plain = Query((), query.object, query.alias, query.where, limit=None)
        rows = self.rows(plain, target, resolver)
        if query.select == (Function("COUNT", None),):
            total = len(rows) if query.limit is None else min(len(rows), query.limit)
            return Result(target.name, [], total, (), dict)
        grouped, columns = aggregate.groups(query, rows, resolver)
        if len(grouped) > _GROUP_LIMIT:
            message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
            raise ApiError(400, "EXCEEDED_ID_LIMIT", message)
        return Result("AggregateResult", grouped, len(grouped), columns, aggregate.render)


def _refuse_for_bulk(query: Query, target: ObjectSchema) -> None:
    if not target.bulk:
        raise ApiError(400, "INVALIDENTITY", f"Entity '{target.name}' is not supported by the Bulk API.")
    if query.group_by or query.offset or any(isinstance(one, Function) for one in query.select):
        raise ApiError(400, "API_ERROR", "Aggregate Relationships, GROUP BY, OFFSET and aggregate functions not supported in Bulk Query")
    if any(isinstance(one, TypeOf) for one in query.select):
        raise ApiError(400, "API_ERROR", "TYPEOF not supported in Bulk Query")
    if any(isinstance(one, SubSelect) for one in query.select):
        raise ApiError(400, "API_ERROR", "Nested queries not supported in Bulk Query")


def _sorted(rows: list[Record], order: Ordering, resolver: Resolver) -> list[Record]:
    column = resolver.operand(order.target)
    if not column.field.sortable:
        raise ApiError(400, "MALFORMED_QUERY", f"field '{column.field.name}' can not be sorted in a query call")
    get = column.getter
    nulls = [record for record in rows if get(record) is None]
    others = [record for record in rows if get(record) is not None]
    others.sort(key=_sort_key(column.field, get), reverse=order.descending)
    return others + nulls if order.nulls_last else nulls + others


def _sort_key(field: Field, get: Callable[[Record], Any]) -> Callable[[Record], Any]:
    if field.type in ("id", "reference", "int", "double", "currency", "percent", "date", "datetime", "boolean", "time"):
        return get

    def folded(record: Record) -> Any:
        return str(get(record)).lower()

    return folded
