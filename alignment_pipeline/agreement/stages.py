"""Stages as a state machine: which there are, which moves are allowed, what makes a move.

Belongs here: the machine's form, the same for people and accounts. The walk over events: `lifecycle/stages/machine.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from alignment_pipeline.agreement.measures import Days, Measure
from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.section import Misplaced, Section

StageName = Annotated[str, Field(min_length=1, max_length=40)]
PersonLevel = Literal[
    "customer", "on_open_opportunity", "account_open_opportunity", "account_mqa", "opted_out", "email_invalid", "competitor",
    "converted",
]  # fmt: skip
AccountLevel = Literal["target", "customer", "open_opportunity", "mqa", "disqualified", "partner"]
OpportunityEvent = Literal["opportunity_created", "opportunity_won", "opportunity_lost"]


class StageState(Section):
    """A stage, or a step inside one."""

    name: StageName = Field(description="Name; written to the CRM unless part_of names the stage it belongs to")
    part_of: StageName | None = Field(default=None, description="Stage of which this is a step, as Accepted is of Sales Lead")
    is_side_track: bool = Field(default=False, description="Not on the way forward, as Recycled and Disqualified")
    team: str = Field(default="", max_length=60, description="Team whose duty the stage is")
    works: Literal["marketing", "sales", "nobody"] = Field(
        default="marketing", description="sales: the record's owner is asked; marketing: nobody is; nobody: the stage is nobody's duty"
    )


class When(Section):
    """One way to make a move; everything that is given must hold at the same moment."""

    engaged: Measure | None = Field(default=None, description="So much engagement in the window")
    newly_engaged: Measure | None = Field(default=None, description="So much engagement reached at this moment, not before")
    activity: Measure | None = Field(default=None, description="Such an activity happens at this moment (points and days do not matter)")
    quiet_days: Days | None = Field(default=None, description="No counted activity in so many days")
    in_stage_days: Annotated[int, Field(ge=0, le=3650)] | None = Field(default=None, description="In the present stage for so many days")
    fit_at_least: Annotated[float, Field(ge=0, le=100)] | None = Field(default=None, description="Fit score; not scored never holds")
    tiers: list[Annotated[int, Field(ge=1, le=3)]] = Field(default=[], description="Account tier")
    event: OpportunityEvent | None = Field(
        default=None, description="This happens to an opportunity of the person or account at this moment"
    )
    reason: str | None = Field(default=None, max_length=120, description="Words for explanations, instead of the generated ones")

    @property
    def measures(self) -> list[Measure]:
        """Its criteria on activities."""
        return [measure for measure in (self.engaged, self.newly_engaged, self.activity) if measure is not None]


class PersonWhen(When):
    """One way to make a move of a person."""

    statuses: list[Pattern] = Field(default=[], description="The lead's CRM status is one of these")
    status_becomes: list[Pattern] = Field(default=[], description="The lead's CRM status becomes one of these at this moment")
    disposition_becomes: list[Pattern] = Field(default=[], description="The rep says one of these at this moment (input field)")
    reject_code_becomes: list[Pattern] = Field(
        default=[], description="Sales sends the person back for one of these at this moment (input field)"
    )
    is_all: list[PersonLevel] = Field(default=[], description="All of these hold")
    is_none: list[PersonLevel] = Field(default=[], description="None of these holds")

    @model_validator(mode="after")
    def _of_one_person(self) -> Self:
        if any(measure.people is not None for measure in self.measures):
            raise ValueError("people counts people of an account; a person's stage is about one person")
        return self


class AccountWhen(When):
    """One way to make a move of an account."""

    people_in_stages: list[StageName] = Field(default=[], description="Somebody of the account is in one of these stages")
    is_all: list[AccountLevel] = Field(default=[], description="All of these hold")
    is_none: list[AccountLevel] = Field(default=[], description="None of these holds")

    @model_validator(mode="after")
    def _of_activities(self) -> Self:
        if any(measure.plus_fit for measure in self.measures):
            raise ValueError("plus_fit is for the stages of people")
        return self


class Move(Section):
    """A move between stages. Moves stand in the order in which they are tried; what is not listed cannot happen."""

    to: StageName = Field(description="Stage that is entered")
    from_: list[StageName] = Field(alias="from", min_length=1, description="Stages from which it may be entered")


class PersonMove(Move):
    """A move of a person: any line of `when` makes it."""

    when: list[PersonWhen] = Field(min_length=1)


class AccountMove(Move):
    """A move of an account: any line of `when` makes it."""

    when: list[AccountWhen] = Field(min_length=1)


class Stages(Section):
    """The machine: stages from the first to the last, and where everybody starts."""

    start: StageName = Field(description="Stage in which everybody starts")
    stages: list[StageState] = Field(min_length=1)

    @property
    def names(self) -> list[str]:
        """Names of all states, in order."""
        return [state.name for state in self.stages]

    def _check(self, moves: list[PersonMove] | list[AccountMove]) -> None:
        names = self.names
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled:
            raise Misplaced(f"{doubled!r} is defined twice", "stages", len(names) - 1 - names[::-1].index(doubled), "name")
        used: list[tuple[str, tuple[str | int, ...]]] = [(self.start, ("start",))]
        used += [(state.part_of, ("stages", at, "part_of")) for at, state in enumerate(self.stages) if state.part_of]
        for at, move in enumerate(moves):
            used += [(move.to, ("moves", at, "to")), *((name, ("moves", at, "from", place)) for place, name in enumerate(move.from_))]
        unknown = next(((name, path) for name, path in used if name not in names), None)
        if unknown:
            raise Misplaced(f"{unknown[0]!r} is named but not defined; defined are {', '.join(names)}", *unknown[1])
        for at, move in enumerate(moves):
            if move.to in move.from_:
                raise Misplaced(f"{move.to!r} moves to itself; leave it out of from", "moves", at, "from")


class PersonStages(Stages):
    """Stages of people."""

    moves: list[PersonMove]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check(self.moves)
        return self


class AccountStages(Stages):
    """Stages of accounts."""

    moves: list[AccountMove]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check(self.moves)
        return self
