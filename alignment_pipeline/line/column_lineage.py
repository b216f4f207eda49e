"""Which columns each column of a table is made from, read from the rule's own expression.

Belongs here: walking an Ibis expression down to the tables it reads. Rules that are expressions are called with tables without data, so
nothing is run. Of folds and matches, whose columns come out of Python, nothing is said rather than guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import ibis
import ibis.expr.operations as ops
from ibis.common.exceptions import IbisError

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.line.run import TARGET_LIST
from alignment_pipeline.line.step import Kind, Read, Step, Version
from alignment_pipeline.staging import versions

Column = tuple[str, str]
#: Of each column: the columns it is made from, as table and name.
Lineage = Mapping[str, frozenset[Column]]

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def column_lineage(step: Step, agreement: Agreement) -> dict[str, Lineage]:
    """The lineage of every table that a step makes; empty where nothing can be said."""
    if step.kind is not Kind.EXPRESSION or not all(one.table in CONTRACTS or one.table == TARGET_LIST for one in step.inputs):
        return {}
    try:
        tables = step.call(_without_data, agreement=agreement, as_of=_SOME_DAY)
    except IbisError:
        return {}  # a rule that looks at rows while it builds its expression
    return {name: _of_table(table) for name, table in tables.items() if isinstance(table, ibis.Table) and name in CONTRACTS}


def _without_data(one: Read) -> Any:
    if one.table == TARGET_LIST:
        return None
    table = ibis.table(ibis.Schema.from_pyarrow(CONTRACTS[one.table].schema), name=one.table)
    return versions.living(table, as_of=_SOME_DAY) if one.version in (Version.LIVING, Version.LAST_READ) else table


def _of_table(table: ibis.Table) -> Lineage:
    known: dict[ops.Relation, Lineage] = {}

    def relation(one: ops.Relation) -> Lineage:
        if one not in known:
            known[one] = _columns(one, relation)
        return known[one]

    return relation(table.op())


def _columns(one: ops.Relation, below: Callable[[ops.Relation], Lineage]) -> Lineage:
    if isinstance(one, ops.InMemoryTable):
        return dict.fromkeys(one.schema.names, frozenset())  # a list of the agreement
    if isinstance(one, ops.PhysicalTable):
        return {name: frozenset({(one.name, name)}) for name in one.schema.names}
    if isinstance(one, ops.Set):
        left, right = below(one.left), below(one.right)
        return {name: left[name] | right[name] for name in one.schema.names}
    if isinstance(one, ops.Reference):
        return below(one.parent)
    return {name: _value(value, below) for name, value in one.values.items()}


def _value(value: ops.Node, below: Callable[[ops.Relation], Lineage]) -> frozenset[Column]:
    if isinstance(value, ops.Field):
        return below(value.rel)[value.name]
    if isinstance(value, ops.Relation):
        return frozenset().union(*below(value).values())
    return frozenset().union(*(_value(child, below) for child in value.__children__))
