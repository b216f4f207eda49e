"""One rule to be run: its row, the tables that it reads, and the arguments of this run.

Belongs here: what an engine needs to know to run a rule whole, or part by part. Which engine runs it, and how: `engines/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.line.step import Kind, Read, Step, Version
from alignment_pipeline.line.steps import LINE

MAKERS = {name: step for step in LINE for name in step.makes}
Given = Callable[[Read], Any]


@dataclass(frozen=True)
class Job:
    """A step with the agreement, the moment and what `read` gives it; `options` are further arguments of its rule."""

    step: Step
    read: Given
    agreement: Agreement
    as_of: datetime
    options: Mapping[str, Any] = field(default_factory=dict)

    def whole(self) -> dict[str, Any]:
        """The rule's tables over all rows."""
        return self.step.call(self.read, agreement=self.agreement, as_of=self.as_of, **self.options)

    @cached_property
    def given(self) -> dict[Read, Any]:
        """What the rule reads, with expressions that nobody publishes replaced by what they read themselves: these are built again over
        the rows of each part."""
        return {one: self.read(one) for one in _leaves(self.step)}

    @cached_property
    def cut(self) -> dict[Read, Any]:
        """The tables that are cut into parts, each with its part_key. Empty when the rule needs all rows at once."""
        if self.step.keys is None:
            return {}
        reads = {one.table: one for one in self.given}
        keyed = self.step.keys({one.table: value for one, value in self.given.items()})
        return {reads[name]: table for name, table in keyed.items()}

    def part(self, given: Mapping[Read, Any]) -> dict[str, Any]:
        """The rule's tables over one part of the rows."""
        return over(self.step, given, agreement=self.agreement, as_of=self.as_of, **self.options)


def over(step: Step, given: Mapping[Read, Any], *, agreement: Agreement, as_of: datetime, **options: Any) -> dict[str, Any]:
    """A rule's tables over what is given; expressions that nobody publishes are built over the same."""

    def read(one: Read) -> Any:
        if one in given:
            return given[one]
        return MAKERS[one.table].call(read, agreement=agreement, as_of=as_of)[one.table]

    return step.call(read, agreement=agreement, as_of=as_of, **options)


def _leaves(step: Step) -> tuple[Read, ...]:
    leaves: dict[Read, None] = {}
    for one in step.inputs:
        maker = MAKERS.get(one.table)
        is_built_anew = maker is not None and not maker.is_published and maker.kind is Kind.EXPRESSION and one.version is Version.DECIDED
        leaves |= dict.fromkeys(_leaves(maker) if is_built_anew and maker is not None else (one,))
    return tuple(leaves)
