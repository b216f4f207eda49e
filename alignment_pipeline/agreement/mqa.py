"""When an account is a marketing qualified account, and when it stops being one.

Belongs here: paths, exclusions, hysteresis. Stages: `stages.py`. The rule: `lifecycle/mqa/`.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.section import Misplaced, Section


class Path(Section):
    """One way to become an MQA: every criterion of `all` must hold. The first path that holds is the reason."""

    name: str = Field(min_length=1, max_length=60, description="Name in explanations, as 'Depth and breadth'")
    all: list[Measure] = Field(min_length=1, description="Criteria that must all hold")
    tiers: list[Annotated[int, Field(ge=1, le=3)]] = Field(default=[], description="Only accounts of these tiers")
    is_target: bool | None = Field(default=None, description="true: only target accounts; false: only others")
    employees_at_least: Annotated[int, Field(ge=0)] | None = Field(default=None, description="Only accounts of at least this size")
    employees_below: Annotated[int, Field(ge=1)] | None = Field(default=None, description="Only accounts below this size")


class MqaExclusions(Section):
    """Accounts that never are an MQA, because sales works with them already or never will."""

    customers: bool = Field(default=True, description="Customers")
    open_opportunities: bool = Field(default=True, description="Accounts with an open opportunity, while it is open")
    account_types: list[Pattern] = Field(default=[], description="Account types, as the CRM spells them")


class Mqa(Section):
    """Marketing qualified accounts."""

    paths: list[Path] = Field(min_length=1, description="Any of these makes an MQA")
    exclude: MqaExclusions = MqaExclusions()
    keep_pct: Annotated[float, Field(gt=0, le=100)] = Field(
        default=100,
        description="An MQA stays one while a path holds with this share of its points, so that it does not flicker at the edge",
    )
    dwell_days: Annotated[int, Field(ge=0, le=365)] = Field(
        default=0, description="It stays one for at least so many days, exclusions apart"
    )
    cooldown_days: Annotated[int, Field(ge=0, le=365)] = Field(
        default=0, description="After it stopped, it cannot become one for so many days"
    )

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [path.name for path in self.paths]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled:
            raise Misplaced(f"{doubled!r} is defined twice", "paths", len(names) - 1 - names[::-1].index(doubled), "name")
        for at, path in enumerate(self.paths):
            for place, measure in enumerate(path.all):
                if measure.plus_fit:
                    raise Misplaced("plus_fit is for the stages of people", "paths", at, "all", place, "plus_fit")
        return self

    @property
    def measures(self) -> list[Measure]:
        """All criteria of all paths, in order."""
        return [measure for path in self.paths for measure in path.all]
