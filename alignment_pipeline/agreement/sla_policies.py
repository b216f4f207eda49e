"""What is promised: one policy per clock, with what starts, stops and pauses it.

Belongs here: what a policy may say. The fold that runs the clocks is `sla/ledger.py`; calendars: `calendars.py`;
who gets a message when one runs out: `sla_ladders.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from alignment_pipeline.agreement import conditions
from alignment_pipeline.agreement.calendars import Slug
from alignment_pipeline.agreement.conditions import Conditions
from alignment_pipeline.agreement.section import Misplaced, Section

Subject = Literal["person", "lead", "account", "opportunity"]
OF_ONE_PERSON: frozenset[str] = frozenset({"person", "lead"})
EventName = Literal[
    "activity",
    "stage_entered",
    "assignment",
    "touch",
    "disposition",
    "accepted",
    "rejected",
    "pushed_back",
    "deferred",
    "status_changed",
    "converted",
    "opportunity_created",
    "mqa_entered",
    "opportunity_closed",
    "reason_recorded",
    "stage_moved",
    "created",
    "status_left",
]
_PERSON: frozenset[str] = frozenset(
    {
        "activity", "stage_entered", "assignment", "touch", "disposition", "accepted", "rejected", "pushed_back", "deferred",
        "status_changed", "status_left", "converted", "opportunity_created", "created",
    }
)  # fmt: skip
EVENTS_OF: dict[str, frozenset[str]] = {
    "person": _PERSON,
    "lead": _PERSON,
    "account": frozenset({"mqa_entered", "stage_entered", "assignment", "touch", "opportunity_created", "activity", "created"}),
    "opportunity": frozenset({"opportunity_created", "opportunity_closed", "reason_recorded", "stage_moved", "assignment", "touch"}),
}
_DETAILS: dict[str, frozenset[str]] = {
    "types": frozenset({"activity", "touch"}),
    "categories": frozenset({"activity"}),
    "stages": frozenset({"stage_entered", "stage_moved"}),
    "values": frozenset({"status_changed", "status_left", "disposition", "rejected", "pushed_back"}),
}


class Event(Section):
    """Something that happens to a person, account or opportunity. Empty lists mean any."""

    event: EventName = Field(description="Kind of event")
    types: list[str] = Field(default=[], description="Activity types, or kinds of touch (call, email, meeting, linkedin, other)")
    categories: list[str] = Field(default=[], description="Categories of the activity, as hand_raise")
    stages: list[str] = Field(default=[], description="Stages entered")
    values: list[str] = Field(default=[], description="Statuses, dispositions or reject codes")
    count: Annotated[int, Field(ge=1, le=50)] = Field(default=1, description="How many of them it takes (attempts)")

    @model_validator(mode="after")
    def _details_fit(self) -> Self:
        for name, events in _DETAILS.items():
            if getattr(self, name) and self.event not in events:
                raise ValueError(f"{name} says nothing about {self.event}; it goes with {', '.join(sorted(events))}")
        return self

    @property
    def label(self) -> str:
        """Short name for reasons."""
        detail = [*self.types, *self.categories, *self.stages, *self.values]
        times = f" x{self.count}" if self.count > 1 else ""
        return self.event.replace("_", " ") + (f" ({', '.join(detail)})" if detail else "") + times


class Target(Section):
    """How long it may take: exactly one unit."""

    minutes: Annotated[float, Field(gt=0, le=525_600)] | None = Field(default=None, description="Minutes")
    hours: Annotated[float, Field(gt=0, le=8_760)] | None = Field(default=None, description="Hours")
    days: Annotated[float, Field(gt=0, le=365)] | None = Field(default=None, description="Days of 24 hours; only in calendar time")

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if sum(value is not None for value in (self.minutes, self.hours, self.days)) != 1:
            raise ValueError("target takes one of minutes, hours or days")
        return self

    @property
    def total_minutes(self) -> float:
        """The target in minutes."""
        return (self.minutes or 0.0) + 60.0 * (self.hours or 0.0) + 1440.0 * (self.days or 0.0)


class Policy(Section):
    """One promise, timed by one clock per record and start."""

    name: Slug = Field(description="Name in tables, task keys and the CRM's 'SLA policy' field")
    title: str = Field(min_length=1, max_length=80, description="Name for people")
    is_enabled: bool = Field(default=True, description="false: no clock runs for it, the promise stays written down")
    party: Literal["sales", "marketing", "system"] = Field(default="sales", description="Who owes it")
    subject: Subject = Field(
        default="person", description="What is clocked. person: one clock whatever number of records; lead: each lead record has its own"
    )
    applies_to: Literal["all", "new", "existing"] = Field(
        default="all", description="new: not people of customers or of accounts with an open opportunity. existing: only those"
    )
    lead_sources: list[str] = Field(
        default=[], description="Only people and opportunities with one of these lead sources as known now, any case; empty: all"
    )
    where: Conditions = Field(
        default={}, description="Only subjects whose fields match as known now, as `Lead.Region__c: [EMEA*]` or `person.country: [Germany]`"
    )
    where_not: Conditions = Field(default={}, description="Not subjects of which one of these fields matches")
    duty: Literal["owner", "account_owner"] = Field(default="owner", description="Whose clock it is: the record's owner or the account's")
    trigger: Event = Field(description="What makes the promise due")
    start: Literal["trigger", "assignment"] = Field(
        default="trigger", description="The clock starts at the trigger, or as soon after it as a named human owns the record"
    )
    stops: list[Event] = Field(min_length=1, description="The first of these, by event time, stops the clock")
    cancels: list[Event] = Field(default=[], description="These end the clock without judgement; a deletion always does")
    target: Target
    time: Literal["business", "calendar"] = Field(default="business", description="Open hours of the calendar, or round the clock")
    calendar: Slug | None = Field(default=None, description="Calendar of business time")
    zone: Literal["calendar", "rep", "lead"] = Field(default="calendar", description="Whose time zone the calendar's hours are read in")
    at_risk_share: Annotated[float, Field(gt=0, lt=1)] = Field(default=0.8, description="Share of the target after which it is at risk")
    pre_touch_hours: Annotated[float, Field(ge=0, le=8_760)] = Field(
        default=0.0, description="A stop this long before the trigger already keeps the promise; between trigger and start it always does"
    )
    again: Literal["after_stop", "after_due", "never"] = Field(
        default="after_stop", description="When a new trigger starts a new clock: after the last one stopped, or also once it is overdue"
    )
    pauses: list[Literal["hold", "waiting", "leave"]] = Field(
        default=["hold"], description="What makes the clock wait while a human owns the record"
    )
    ladder: Slug | None = Field(default=None, description="Escalation ladder")
    priority: Annotated[int, Field(ge=0, le=99)] = Field(default=50, description="Among equal states the smaller one is shown in the CRM")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        allowed = EVENTS_OF[self.subject]
        for event in (self.trigger, *self.stops, *self.cancels):
            if event.event not in allowed:
                raise ValueError(
                    f"policy {self.name}: {event.event} does not happen to {self.subject}; allowed: {', '.join(sorted(allowed))}"
                )
        if self.trigger.count != 1:
            raise ValueError(f"policy {self.name}: a trigger is one event; count belongs to stops")
        if (self.time == "business") != (self.calendar is not None):
            raise ValueError(f"policy {self.name}: business time needs `calendar`, and calendar time takes none")
        if self.time == "business" and self.target.days is not None:
            raise ValueError(f"policy {self.name}: in business time a day has no fixed length; write the target in hours or minutes")
        if self.applies_to != "all" and self.subject not in OF_ONE_PERSON:
            raise ValueError(f"policy {self.name}: applies_to {self.applies_to} is about people; subject is {self.subject}")
        if self.lead_sources and self.subject == "account":
            raise ValueError(f"policy {self.name}: lead_sources is about people and opportunities; an account has none")
        for key, wanted in (("where", self.where), ("where_not", self.where_not)):
            unfit = conditions.unfit(wanted, self.subject)
            if unfit:
                raise Misplaced(f"policy {self.name}: {unfit}", key)
        if self.duty == "account_owner" and self.applies_to != "existing":
            raise ValueError(f"policy {self.name}: duty account_owner goes with applies_to existing; others have no such owner")
        return self


class Outcomes(Section):
    """How people say what came of a lead: values of the disposition field and of Lead.Status, any case."""

    accepted_dispositions: list[str] = Field(default=["Accepted", "Qualified"], description="Dispositions that accept the lead")
    accepted_statuses: list[str] = Field(default=[], description="Values of Lead.Status that accept it")
    rejected_dispositions: list[str] = Field(default=["Rejected"], description="Dispositions that send it back")
    rejected_statuses: list[str] = Field(default=[], description="Values of Lead.Status that send it back")
    deferred_dispositions: list[str] = Field(default=["Deferred"], description="Dispositions that put it off")
    deferred_statuses: list[str] = Field(default=[], description="Values of Lead.Status that put it off")
    rejection_needs_code: bool = Field(
        default=True, description="The event rejected happens only once a reject code stands beside it; pushed_back needs none"
    )


class Pauses(Section):
    """What makes a clock wait. None of these holds while nobody owns the record: that is the system's time."""

    hold_needs_reason: bool = Field(default=True, description="A hold without a reason does not pause")
    hold_cap_hours: Annotated[float, Field(gt=0, le=8_760)] = Field(
        default=120.0, description="A hold pauses this long at most (calendar hours)"
    )
    waiting_statuses: list[str] = Field(default=[], description="Values of Lead.Status that mean waiting on the customer, any case")
    waiting_cap_hours: Annotated[float, Field(gt=0, le=8_760)] = Field(
        default=240.0, description="Waiting pauses this long at most (calendar hours)"
    )
