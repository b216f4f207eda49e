"""The weekly meeting: when its page is made, what counts as a kept promise, and who decides disputes.

Belongs here: settings of the page both teams read. What it shows: `alignment_pipeline/meeting/`. Weeks and days are those of the
fiscal calendar's zone (`fiscal.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.agreement.section import Section

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Share = Annotated[float, Field(gt=0, le=100)]


class Deciders(Section):
    """Names or e-mail addresses of people who decide disputes beside the party's owner."""

    marketing: list[str] = Field(default=[], description="For marketing: they decide what sales disputes")
    sales: list[str] = Field(default=[], description="For sales: they decide what marketing disputes")


class Meeting(Section):
    """The page of the weekly meeting."""

    weekday: Weekday = Field(default="mon", description="Day on which the page of the week before is made and sent")
    time: ClockTime = Field(default="06:00", description="Time of that day, in the fiscal calendar's zone")
    weeks: Annotated[int, Field(ge=4, le=52)] = Field(default=12, description="Weeks before this one that it is compared with")
    kept_pct: Share = Field(default=95, description="Share of a sales promise's due cases to be kept in time")
    at_risk_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.9, description="A promise below its goal, but not below this share of it, is at risk, not broken"
    )
    near_mqas: Annotated[int, Field(ge=1, le=50)] = Field(default=15, description="Most accounts listed that are nearly MQAs")
    near_pct: Share = Field(default=60, description="Share of what an MQA takes from which an account is nearly one")
    dispute_days: Annotated[int, Field(ge=1, le=60)] = Field(
        default=5, description="Business days in which the other team's owner decides a dispute"
    )
    deciders: Deciders = Deciders()

    def is_due(self, local: datetime) -> bool:
        """Whether the page is to be made at this local moment, to the quarter of an hour."""
        hour, minute = (int(part) for part in self.time.split(":"))
        return _WEEKDAYS[local.weekday()] == self.weekday and local.hour == hour and local.minute // 15 == minute // 15

    def is_review_due(self, local: datetime, fiscal: Fiscal) -> bool:
        """Whether the review of a quarter is to be made: with the first page after the quarter's end."""
        today = local.date()
        return self.is_due(local) and fiscal.period_of(today, "quarter") != fiscal.period_of(today - timedelta(days=7), "quarter")
