"""Who gets a message when a promise runs out: ladders of rungs, their texts, quiet hours and digests.

Belongs here: what a rung may say. The fold that decides which rung is due: `sla/escalation/escalations.py`; the sinks:
`connectors/notify/`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from alignment_pipeline.agreement.calendars import Slug, Zone
from alignment_pipeline.agreement.section import Section

PLACEHOLDERS: frozenset[str] = frozenset(
    {
        "who",
        "phone",
        "wanted",
        "person",
        "company",
        "policy",
        "state",
        "owner",
        "due_at",
        "started_at",
        "minutes_late",
        "target",
        "reason",
        "rung",
        "record_id",
    }
)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"


def _known_placeholders(value: str) -> str:
    for name in _PLACEHOLDER.findall(value):
        if name not in PLACEHOLDERS:
            raise ValueError(f"{{{name}}} is not a placeholder; allowed: {', '.join('{' + p + '}' for p in sorted(PLACEHOLDERS))}")
    return value


Template = Annotated[str, StringConstraints(min_length=1, max_length=2_000), AfterValidator(_known_placeholders)]
Role = Literal["rep", "manager", "executive", "marketer", "cmo"]


def fill(template: str, values: dict[str, str]) -> str:
    """Put values into a template; only the known placeholders are read, never attributes or formats."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], ""), template)


class Rung(Section):
    """One step of a ladder, taken at most once per clock, when the clock has used this share of its target."""

    name: Slug = Field(description="Name in task keys")
    at_share: Annotated[float, Field(ge=0, le=1_000)] = Field(
        description="0 = at the start; 1 = when due; 2 = after twice the target, in the clock's own time"
    )
    notify: list[Role] = Field(min_length=1, description="Who gets the message")
    task_to: Role | None = Field(default=None, description="Who gets a CRM task; empty: no task")
    task_priority: Literal["High", "Normal", "Low"] = Field(default="High", description="Priority of the task")
    is_urgent: bool = Field(default=False, description="Ignores quiet hours and digest")
    subject: Template = Field(description="Subject of message and task; {words} in braces are filled in")
    body: Template = Field(description="Text of message and task")


class Ladder(Section):
    """Rungs in rising order."""

    name: Slug = Field(description="Name by which promises ask for it")
    rungs: list[Rung] = Field(min_length=1)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        shares = [rung.at_share for rung in self.rungs]
        names = [rung.name for rung in self.rungs]
        if shares != sorted(set(shares)):
            raise ValueError(f"ladder {self.name}: at_share must rise from rung to rung; found {shares}")
        if len(set(names)) != len(names):
            raise ValueError(f"ladder {self.name}: two rungs have one name")
        return self


class QuietHours(Section):
    """Hours in which only urgent messages go out; the others wait for their end."""

    from_time: Annotated[str, StringConstraints(pattern=_TIME)] = Field(description="Begin, local, as 20:00")
    to_time: Annotated[str, StringConstraints(pattern=_TIME)] = Field(description="End, local, as 07:00")
    time_zone: Zone = Field(default="UTC", description="Zone in which these hours are meant")


class Notifications(Section):
    """How messages leave: never in quiet hours, small ones together."""

    is_dry_run: bool = Field(default=False, description="Write what would be sent, send nothing")
    quiet_hours: QuietHours | None = None
    digest_minutes: Annotated[int, Field(ge=0, le=1_440)] = Field(
        default=0, description="Messages to one person within this time go out as one; 0: one by one"
    )
    max_attempts: Annotated[int, Field(ge=1, le=100)] = Field(default=20, description="After so many refusals a message is shown as failed")


class Escalation(Section):
    """Ladders, and who stands at their top."""

    ladders: list[Ladder] = []
    executive_email: str | None = Field(default=None, description="CRM user at the top of sales; empty: the top of the manager chain")
    marketer_email: str | None = Field(default=None, description="Who answers for marketing's commitments first")
    cmo_email: str | None = Field(default=None, description="Who answers for them last")
    max_age_hours: Annotated[float, Field(gt=0, le=8_760)] = Field(
        default=72.0,
        description="Rungs that fell due longer ago than this make no task or message (nobody wants last year's reminders on the first run)",
    )
    notifications: Notifications = Notifications()

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [ladder.name for ladder in self.ladders]
        if len(set(names)) != len(names):
            raise ValueError("two ladders have one name")
        return self
