"""TYPEOF: fields of a polymorphic parent by the parent's own object.

Belongs here: one TYPEOF to a function of a record. Plain parents are resolved in `paths.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alignment_pipeline.sandbox.salesforce.failures import ApiError
from alignment_pipeline.sandbox.salesforce.schema import Field, ObjectSchema, Schema
from alignment_pipeline.sandbox.salesforce.soql.paths import NAME_FIELDS, Column, Record, Resolver
from alignment_pipeline.sandbox.salesforce.soql.projection import attributes
from alignment_pipeline.sandbox.salesforce.soql.tree import Path, TypeOf
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.salesforce.values import json_renderer


def type_of(
    store: SalesforceStore, schema: Schema, target: ObjectSchema, item: TypeOf, text: str, version: str
) -> tuple[str, Callable[[Record], Any]]:
    """The relationship's name and the function that gives its nested object. Raises ApiError."""
    reference = target.by_relationship.get(item.path[0].lower()) if len(item.path) == 1 else None
    if reference is None or not reference.polymorphic:
        raise ApiError(400, "INVALID_FIELD", f"TYPEOF needs a polymorphic relationship; {'.'.join(item.path)} on {target.name} is none")
    branches: dict[str, list[Column]] = {}
    for name, paths in item.branches:
        parent = schema.get(name)
        if parent is None or parent.name not in reference.references:
            raise ApiError(400, "INVALID_TYPE", f"{name} is no type of {reference.relationship}")
        resolver = Resolver(store, schema, parent, None, text)
        branches[parent.name] = [resolver.column(path) for path in paths]
    otherwise = [_name_column(path) for path in item.otherwise]

    def nested(record: Record) -> Any:
        parent_id = record.get(reference.name)
        parent_record = store.find(parent_id) if parent_id else None
        parent_schema = store.schema.of_id(parent_id) if parent_id else None
        if parent_record is None or parent_schema is None:
            return None
        columns = branches.get(parent_schema.name, otherwise)
        rendered: dict[str, Any] = {"attributes": attributes(parent_schema.name, parent_record["Id"], version)}
        return rendered | {".".join(one.names): json_renderer(one.field)(one.getter(parent_record)) for one in columns}

    return str(reference.relationship), nested


def _name_column(path: Path) -> Column:
    """A field of the Name object, which ELSE reads."""
    known = {name.lower(): name for name in NAME_FIELDS}
    name = known.get(path[0].lower()) if len(path) == 1 else None
    if name is None:
        raise ApiError(400, "INVALID_FIELD", f"No such column '{'.'.join(path)}' on entity 'Name'")
    field = Field(name=name, type="boolean" if name == "IsActive" else "string", label=name)
    return Column(field, lambda record: record.get(name), (name,))
