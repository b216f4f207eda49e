"""Stages of people and accounts, MQA, and who takes over when.

Belongs here: how the parts fit together. Parts: `stages.py`, `mqa.py`, `handover.py`. The rules: `lifecycle/`.
"""

from __future__ import annotations

from pydantic import Field

from alignment_pipeline.agreement.handover import Handover
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.agreement.mqa import Mqa
from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.agreement.section import Section
from alignment_pipeline.agreement.stages import AccountStages, PersonStages


class Lifecycle(Section):
    """Where people and accounts stand, and what moves them."""

    people: PersonStages
    accounts: AccountStages
    mqa: Mqa
    handover: Handover = Handover()
    disqualified_account_types: list[Pattern] = Field(default=[], description="Account types that take an account out of the journey")

    @property
    def measures(self) -> list[tuple[str, Measure]]:
        """Every criterion on activities, with where it stands."""
        located = [(f"mqa path {path.name!r}", measure) for path in self.mqa.paths for measure in path.all]
        for kind, stages in (("people", self.people), ("accounts", self.accounts)):
            for move in stages.moves:
                located += [(f"move of {kind} to {move.to!r}", measure) for when in move.when for measure in when.measures]
        return located

    def check_names(self, scoring: Scoring) -> None:
        """Raise ValueError when a criterion names an activity type, seniority or function that `scoring` does not define."""
        known = {
            "types": list(scoring.types),
            "seniorities": [level.name for level in scoring.personas.seniorities],
            "functions": [function.name for function in scoring.personas.functions],
        }
        for where, measure in self.measures:
            for kind, names in known.items():
                unknown = next((name for name in getattr(measure, kind) if name not in names), None)
                if unknown:
                    raise ValueError(f"lifecycle: {where} names {kind} {unknown!r}; scoring defines {', '.join(names)}")
        states = [*self.people.names]
        for move in self.accounts.moves:
            unknown = next((name for when in move.when for name in when.people_in_stages if name not in states), None)
            if unknown:
                raise ValueError(
                    f"lifecycle: move of accounts to {move.to!r} names stage {unknown!r} of people; defined are {', '.join(states)}"
                )
