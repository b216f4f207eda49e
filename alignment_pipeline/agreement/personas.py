"""Who a person is by their title: seniority, function, and the role in the buying committee.

Belongs here: the words and what follows from them. How titles are read: `scoring/titles.py`.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from alignment_pipeline.agreement.engagement import Weight
from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.section import Section

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Seniority(Section):
    """A level. Levels stand from the highest to the lowest; the highest one whose words the title has is taken."""

    name: Name = Field(description="Key used elsewhere in the agreement")
    label: str = Field(min_length=1, max_length=40, description="Name that people read")
    words: list[Pattern] = Field(
        default=[], description="Words or phrases, any language, accents and case do not count; *leiter matches word ends"
    )
    not_with: list[Pattern] = Field(default=[], description="Phrases that take the level away, as 'assistant to'")
    weight: Weight = Field(default=1.0, description="Weight of such a person's activities; 0 removes them")


class Function(Section):
    """A line of work. The first one whose words the title has is taken."""

    name: Name = Field(description="Name in this file")
    label: str = Field(min_length=1, max_length=40, description="Name that people read")
    words: list[Pattern] = Field(min_length=1, description="Words of a title that mean it")


class CommitteeRole(Section):
    """A seat in the buying committee; empty lists mean any."""

    name: str = Field(min_length=1, max_length=40, description="Name of the seat, as it stands in coverage and reasons")
    seniorities: list[Name] = Field(default=[], description="Seniorities that can hold it")
    functions: list[Name] = Field(default=[], description="Functions that can hold it")


class Personas(Section):
    """Everything that a title says."""

    seniorities: list[Seniority] = Field(min_length=1)
    unknown_weight: Weight = Field(default=1.0, description="Weight of people whose title says no seniority, or who have none")
    functions: list[Function] = Field(min_length=1)
    committee: list[CommitteeRole] = Field(
        default=[], description="Roles that an account's buying committee needs; a person takes the first that fits"
    )

    @model_validator(mode="after")
    def _known_names(self) -> Self:
        for kind, names in (("seniorities", [s.name for s in self.seniorities]), ("functions", [f.name for f in self.functions])):
            doubled = next((name for name in names if names.count(name) > 1), None)
            if doubled:
                raise ValueError(f"{kind}: {doubled!r} is defined twice")
            for role in self.committee:
                unknown = [name for name in getattr(role, kind) if name not in names]
                if unknown:
                    raise ValueError(f"committee: {role.name!r} names {kind} {unknown[0]!r}; known are {', '.join(names)}")
        return self
