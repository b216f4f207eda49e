"""Decay: how an activity's points fade with its age.

Belongs here: every number that follows from the agreement's `decay`. Scores take the share left at an age (`shares_by_age`), stages and MQA
the moments at which it changes (`steps`). Which activities count at all: `scoring/scored_activities.py`.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

import ibis
import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from alignment_pipeline.agreement.section import Section
from alignment_pipeline.contracts.moments import DAY


class Decay(Section):
    """How an activity's points fade with its age in whole UTC days or hours. Older than `horizon_days`, it no longer counts."""

    form: Literal["half_life", "steps", "none"] = Field(
        description="half_life: halves every half_life_days. steps: loses step_pct of the original every step_days. "
        "none: full until the horizon"
    )
    half_life_days: Annotated[float, Field(gt=0, le=3650)] | None = Field(default=None, description="Days in which points halve")
    step_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(default=None, description="Days between two steps")
    step_pct: Annotated[float, Field(gt=0, le=100)] | None = Field(
        default=None, description="Share of the original points lost at each step"
    )
    age_in: Literal["days", "hours"] = Field(
        default="days",
        description="days: ages are whole UTC days, so all runs of a day agree. hours: whole hours, for short half-lives and stale hand-raises",
    )
    horizon_days: Annotated[int, Field(ge=1, le=3650)] = Field(description="Age in days up to which an activity counts at all")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needs = {"half_life": {"half_life_days"}, "steps": {"step_days", "step_pct"}, "none": set()}[self.form]
        given = {name for name in ("half_life_days", "step_days", "step_pct") if getattr(self, name) is not None}
        if given != needs:
            wanted = " and ".join(sorted(needs)) or "none of half_life_days, step_days, step_pct"
            raise ValueError(f"decay of form {self.form} takes {wanted}; found {', '.join(sorted(given)) or 'none'}")
        return self

    @property
    def units_a_day(self) -> int:
        """How many units of age a day has."""
        return 24 if self.age_in == "hours" else 1

    @property
    def ages_by_formula(self) -> float | None:
        """The half-life in days where a score at any day follows from one at an earlier day; None where it does not."""
        return self.half_life_days if self.age_in == "days" else None

    @property
    def unit(self) -> int:
        """The unit of age in microseconds."""
        return DAY // self.units_a_day


def share_left(decay: Decay, age: int) -> float:
    """Share of an activity's points that is left at an age in whole units (days or hours); 0 outside the horizon."""
    if not 0 <= age <= decay.horizon_days * decay.units_a_day:
        return 0.0
    if decay.half_life_days is not None:
        return math.exp(-math.log(2.0) * age / (decay.half_life_days * decay.units_a_day))
    if decay.step_days is not None and decay.step_pct is not None:
        return max(0.0, 1.0 - decay.step_pct / 100.0 * (age // (decay.step_days * decay.units_a_day)))
    return 1.0


def shares_by_age(decay: Decay) -> ibis.Table:
    """One row per age inside the horizon: age (in whole units), share_left. A table, so that every engine uses the same numbers."""
    ages = list(range(decay.horizon_days * decay.units_a_day + 1))
    return ibis.memtable(
        {"age": ages, "share_left": [share_left(decay, age) for age in ages]},
        schema=ibis.schema({"age": "int64", "share_left": "float64"}),
    )


def steps(decay: Decay, *, window_days: int) -> list[tuple[int, float]]:
    """How the share changes inside a window: (age in units, share from then on), from age 0 to the age at which nothing is left.

    An activity counts through the whole unit that is `window_days`, or the horizon, after it.
    """
    end = min(window_days, decay.horizon_days) * decay.units_a_day + 1
    changes = [(0, share_left(decay, 0))]
    for age in range(1, end):
        share = share_left(decay, age)
        if share != changes[-1][1]:
            changes.append((age, share))
        if share == 0.0:
            return changes
    return [*changes, (end, 0.0)]


def undecayed(*, window_days: int) -> list[tuple[int, float]]:
    """The same for points that count in full until the window ends."""
    return [(0, 1.0), (window_days + 1, 0.0)]


def portion(amounts: npt.NDArray[np.int64], share: float) -> npt.NDArray[np.int64]:
    """A share of the amounts, rounded half up to whole micro-points."""
    if share == 1.0:
        return amounts
    if share == 0.0:
        return np.zeros(len(amounts), dtype=np.int64)
    return np.floor(amounts.astype(np.float64) * share + 0.5).astype(np.int64)
