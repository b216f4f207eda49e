"""How records of Marketo and Salesforce become activities of one kind.

Belongs here: which vendor record is which activity type, and where its detail and category stand. What an activity is
worth: `engagement.py`. The rule that reads this and builds the table `activities` is in `staging/`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.section import Section

ActivityTypeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
HAND_RAISE = "hand_raise"


class ActivitySource(Section):
    """One line of the list: the first line whose system, kind and conditions a record meets names its activity type.

    Values are named as the vendor names them: for Marketo an attribute of the activity (`New Status`) or
    `primaryAttributeValue`; for Salesforce a field of the object, or `Campaign.Name` and `Campaign.Type` for members.
    """

    type: ActivityTypeName = Field(description="Activity type that such a record becomes")
    marketo: str | None = Field(default=None, description="Name of the Marketo activity type, as activities/types.json gives it, any case")
    marketo_id: int | None = Field(
        default=None, ge=1, description="Id of the Marketo activity type, for subscriptions that renamed it; wins over the name"
    )
    salesforce: Literal["CampaignMember", "Task", "Event"] | None = Field(default=None, description="Salesforce object")
    where: dict[str, list[Pattern]] = Field(
        default={}, description="Value name to patterns: each named value must match one of its patterns"
    )
    where_not: dict[str, list[Pattern]] = Field(
        default={}, description="Value name to patterns: a record with such a value is not taken by this line"
    )
    category: str | None = Field(default=None, max_length=80, description="Fixed category; hand_raise marks a person who asks for sales")
    category_from: list[str] = Field(default=[], description="Values that give the category, the first one that is not empty")
    detail_from: list[str] = Field(default=[], description="Values that say what was touched, the first one that is not empty")
    program_from: list[str] = Field(default=[], description="Values that give the program or campaign")
    minutes_from: str | None = Field(default=None, description="Value that holds the length in minutes")
    seconds_from: str | None = Field(default=None, description="Value that holds the length in seconds")
    occurred_from: list[str] = Field(
        default=[], description="Values that give the event time where it is not the record's own (dates start at midnight UTC)"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        is_marketo = self.marketo is not None or self.marketo_id is not None
        if is_marketo == (self.salesforce is not None):
            raise ValueError(f"activity type {self.type}: name either a marketo type or a salesforce object, not both and not neither")
        if self.category is not None and self.category_from:
            raise ValueError(f"activity type {self.type}: category is fixed or read from a value, not both")
        return self


class Exclusions(Section):
    """Activities that never count, whoever did them. Each is counted under its reason and stays visible."""

    bot_when: dict[str, list[Pattern]] = Field(
        default={"Is Bot Activity": ["true", "1", "yes"]}, description="Marketo attributes that mark an activity as done by a machine"
    )
    automatic_subjects: list[Pattern] = Field(
        default=[], description="Subjects of tasks that nobody wrote: auto-replies, bounces, sequence steps"
    )
    clicks_per_minute: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="So many e-mail clicks of one person in one minute are a mail gateway's, not a person's; 0 switches it off",
    )
    click_types: list[ActivityTypeName] = Field(default=["email_click"], description="Activity types that clicks_per_minute counts")
    ignored_details: list[Pattern] = Field(default=[], description="Pages, forms and assets that never count, as */unsubscribe*")
    is_opted_out_scored: bool = Field(default=True, description="Whether people who opted out of e-mail keep their score")
