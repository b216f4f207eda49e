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


def living(table: str) -> Read:
    """A raw table's living records as known at the moment of the run."""
    return Read(table, Version.LIVING)


def last_read(table: str) -> Read:
    """A raw table's living records as last read."""
    return Read(table, Version.LAST_READ)


def before(table: str) -> Read:
    """A table as the run before left it."""
    return Read(table, Version.BEFORE)


@dataclass(frozen=True)
class Step:
    """One rule of the line.

    `reads` are given by position, `named` by name; `as_mapping` gives all of `reads` as one mapping by table name instead. `takes` maps
    an argument to its place in the agreement (`scoring.exclusions`; `""` is the whole). A step that is not `is_published` makes a value
    that only later steps of the same run read.
    """

    makes: tuple[str, ...]
    rule: Callable[..., Any]
    reads: tuple[str | Read, ...] = ()
    named: Mapping[str, str | Read] = field(default_factory=dict)
    takes: Mapping[str, str] = field(default_factory=dict)
    kind: Kind = Kind.EXPRESSION
    asks: Asks = Asks.NOTHING
    as_mapping: bool = False
    is_published: bool = True
    asset: str | None = None

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
        given = [one if isinstance(one, Read) else Read(one) for one in (*self.reads, *self.named.values())]
        return tuple(dict.fromkeys(given))

    @cached_property
    def is_stamped(self) -> bool:
        """Whether the rule writes the agreement's version beside each row."""
        return "agreement_version" in inspect.signature(self.rule).parameters

    def call(self, read: Callable[[Read], Any], *, agreement: Agreement, as_of: Any, **options: Any) -> dict[str, Any]:
        """The rule's tables by name, over what `read` gives; `options` are further arguments of this rule."""
        found = {one: read(one) for one in self.inputs}
        tables = [found[one if isinstance(one, Read) else Read(one)] for one in self.reads]
        arguments = {name: found[one if isinstance(one, Read) else Read(one)] for name, one in self.named.items()}
        arguments |= {name: attrgetter(path)(agreement) if path else agreement for name, path in self.takes.items()}
        if self.asks is not Asks.NOTHING:
            arguments["as_of"] = as_of
        if self.is_stamped:
            arguments["agreement_version"] = agreement.version
        if self.as_mapping:
            tables = [{one.table: found[one] for one in self.inputs if one.table in self._positional}]
        return self._named(self.rule(*tables, **arguments, **options))

    @cached_property
    def _positional(self) -> frozenset[str]:
        return frozenset(one.table if isinstance(one, Read) else one for one in self.reads)

    def _named(self, made: Any) -> dict[str, Any]:
        if len(self.makes) == 1:
            return {self.name: made}
        by_name = made if isinstance(made, Mapping) else dict(zip(self.makes, made, strict=True))
        return {name: by_name[name] for name in self.makes}


def parts(*names: str, **places: str) -> dict[str, str]:
    """Parts of the agreement: by their own name, or as argument=place."""
    return {name: name for name in names} | places


def each(*tables: str, version: Callable[[str], Read]) -> tuple[Read, ...]:
    """The same version of several tables."""
    return tuple(version(table) for table in tables)


def published(steps: Iterable[Step]) -> tuple[str, ...]:
    """Every table that these steps publish."""
    return tuple(name for step in steps if step.is_published for name in step.makes)
