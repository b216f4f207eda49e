"""A criterion on activities in a window of days: how much, of what, by whom.

Belongs here: the one form in which MQA paths and stage moves ask for engagement. What activities are worth: `engagement.py`.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from alignment_pipeline.agreement.activity_types import ActivityTypeName
from alignment_pipeline.agreement.engagement import micro
from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.personas import Name
from alignment_pipeline.agreement.section import Section

Days = Annotated[int, Field(ge=1, le=3650)]


class Measure(Section):
    """So many points (weighted; undecayed unless `decayed`) or activities within `days`; with `people`, by so many people each.

    An activity counts from its moment through the whole UTC day that is `days` days after it.
    """

    points: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(default=None, description="Points in all, or of each of `people`")
    activities: Annotated[int, Field(ge=1, le=100_000)] | None = Field(default=None, description="Number of activities instead of points")
    decayed: bool = Field(default=False, description="Points fade as the agreement's decay says")
    plus_fit: bool = Field(default=False, description="The person's fit points count on top (people's stages only)")
    days: Days = Field(description="Window in days")
    people: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, description="So many people, each with the points or activities"
    )
    types: list[ActivityTypeName] = Field(default=[], description="Only these activity types")
    categories: list[Pattern] = Field(default=[], description="Only these categories, as hand_raise")
    details: list[Pattern] = Field(default=[], description="Only these pages, forms or assets")
    seniorities: list[Name] = Field(default=[], description="Only people of these seniorities")
    functions: list[Name] = Field(default=[], description="Only people of these functions")

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if (self.points is None) == (self.activities is None):
            raise ValueError("a criterion on activities takes either points or activities")
        if self.decayed and self.points is None:
            raise ValueError("decayed is for points, not for a number of activities")
        if self.plus_fit and self.points is None:
            raise ValueError("plus_fit is for points, not for a number of activities")
        return self

    @property
    def threshold(self) -> int:
        """Micro-points, or the number of activities, from which the criterion is met."""
        return micro(self.points) if self.points is not None else self.activities or 0

    def keep_threshold(self, keep_pct: float) -> int:
        """Threshold below which a met criterion is lost again: `keep_pct` of the points; a number of activities is kept whole."""
        return micro(self.points * keep_pct / 100.0) if self.points is not None else self.activities or 0
