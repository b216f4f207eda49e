"""What a row of the line says: the tables a rule makes, what it reads and takes, and the call.

Belongs here: the form of a row and how its rule is called. The rows: `steps.py`; running several of them: `run.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from operator import attrgetter
from typing import Any

from alignment_pipeline.agreement.agreement import Agreement


class Version(Enum):
    """Which version of a table a rule reads."""

    DECIDED = "as this run decided it, or as it is given"
    LIVING = "living records of a raw table, as known at the moment the run decides as of"
    LAST_READ = "living records of a raw table as last read: what the CRM holds is never a thing of the past"
    BEFORE = "as the run before this one left it"


class Kind(Enum):
    """How an engine runs a rule."""

    EXPRESSION = "an Ibis expression, run where the tables are"
    FOLD = "plain Python over whole keys: everything of one account or person together"
    MATCH = "batches against an index that every worker holds"


class Asks(Enum):
    """What a rule asks of the moment the run decides as of."""

    NOTHING = "nothing"
    DAY = "which UTC day it is: the same result all day, for the same activities so far"
    MOMENT = "the moment itself"


@dataclass(frozen=True)
class Read:
    """A table that a rule reads."""

    table: str
    version: Version = Version.DECIDED


Reads = tuple[Read, ...]


def living(tables: str) -> Reads:
    """Raw tables' living records as known at the moment of the run; names are separated by blanks."""
    return tuple(Read(table, Version.LIVING) for table in tables.split())


def last_read(tables: str) -> Reads:
    """Raw tables' living records as last read."""
    return tuple(Read(table, Version.LAST_READ) for table in tables.split())


def before(tables: str) -> Reads:
    """Tables as the run before left them."""
    return tuple(Read(table, Version.BEFORE) for table in tables.split())


@dataclass(frozen=True)
class Step:
    """One rule of the line.

    `reads` are given by position, `named` by name; `as_mapping` gives all of `reads` as one mapping by table name instead. `takes` maps
    an argument to its place in the agreement (`scoring.exclusions`; `*` is the whole). A step that is not `is_published` makes a value
    that only later steps of the same run read. `keys` says how the tables of a fold, or the batches of a match, are cut into parts that
    can be worked out one after the other, or on several machines; without it the rule needs all rows at once.
    """

    makes: tuple[str, ...]
    rule: Callable[..., Any]
    reads: Reads = ()
    named: Mapping[str, Read] = field(default_factory=dict)
    takes: Mapping[str, str] = field(default_factory=dict)
    kind: Kind = Kind.EXPRESSION
    asks: Asks = Asks.NOTHING
    as_mapping: bool = False
    is_published: bool = True
    asset: str | None = None
    keys: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None

    @property
    def name(self) -> str:
        """The first table it makes."""
        return self.makes[0]

    @property
    def asset_name(self) -> str:
        """The Dagster asset it belongs to: its own, or one that several steps make together because they share a value."""
        return self.asset or self.name

    @cached_property
    def inputs(self) -> tuple[Read, ...]:
        """Every table it reads, each version once."""
        return tuple(dict.fromkeys((*self.reads, *self.named.values())))

    @cached_property
    def is_stamped(self) -> bool:
        """Whether the rule writes the agreement's version beside each row."""
        return "agreement_version" in inspect.signature(self.rule).parameters

    def call(self, read: Callable[[Read], Any], *, agreement: Agreement, as_of: Any, **options: Any) -> dict[str, Any]:
        """The rule's tables by name, over what `read` gives; `options` are further arguments of this rule."""
        by_read = {one: read(one) for one in self.inputs}
        tables = [{one.table: by_read[one] for one in self.reads}] if self.as_mapping else [by_read[one] for one in self.reads]
        arguments = {name: by_read[one] for name, one in self.named.items()}
        arguments |= {name: agreement if path == "*" else attrgetter(path)(agreement) for name, path in self.takes.items()}
        if self.asks is not Asks.NOTHING:
            arguments["as_of"] = as_of
        if self.is_stamped:
            arguments["agreement_version"] = agreement.version
        return self._named(self.rule(*tables, **arguments, **options))

    def _named(self, result: Any) -> dict[str, Any]:
        if len(self.makes) == 1:
            return {self.name: result}
        by_name = result if isinstance(result, Mapping) else dict(zip(self.makes, result, strict=True))
        return {name: by_name[name] for name in self.makes}


def row(
    makes: str,
    rule: Callable[..., Any],
    *reads: str | Reads,
    takes: str = "",
    kind: Kind = Kind.EXPRESSION,
    asks: Asks = Asks.NOTHING,
    as_mapping: bool = False,
    is_published: bool = True,
    asset: str | None = None,
    keys: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    **named: str | Reads,
) -> Step:
    """A step, written shortly: names of tables are separated by blanks, and so are `takes`, parts of the agreement, as `crm` or
    `mqa=lifecycle.mqa`; `*` is the whole agreement. Tables that the rule takes by name follow as keywords."""
    places = (part.rpartition("=") for part in takes.split())
    return Step(
        makes=tuple(makes.split()),
        rule=rule,
        reads=tuple(one for given in reads for one in _decided(given)),
        named={name: _decided(given)[0] for name, given in named.items()},
        takes={(name or place): place for name, _, place in places},
        kind=kind,
        asks=asks,
        as_mapping=as_mapping,
        is_published=is_published,
        asset=asset,
        keys=keys,
    )


def _decided(given: str | Reads) -> Reads:
    return tuple(Read(table) for table in given.split()) if isinstance(given, str) else given


def published(steps: Iterable[Step]) -> tuple[str, ...]:
    """Every table that these steps publish."""
    return tuple(name for step in steps if step.is_published for name in step.makes)
