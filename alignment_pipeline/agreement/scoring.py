"""Scores: what activities are, what they are worth, who people are, how well accounts fit.

Belongs here: how the parts fit together. Each part is a module beside this one. The rules are in `scoring/`.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from alignment_pipeline.agreement.activity_types import ActivitySource, Exclusions
from alignment_pipeline.agreement.engagement import Engagement
from alignment_pipeline.agreement.fit import Fit, Tiers
from alignment_pipeline.agreement.personas import Personas
from alignment_pipeline.agreement.section import Misplaced, Section


class Scoring(Section):
    """Everything that decides a score."""

    activity_types: list[ActivitySource] = Field(
        min_length=1, description="Which vendor records are which activities; the first line that fits is taken"
    )
    exclusions: Exclusions = Exclusions()
    engagement: Engagement
    personas: Personas
    fit: Fit = Fit()
    tiers: Tiers = Tiers()

    @model_validator(mode="after")
    def _rules_name_types(self) -> Self:
        known = list(dict.fromkeys(source.type for source in self.activity_types))
        named = [(rule.label, rule.type, ("rules", at)) for at, rule in enumerate(self.engagement.rules)]
        named += [(f"cap per {cap.per}", cap.type, ("caps", at)) for at, cap in enumerate(self.engagement.caps)]
        for label, type_, path in named:
            if type_ not in known:
                raise Misplaced(
                    f"{label!r} is for activity type {type_!r}, which activity_types does not define; it defines {', '.join(known)}",
                    "engagement",
                    *path,
                    "type",
                )
        return self

    @property
    def types(self) -> tuple[str, ...]:
        """Names of the activity types, each once, in the agreement's order."""
        return tuple(dict.fromkeys(source.type for source in self.activity_types))
