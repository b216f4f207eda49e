"""How records of the connected systems become activities of one kind.

Belongs here: which vendor record is which activity type, and where its detail and category stand. What an activity is
worth: `engagement.py`. The rule that reads this and builds the table `activities` is in `staging/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.section import Section
from alignment_pipeline.contracts.systems.registry import ACTIVITY_SYSTEMS

ActivityTypeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
HAND_RAISE = "hand_raise"


def _by_system_name(schema: dict[str, Any]) -> None:
    """A line may name its system by a key of its own (`marketo: Fill Out Form`), which editors should know."""
    for system in ACTIVITY_SYSTEMS.values():
        text = {"type": "string", "description": f"Short for system: {system.name} and record: ..."}
        schema["properties"][system.name] = text | ({"enum": list(system.records)} if system.records else {})
        if not system.records:
            schema["properties"][f"{system.name}_id"] = {
                "type": "integer",
                "description": f"Short for system: {system.name} and record_id: ...",
            }
    schema["required"] = [name for name in schema["required"] if name != "system"]


class ActivitySource(Section):
    """One line of the list: the first line whose system, kind and conditions a record meets names its activity type.

    The system and the kind of record are named in one key, as `marketo: Fill Out Form` or `salesforce: Task`, or as `system` and `record`.
    Values are named as the vendor names them: for Marketo an attribute of the activity (`New Status`) or
    `primaryAttributeValue`; for Salesforce a field of the object, or `Campaign.Name` and `Campaign.Type` for members.
    """

    model_config = ConfigDict(json_schema_extra=_by_system_name)

    type: ActivityTypeName = Field(description="Activity type that such a record becomes")
    system: str = Field(description="Connected system that the records come from")
    record: str | None = Field(
        default=None,
        description="Kind of record: an object of Salesforce, the name of a Marketo activity type as activities/types.json gives it, any case",
    )
    record_id: int | None = Field(
        default=None, ge=1, description="Id of the kind of record, for subscriptions that renamed it; wins over the name"
    )
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

    @model_validator(mode="before")
    @classmethod
    def _one_system(cls, given: Any) -> Any:
        """Take `marketo: X`, `marketo_id: 1` and `salesforce: Task` as system, record and record_id."""
        if not isinstance(given, Mapping):
            return given
        fields = dict(given)
        named = {}
        for system in ACTIVITY_SYSTEMS:
            record, number = fields.pop(system, None), fields.pop(f"{system}_id", None)
            if record is not None or number is not None:
                named[system] = {"system": system, "record": record, "record_id": number}
        if len(named) + ("system" in fields) != 1:
            keys = " or ".join(ACTIVITY_SYSTEMS)
            raise ValueError(
                f"activity type {fields.get('type')}: name one system ({keys}) and its kind of record, not several and not none"
            )
        return fields | next(iter(named.values()), {})

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        system = ACTIVITY_SYSTEMS.get(self.system)
        if system is None:
            raise ValueError(f"activity type {self.type}: system {self.system} is not known; there are {', '.join(ACTIVITY_SYSTEMS)}")
        if system.records and self.record not in system.records:
            raise ValueError(f"activity type {self.type}: {system.title} has no {self.record} here; there are {', '.join(system.records)}")
        if self.record is None and self.record_id is None:
            raise ValueError(f"activity type {self.type}: name the kind of record of {system.title}")
        if self.category is not None and self.category_from:
            raise ValueError(f"activity type {self.type}: category is fixed or read from a value, not both")
        return self


class Exclusions(Section):
    """Activities that never count, whoever did them. Each is counted under its reason and stays visible."""

    bot_when: dict[str, list[Pattern]] = Field(
        default={"Is Bot Activity": ["true", "1", "yes"]},
        description="Values of the marketing system that mark an activity as done by a machine",
    )
    automatic_subjects: list[Pattern] = Field(
        default=[], description="Subjects of tasks that nobody wrote: auto-replies, bounces, sequence steps"
    )
    clicks_per_minute: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="So many e-mail clicks of one person less than a minute apart are a mail gateway's, not a person's; 0 switches it off",
    )
    click_types: list[ActivityTypeName] = Field(default=["email_click"], description="Activity types that clicks_per_minute counts")
    click_effect_types: list[ActivityTypeName] = Field(
        default=[], description="Activity types that such clicks cause and that do not count with them, as web_visit"
    )
    click_effect_seconds: int = Field(default=5, ge=0, le=60, description="So near to the clicks in time they are caused by them")
    repeat_types: list[ActivityTypeName] = Field(default=["form_fill"], description="Activity types that repeat_seconds is about")
    repeat_seconds: int = Field(
        default=0,
        ge=0,
        le=86_400,
        description="The same form (category and detail too) sent again by the same person so soon counts once; 0 switches it off",
    )
    ignored_details: list[Pattern] = Field(default=[], description="Pages, forms and assets that never count, as */unsubscribe*")
    is_opted_out_scored: bool = Field(default=True, description="Whether people who opted out of e-mail keep their score")
