"""Which values go to which CRM fields, who owns each field, and which fields people fill in for us.

Belongs here: the field map and the input map. The metadata package that declares the fields is generated from it by
`connectors/salesforce/metadata_package.py`; the values come from `field_updates/field_updates.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from alignment_pipeline.agreement.section import Misplaced, Section

ApiName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")]
WritableObject = Literal["Lead", "Contact", "Account", "MarketoLead"]
MARKETO_LEAD = "MarketoLead"
"""The people of Marketo, as an object of the field map; their fields are named by their REST name."""

PersonValue = Literal[
    "person.engagement_score",
    "person.engagement_points",
    "person.engagement_points_at",
    "person.engagement_half_life_days",
    "person.fit_score",
    "person.persona",
    "person.stage",
    "person.stage_reason",
    "person.stage_entered_at",
    "person.score_reason",
    "person.matched_account_id",
    "person.match_confidence_pct",
    "person.match_reason",
    "person.sla_status",
    "person.sla_policy",
    "person.sla_due_at",
    "person.sla_reason",
    "person.nurture",
    "person.synced_at",
]
AccountValue = Literal[
    "account.engagement_score",
    "account.engagement_points",
    "account.engagement_points_at",
    "account.engagement_half_life_days",
    "account.engagement_minutes",
    "account.fit_score",
    "account.tier",
    "account.tier_reason",
    "account.people_engaged",
    "account.committee_coverage_pct",
    "account.engagement_trend_pct",
    "account.mqa_status",
    "account.mqa_reason",
    "account.mqa_first_at",
    "account.mqa_latest_at",
    "account.mqa_count",
    "account.stage",
    "account.stage_reason",
    "account.score_reason",
    "account.synced_at",
]
InputType = Literal["text", "long_text", "number", "percent", "picklist", "datetime", "date", "checkbox"]
FieldType = Literal[InputType, "lookup", "list"]


class FieldMapping(Section):
    """One field of the CRM, or of Marketo's people, that we fill."""

    object: WritableObject = Field(description="Salesforce object, or MarketoLead")
    field: ApiName = Field(
        description="API name; our package declares it when it ends in __c. Of MarketoLead the REST name of a field that exists there"
    )
    value: Literal[PersonValue, AccountValue] = Field(description="What it holds")
    owner: Literal["machine", "shared"] = Field(
        default="machine",
        description="machine: people only read it, drift is repaired. shared: people may edit it, and their edit is respected",
    )
    type: FieldType = Field(
        description="Field type in the package. lookup: a link to an account, for person.matched_account_id; text keeps its id alone. "
        "list: membership of the CRM's static list that bears the label, for person.nurture of Contact"
    )
    label: str = Field(min_length=1, max_length=40, description="Label that CRM users see")
    help: str = Field(default="", max_length=510, description="Help text that CRM users see")
    length: int = Field(default=255, ge=1, le=131072, description="Characters of text")
    precision: int = Field(default=18, ge=1, le=18, description="Digits of a number or percent in all")
    scale: int = Field(default=0, ge=0, le=17, description="Digits after the point")
    values: list[str] = Field(default=[], description="Values of a picklist")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        is_nurture = self.value == "person.nurture"
        if (self.object == MARKETO_LEAD and not is_nurture) or (is_nurture and self.object not in (MARKETO_LEAD, "Contact")):
            raise ValueError(
                f"{self.object}.{self.field} holds {self.value}; person.nurture goes to MarketoLead or Contact, and MarketoLead takes nothing else"
            )
        kinds = ("text", "long_text", "list") if self.object == "Contact" else ("text", "long_text")
        if is_nurture and (self.owner != "machine" or self.type not in kinds):
            raise ValueError(
                f"{self.object}.{self.field} is {self.owner} and {self.type}; fields for nurture are machine, and {' or '.join(kinds)}"
            )
        if self.type == "list" and (not is_nurture or self.field.endswith("__c")):
            raise ValueError(f"{self.object}.{self.field} is a list; only person.nurture is one, and Salesforce has none")
        if self.value.endswith(".synced_at") and self.owner != "machine":
            raise ValueError(f"{self.object}.{self.field} is {self.owner}; the time of syncing is written along with every change: machine")
        person_side = self.object in ("Lead", "Contact", MARKETO_LEAD)
        if person_side != self.value.startswith("person."):
            allowed = "person.*" if person_side else "account.*"
            raise ValueError(f"{self.object}.{self.field} holds {self.value}; {self.object} takes {allowed} values")
        if self.type == "lookup" and self.value != "person.matched_account_id":
            raise ValueError(f"{self.object}.{self.field} is a lookup to an account; only person.matched_account_id is one")
        if self.scale >= self.precision:
            raise ValueError(f"{self.object}.{self.field}: scale {self.scale} must be smaller than precision {self.precision}")
        return self


