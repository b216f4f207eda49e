"""What an activity is worth, and how that adds up to accounts.

Belongs here: points, caps, weights, roll-up. How points fade: `decay.py`. Which records are which activity: `activity_types.py`. Thresholds
that make an MQL or MQA: `lifecycle.py`, `mqa.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from alignment_pipeline.agreement.activity_types import ActivityTypeName
from alignment_pipeline.agreement.decay import Decay
from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.section import Section

MICRO = 1_000_000

Points = Annotated[float, Field(ge=-10_000, le=10_000)]
Weight = Annotated[float, Field(ge=0, le=100)]


def micro(points: float) -> int:
    """Points as integer micro-points, the unit in which every score is summed."""
    return round(points * MICRO)


class PointRule(Section):
    """Points for activities of one type. All rules that fit an activity add up; it is listed under the last one that fits."""

    label: str = Field(min_length=1, max_length=40, description="Name in explanations, as 'Pricing page'")
    type: ActivityTypeName = Field(description="Activity type")
    points: Points = Field(description="Points for one such activity, or per minute of it")
    per_minute: bool = Field(default=False, description="Points count once per minute of the activity's length")
    categories: list[Pattern] = Field(default=[], description="Only these categories")
    details: list[Pattern] = Field(default=[], description="Only these pages, forms or assets")
    not_details: list[Pattern] = Field(default=[], description="Not these pages, forms or assets")
    programs: list[Pattern] = Field(default=[], description="Only these programs or campaigns")


class Cap(Section):
    """A limit on what one person can earn with one activity type; earlier activities count first."""

    type: ActivityTypeName = Field(description="Activity type")
    per: Literal["day", "asset"] = Field(description="day: per UTC day. asset: per page, form or asset, for good")
    points: Annotated[float, Field(gt=0, le=10_000)] = Field(description="Most points")


class Trend(Section):
    """What rising and surging mean: recent days against the account's own days before."""

    recent_days: Annotated[int, Field(ge=1, le=365)] = Field(default=28, description="Trend: these days against as many before")
    surge_days: Annotated[int, Field(ge=1, le=90)] = Field(
        default=7, description="Surge: these days against the weekly average of the baseline before"
    )
    surge_baseline_days: Annotated[int, Field(ge=1, le=365)] = Field(default=28, description="Days of the baseline, before the surge days")
    surge_ratio: Annotated[float, Field(gt=1, le=100)] = Field(default=2.0, description="So many times the baseline is a surge")
    surge_points: Annotated[float, Field(ge=0, le=100_000)] = Field(
        default=20, description="A surge needs at least these points in its days"
    )


class RollUp(Section):
    """From people to accounts."""

    people: Literal["sum", "top"] = Field(
        default="sum", description="sum: all people add up. top: only the most engaged ones, as many as top_people"
    )
    top_people: Annotated[int, Field(ge=1, le=1000)] | None = Field(default=None, description="How many people count when people is top")
    hierarchy: Literal["own", "parent", "ultimate"] = Field(
        default="own",
        description="own: an activity counts for its person's account. parent: for the account one level above. ultimate: for the one "
        "at the top of the hierarchy. Always for one account only; an account without parent is its own",
    )
    engaged_points: Annotated[float, Field(gt=0, le=10_000)] = Field(
        default=5, description="A person is engaged from these undecayed points on"
    )
    engaged_days: Annotated[int, Field(ge=1, le=3650)] = Field(default=90, description="...earned in these last days")

    @model_validator(mode="after")
    def _top_people(self) -> Self:
        if (self.people == "top") != (self.top_people is not None):
            raise ValueError("roll_up: top_people belongs to people: top, and only to it")
        return self


class Engagement(Section):
    """Points of people and accounts."""

    unit: Literal["minutes", "points"] = Field(default="points", description="Word for the number in explanations")
    rules: list[PointRule] = Field(min_length=1, description="What activities are worth")
    caps: list[Cap] = Field(default=[], description="Limits per day and per asset")
    decay: Decay
    duplicates: Literal["sum", "highest"] = Field(
        default="sum",
        description="Several records of one person in one marketing system. sum: their points add up. highest: only the record with the most",
    )
    full_score_points: Annotated[float, Field(gt=0, le=1_000_000)] = Field(
        default=100, description="Points at which a person's engagement score is 100; below it is in proportion"
    )
    full_account_points: Annotated[float, Field(gt=0, le=10_000_000)] = Field(
        default=500, description="Points at which an account's engagement score is 100"
    )
    account_weights: dict[Literal["tier_1", "tier_2", "tier_3", "untiered"], Weight] = Field(
        default={}, description="Weight of an account's activities by its tier; 1 when not named, 0 removes them"
    )
    roll_up: RollUp = RollUp()
    trend: Trend = Trend()

    @model_validator(mode="after")
    def _labels_once(self) -> Self:
        labels = [rule.label for rule in self.rules]
        doubled = next((label for label in labels if labels.count(label) > 1), None)
        if doubled:
            raise ValueError(f"rules: two rules have the label {doubled!r}; a label names one factor")
        return self

    @model_validator(mode="after")
    def _windows_inside_horizon(self) -> Self:
        trend, horizon = self.trend, self.decay.horizon_days
        windows = {
            "roll_up.engaged_days": self.roll_up.engaged_days,
            "twice trend.recent_days": 2 * trend.recent_days,
            "trend.surge_days + trend.surge_baseline_days": trend.surge_days + trend.surge_baseline_days,
        }
        for name, days in windows.items():
            if days > horizon:
                raise ValueError(f"{name} is {days} days, but decay.horizon_days stops counting after {horizon}")
        return self
