"""Chosen columns to nested JSON records.

Belongs here: `attributes`, parents as nested objects (null when there is none), children as nested results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alignment_pipeline.sandbox.salesforce.soql.paths import Column, Record
from alignment_pipeline.sandbox.salesforce.values import json_renderer


def attributes(name: str, record_id: str, version: str) -> dict[str, str]:
    """The `attributes` of a record in an answer."""
    return {"type": name, "url": f"/services/data/v{version}/sobjects/{name}/{record_id}"}


class Projection:
    """The columns of a SELECT, in order, and their rendering."""

    def __init__(self, name: str, version: str, object_of: Callable[[str], str]) -> None:
        self.name = name
        self.version = version
        self.object_of = object_of
        self._columns: list[Column] = []
        self._children: list[tuple[str, Callable[[Record], Any]]] = []
        self._plain: list[tuple[str, Callable[[Record], Any], Callable[[Any], Any]]] = []
        self._nested: list[tuple[Column, Callable[[Any], Any]]] = []

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in query order."""
        return tuple(self._columns)

    def add(self, column: Column) -> None:
        """Add a field or a parent's field."""
        self._columns.append(column)
        render = json_renderer(column.field)
        if len(column.names) == 1:
            self._plain.append((column.names[0], column.getter, render))
        else:
            self._nested.append((column, render))

    def add_children(self, name: str, nested: Callable[[Record], Any]) -> None:
        """Add a child sub-select under its relationship name."""
        self._children.append((name, nested))

    def render(self, record: Record) -> dict[str, Any]:
        """One record as the API answers it."""
        rendered: dict[str, Any] = {"attributes": attributes(self.name, record["Id"], self.version)}
        for name, get, render in self._plain:
            value = get(record)
            rendered[name] = render(value)
        for column, render in self._nested:
            self._place(rendered, column, record, render)
        for name, nested in self._children:
            rendered[name] = nested(record)
        return rendered

    def _place(self, rendered: dict[str, Any], column: Column, record: Record, render: Callable[[Any], Any]) -> None:
        level = rendered
        for name, (parent_of, is_name) in zip(column.names[:-1], column.parents, strict=True):
            parent = parent_of(record)
            if parent is None:
                level[name] = None
                return
            inner = level.get(name)
            if inner is None:
                shown = attributes(self.object_of(parent["Id"]), parent["Id"], self.version)
                inner = level[name] = {"attributes": shown | {"type": "Name"} if is_name else shown}
            level = inner
        level[column.names[-1]] = render(column.getter(record))
