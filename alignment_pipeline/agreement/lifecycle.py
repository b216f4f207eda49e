"""Stages of people and accounts, MQA, and who takes over when.

Belongs here: how the parts fit together. Parts: `stages.py`, `mqa.py`, `handover.py`. The rules: `lifecycle/`.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from alignment_pipeline.agreement.handover import Handover
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.agreement.mqa import Mqa
from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.agreement.section import Misplaced, Section
from alignment_pipeline.agreement.stages import AccountMove, AccountStages, PersonMove, PersonStages


class Lifecycle(Section):
    """Where people and accounts stand, and what moves them."""

    people: PersonStages
    accounts: AccountStages
    mqa: Mqa
    handover: Handover = Handover()
    disqualified_account_types: list[Pattern] = Field(default=[], description="Account types that take an account out of the journey")

    @property
    def measures(self) -> list[tuple[str, tuple[str | int, ...], Measure]]:
        """Every criterion on activities, with where it stands: in words, and the path from here to what holds it."""
        located: list[tuple[str, tuple[str | int, ...], Measure]] = []
        for at, path in enumerate(self.mqa.paths):
            located += [(f"mqa path {path.name!r}", ("mqa", "paths", at, "all", place), one) for place, one in enumerate(path.all)]
        moves: tuple[tuple[str, Sequence[PersonMove | AccountMove]], ...] = (
            ("people", self.people.moves),
            ("accounts", self.accounts.moves),
        )
        for kind, some in moves:
            for at, move in enumerate(some):
                for place, when in enumerate(move.when):
                    path_to = (kind, "moves", at, "when", place)
                    located += [(f"move of {kind} to {move.to!r}", path_to, one) for one in when.measures]
        return located

    def check_names(self, scoring: Scoring) -> None:
        """Raise Misplaced when a criterion names an activity type, seniority or function that `scoring` does not define."""
        known = {
            "types": list(scoring.types),
            "seniorities": [level.name for level in scoring.personas.seniorities],
            "functions": [function.name for function in scoring.personas.functions],
        }
        for where, path, measure in self.measures:
            for kind, names in known.items():
                unknown = next((name for name in getattr(measure, kind) if name not in names), None)
                if unknown:
                    raise Misplaced(f"{where} names {kind} {unknown!r}; scoring defines {', '.join(names)}", "lifecycle", *path, kind)
        states = [*self.people.names]
        for at, move in enumerate(self.accounts.moves):
            unknown = next((name for when in move.when for name in when.people_in_stages if name not in states), None)
            if unknown:
                said = f"move of accounts to {move.to!r} names stage {unknown!r} of people; defined are {', '.join(states)}"
                raise Misplaced(said, "lifecycle", "accounts", "moves", at, "when")
