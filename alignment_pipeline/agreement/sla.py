"""The promises of both teams: calendars, clocks, escalation, marketing's commitments, the fast lane's budget.

Belongs here: how the parts of the `sla:` section fit together. Policies: `sla_policies.py`; calendars: `calendars.py`;
ladders: `sla_ladders.py`; marketing's side: `commitments.py`. The rules that use it: `alignment_pipeline/sla/`.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from alignment_pipeline.agreement.calendars import Calendar, LeadZone, Leave, Slug
from alignment_pipeline.agreement.commitments import Commitment, ContactYield
from alignment_pipeline.agreement.section import Misplaced, Section
from alignment_pipeline.agreement.sla_ladders import Escalation
from alignment_pipeline.agreement.sla_policies import Outcomes, Pauses, Policy


class FastLane(Section):
    """What the fast lane may spend of the vendors' daily API calls to answer hand-raisers in seconds."""

    budget_share: Annotated[float, Field(gt=0, le=1)] = Field(default=0.30, description="Share of the day's API calls")
    poll_seconds_open: Annotated[float, Field(ge=0.5, le=3_600)] = Field(default=2.5, description="Seconds between polls in business hours")
    poll_seconds_closed: Annotated[float, Field(ge=0.5, le=3_600)] = Field(default=60.0, description="Seconds between polls outside them")
    calendar: Slug | None = Field(default=None, description="Calendar that says when business is open; empty: always open")


class Nurture(Section):
    """People whom sales gave back, written to Marketo where the field map gives `person.nurture` a field."""

    stages: list[str] = Field(default=["Recycled"], min_length=1, description="Stages of people who go back to marketing, any case")


class Responsibilities(Section):
    """Who counts as a named human of sales, and whose time a wait is."""

    system_user_ids: list[str] = Field(
        default=[],
        description="CRM users that are not people (integration, default lead owner); their time is the system's, and e-mails they log are nobody's touch",
    )
    marketing_departments: list[str] = Field(
        default=["Marketing"], description="User.Department values whose time is marketing's, any case"
    )
    marketing_queues: list[str] = Field(default=[], description="Names of queues whose time is marketing's; other queues are the system's")
    touch_types: list[str] = Field(
        default=["call", "email", "meeting", "linkedin"], description="Kinds of touch that count as a first touch"
    )


class Sla(Section):
    """Everything that is timed."""

    calendars: list[Calendar] = []
    leave: list[Leave] = []
    lead_zones: list[LeadZone] = []
    policies: list[Policy] = []
    parties: Responsibilities = Responsibilities()
    outcomes: Outcomes = Outcomes()
    pauses: Pauses = Pauses()
    escalation: Escalation = Escalation()
    commitments: list[Commitment] = []
    contact_yield: ContactYield = ContactYield()
    nurture: Nurture = Nurture()
    fast_lane: FastLane = FastLane()
    reporting_weeks: Annotated[int, Field(ge=1, le=520)] = Field(
        default=26, description="Weeks of clocks that stand in the accountability tables"
    )

    @model_validator(mode="after")
    def _names_resolve(self) -> Self:
        calendars = [calendar.name for calendar in self.calendars]
        policies = [policy.name for policy in self.policies]
        ladders = [ladder.name for ladder in self.escalation.ladders]
        commitments = [commitment.name for commitment in self.commitments]
        policies_at, promised = list(enumerate(self.policies)), list(enumerate(self.commitments))
        for kind, names in (("calendars", calendars), ("policies", policies + commitments)):
            doubled = next((name for name in names if names.count(name) > 1), None)
            if doubled:
                last = len(names) - 1 - names[::-1].index(doubled)
                path = (kind, last) if kind == "calendars" or last < len(policies) else ("commitments", last - len(policies))
                raise Misplaced(f"{kind}: {doubled} is listed twice; a name means one thing", *path, "name")
        for owner, place, name, known in (
            *((f"policy {one.name}: calendar", ("policies", at, "calendar"), one.calendar, calendars) for at, one in policies_at),
            *((f"policy {one.name}: ladder", ("policies", at, "ladder"), one.ladder, ladders) for at, one in policies_at),
            *((f"commitment {one.name}: calendar", ("commitments", at, "calendar"), one.calendar, calendars) for at, one in promised),
            *((f"commitment {one.name}: ladder", ("commitments", at, "ladder"), one.ladder, ladders) for at, one in promised),
            ("fast_lane: calendar", ("fast_lane", "calendar"), self.fast_lane.calendar, calendars),
        ):
            if name is not None and name not in known:
                raise Misplaced(f"{owner} {name!r} is not defined; defined: {', '.join(known) or 'none'}", *place)
        return self

    def calendar(self, name: str) -> Calendar:
        """The calendar of that name (names were checked on loading)."""
        return next(calendar for calendar in self.calendars if calendar.name == name)

    def policy(self, name: str) -> Policy:
        """The policy of that name."""
        return next(policy for policy in self.policies if policy.name == name)