InputNoun = Literal[
    "disposition",
    "reject_code",
    "is_on_hold",
    "hold_reason",
    "is_incorrect_account",
    "dispute_reason",
    "is_target_flagged",
    "is_do_not_sync",
    "loss_reason",
]


class InputMapping(Section):
    """One CRM field that people fill in and we only read (owner class HUMAN, never written by us)."""

    object: Literal["Lead", "Contact", "Account", "Opportunity"] = Field(description="Salesforce object")
    field: ApiName = Field(description="API name of our packaged field, or of one that you already have")
    meaning: InputNoun = Field(description="What it tells us")
    type: InputType = Field(default="text", description="Field type, when our package declares it")
    label: str = Field(min_length=1, max_length=40, description="Label that CRM users see")
    help: str = Field(default="", max_length=510, description="Help text that CRM users see")
    length: int = Field(default=255, ge=1, le=131072, description="Characters of text")
    values: list[str] = Field(default=[], description="Values of a picklist")


class TaskMapping(Section):
    """Where escalations land as Salesforce Tasks."""

    external_key_field: ApiName = Field(
        default="Alignment_Key__c", description="Unique external id on Task that makes a task's creation exactly-once"
    )
    open_status: str = Field(default="Not Started", min_length=1, description="Status of a task when it is created")
    closed_status: str = Field(
        default="Completed", min_length=1, description="Status of a task whose reason is gone, or whose creation is rolled back"
    )


class Crm(Section):
    """The contract with the CRM: what we fill, what we read, how tasks are keyed."""

    fields: list[FieldMapping] = Field(description="CRM fields that we fill")
    inputs: list[InputMapping] = Field(default=[], description="CRM fields that people fill in and we only read")
    tasks: TaskMapping = TaskMapping()
    also_read: list[Annotated[str, StringConstraints(pattern=r"^(Lead|Contact|Account|Opportunity)\.[A-Za-z][A-Za-z0-9_]*$")]] = Field(
        default=[], description="Further fields to read, as Lead.Region__c: what conditions of SLA policies name"
    )
    fill_untargeted: bool = Field(
        default=False,
        description="Fill untargeted accounts of which nobody is known too: in the first stage, without tier, people or an MQA ever",
    )
    currency_field: str | None = Field(
        default=None, description="API name of a deal's currency, CurrencyIsoCode; empty: the organisation has one currency"
    )

    @model_validator(mode="after")
    def _no_field_twice(self) -> Self:
        seen: set[tuple[str, str]] = set()
        mappings: list[FieldMapping | InputMapping] = [*self.fields, *self.inputs]
        for place, mapping in enumerate(mappings):
            key = (mapping.object, mapping.field.lower())
            if key in seen:
                section, at = ("fields", place) if place < len(self.fields) else ("inputs", place - len(self.fields))
                raise Misplaced(f"{mapping.object}.{mapping.field} is mapped twice; a field has one owner", section, at, "field")
            seen.add(key)
        meanings = [(mapping.object, mapping.meaning) for mapping in self.inputs]
        doubled = next((pair for pair in meanings if meanings.count(pair) > 1), None)
        if doubled:
            last = len(meanings) - 1 - meanings[::-1].index(doubled)
            raise Misplaced(f"inputs: {doubled[0]} has two fields for {doubled[1]}; keep one", "inputs", last, "meaning")
        return self

    def fields_of(self, object_: str) -> list[str]:
        """API names of all mapped fields of one object, ours and people's, in order."""
        mappings: list[FieldMapping | InputMapping] = [*self.fields, *self.inputs]
        currency = [self.currency_field] if self.currency_field and object_ == "Opportunity" else []
        further = [name.partition(".")[2] for name in self.also_read if name.partition(".")[0] == object_]
        return list(dict.fromkeys([*(mapping.field for mapping in mappings if mapping.object == object_), *currency, *further]))

    @property
    def input_fields(self) -> dict[str, list[str]]:
        """API names of the fields that people fill in, by object, in order."""
        by_object: dict[str, list[str]] = {}
        for mapping in self.inputs:
            by_object.setdefault(mapping.object, []).append(mapping.field)
        return by_object
