"""The syntax tree of a SOQL query.

Belongs here: frozen nodes, no behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]


@dataclass(frozen=True)
class Literal:
    """A value in a condition. `kind` is string, number, date, datetime, boolean, null, or relative (a date literal)."""

    kind: str
    value: Any


@dataclass(frozen=True)
class FieldRef:
    """A field or a path through parents."""

    path: Path
    alias: str | None = None


@dataclass(frozen=True)
class Function:
    """An aggregate or date function of a field (`path` None: COUNT())."""

    name: str
    path: Path | None
    alias: str | None = None


@dataclass(frozen=True)
class AllFields:
    """FIELDS(STANDARD), FIELDS(CUSTOM) or FIELDS(ALL)."""

    group: str


@dataclass(frozen=True)
class SubSelect:
    """A child sub-select; its query's object is the relationship name."""

    query: Query


@dataclass(frozen=True)
class TypeOf:
    """TYPEOF parent WHEN Object THEN fields ... ELSE fields END."""

    path: Path
    branches: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...] = ()


SelectItem = FieldRef | Function | AllFields | SubSelect | TypeOf


@dataclass(frozen=True)
class Comparison:
    """target operator value."""

    target: FieldRef | Function
    operator: str
    value: Literal | tuple[Literal, ...] | Query


@dataclass(frozen=True)
class Junction:
    """AND or OR of several conditions."""

    operator: str
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Negation:
    """NOT of a condition."""

    part: Condition


Condition = Comparison | Junction | Negation


@dataclass(frozen=True)
class Ordering:
    """One ORDER BY item."""

    target: FieldRef | Function
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    """A whole query."""

    select: tuple[SelectItem, ...]
    object: str
    alias: str | None = None
    where: Condition | None = None
    group_by: tuple[FieldRef | Function, ...] = ()
    having: Condition | None = None
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0
    all_rows: bool = False
