"""Walks rows of the line: which steps make the wanted tables, and running them in order.

Belongs here: choosing steps and running them over tables by name. Where tables come from (`source`) and where they go (`keep`) is the
caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.line.engine import Direct, Engine
from alignment_pipeline.line.job import MAKERS, Job
from alignment_pipeline.line.step import Kind, Read, Step, Version
from alignment_pipeline.line.steps import LINE
from alignment_pipeline.staging import versions

# read by a rule and made by none: a file beside the agreement
TARGET_LIST = "target_list"
Keep = Callable[[str, Any], Any]


def maker(name: str) -> Step:
    """The step that makes a table. Raises KeyError when none does."""
    return MAKERS[name]


def needed(wanted: Collection[str], *, given: Collection[str] = ()) -> tuple[Step, ...]:
    """The steps, in the order of the line, that make the wanted tables from the given ones and from tables that no step makes."""
    missing, chosen = [name for name in wanted if name not in given], set()
    while missing:
        step = MAKERS.get(missing.pop())
        if step is None or step.name in chosen:
            continue
        chosen.add(step.name)
        missing += [one.table for one in step.inputs if one.version is Version.DECIDED and one.table not in given]
    return tuple(step for step in LINE if step.name in chosen)


def outside(steps: Sequence[Step]) -> tuple[str, ...]:
    """The tables that these steps read and none of them makes; what the run before left is none of them."""
    makes = {name for step in steps for name in step.makes}
    read = [one.table for step in steps for one in step.inputs if one.version is not Version.BEFORE]
    return tuple(dict.fromkeys(name for name in read if name not in makes and name != TARGET_LIST))


@dataclass
class Walk:
    """One walk along the line. `source` gives a table that no step of this walk makes, in the version asked for; `keep` takes each table
    by its name and returns what later steps read. `engine` runs the rules."""

    agreement: Agreement
    as_of: datetime
    source: Callable[[Read], Any]
    keep: Keep = field(default=lambda name, table: table)
    tables: dict[str, Any] = field(default_factory=dict)
    engine: Engine = field(default_factory=Direct)

    def read(self, one: Read) -> Any:
        """A table: made on this walk, or from outside."""
        if one.version is Version.DECIDED and one.table in self.tables:
            return self.tables[one.table]
        return self.source(one)

    def evaluate(self, step: Step, **options: Any) -> None:
        """Run one step; its tables are in `tables` afterwards. `options` are further arguments of its rule."""
        run = {Kind.EXPRESSION: self.engine.expression, Kind.FOLD: self.engine.fold, Kind.MATCH: self.engine.match}[step.kind]
        results = run(Job(step, self.read, self.agreement, self.as_of, options))
        self.tables |= {name: self.keep(name, one) for name, one in results.items()}

    def along(self, steps: Sequence[Step]) -> dict[str, Any]:
        """Run the steps; returns every table made so far."""
        for step in steps:
            self.evaluate(step)
        return self.tables


def in_memory(_: str, table: Any) -> Any:
    """A table worked out once; what is no table, as it is."""
    if isinstance(table, pa.Table):
        return ibis.memtable(table)
    return ibis.memtable(table.to_pyarrow()) if isinstance(table, ibis.Table) else table


def given(tables: Mapping[str, Any], *, as_of: datetime) -> Callable[[Read], Any]:
    """A source of tables by name. Raw tables are whole ones; the run before left nothing; without a target list there is none."""

    def source(one: Read) -> Any:
        if one.version is Version.BEFORE:
            return ibis.memtable(CONTRACTS[one.table].empty())
        if one.table == TARGET_LIST:
            return tables.get(TARGET_LIST)
        return tables[one.table] if one.version is Version.DECIDED else versions.living(tables[one.table], as_of=as_of)

    return source


def decide(
    wanted: Collection[str], tables: Mapping[str, Any], *, agreement: Agreement, as_of: datetime, keep: Keep = in_memory
) -> dict[str, Any]:
    """The wanted tables and every table on the way to them, made from the given ones."""
    walk = Walk(agreement, as_of, given(tables, as_of=as_of), keep)
    return walk.along(needed(wanted, given=tables))
