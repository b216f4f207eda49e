"""Properties of the portal's objects, and what a value must be to be accepted.

Belongs here: definitions and the check of one value. Storing it is `records.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alignment_pipeline.sandbox.hubspot.answers import Refusal, invalid
from alignment_pipeline.sandbox.hubspot.settings import STAGES

_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


@dataclass(frozen=True)
class Property:
    """One property. `options` are the internal values of an enumeration."""

    name: str
    type: str = "string"
    field_type: str = "text"
    label: str = ""
    group: str = "information"
    description: str = ""
    options: tuple[str, ...] = ()
    is_read_only: bool = False
    is_unique: bool = False
    is_defined: bool = True

    def to_json(self) -> dict[str, object]:
        """As the properties endpoint shows it."""
        return {
            "name": self.name,
            "label": self.label or self.name,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [
                {"label": value, "value": value, "displayOrder": place, "hidden": False} for place, value in enumerate(self.options)
            ],
            "hasUniqueValue": self.is_unique,
            "calculated": False,
            "archived": False,
            "hubspotDefined": self.is_defined,
            "dataSensitivity": "non_sensitive",
            "modificationMetadata": {
                "archivable": not self.is_defined,
                "readOnlyDefinition": self.is_defined,
                "readOnlyValue": self.is_read_only,
            },
        }

    def check(self, value: str) -> str:
        """The value as it is kept. Raises Refusal 400 when the property does not take it."""
        if self.is_read_only:
            raise invalid(f"{self.name} is read only", "READ_ONLY_VALUE", propertyName=[self.name])
        if value == "":
            return value
        is_fit = {
            "number": lambda: _NUMBER.match(value) is not None,
            "bool": lambda: value in ("true", "false"),
            "datetime": lambda: _is_moment(value),
            "date": lambda: _is_moment(value),
            "enumeration": lambda: not self.options or all(part in self.options for part in value.split(";")),
        }.get(self.type, lambda: len(value) <= 65_536)
        if not is_fit():
            code = {"number": "INVALID_NUMBER", "enumeration": "INVALID_OPTION", "bool": "INVALID_OPTION"}.get(self.type, "INVALID_DATE")
            raise invalid(f"{value[:80]} was not valid for {self.name}", code, propertyName=[self.name])
        return value


def _is_moment(value: str) -> bool:
    if value.lstrip("-").isdigit():
        return True
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _of(text: str) -> dict[str, Property]:
    """`name[:type][!]` words; `!` is read only."""
    by_name = {}
    for word in text.split():
        name, _, kind = word.rstrip("!").partition(":")
        by_name[name] = Property(name, kind or "string", is_read_only=word.endswith("!"))
    return by_name


_COMMON = "hs_object_id:number! createdate:datetime! hs_merged_object_ids! hubspot_owner_id hs_created_by_user_id:number!"
_ENGAGEMENT = "hs_lastmodifieddate:datetime! hs_createdate:datetime! hs_timestamp:datetime hubspot_owner_id hs_object_id:number!"
_STAGE = Property("lifecyclestage", "enumeration", "radio", "Lifecycle stage", options=STAGES)


def defaults() -> dict[str, dict[str, Property]]:
    """Object type -> name -> property, as a new portal has them."""
    contacts = _of(
        f"{_COMMON} lastmodifieddate:datetime! email firstname lastname company jobtitle phone mobilephone website address city state zip "
        "country industry numemployees annualrevenue hs_lead_status hs_analytics_source hs_email_optout:bool hs_email_bounce:number! "
        "hs_email_hard_bounce_reason_enum! hs_additional_emails! hs_analytics_last_timestamp:datetime! hs_analytics_num_page_views:number! "
        "salesforceleadid salesforcecontactid salesforceaccountid associatedcompanyid:number! hs_timezone notes"
    )
    companies = _of(
        f"{_COMMON} hs_lastmodifieddate:datetime! name domain website phone address city state zip country type industry "
        "numberofemployees:number annualrevenue:number hs_parent_company_id:number! salesforceaccountid description"
    )
    deals = _of(
        f"{_COMMON} hs_lastmodifieddate:datetime! dealname dealstage pipeline amount:number amount_in_home_currency:number! "
        "deal_currency_code closedate:datetime dealtype hs_deal_stage_probability:number! hs_is_closed:bool! hs_is_closed_won:bool! "
        "hs_salesforceopportunityid hs_analytics_source closed_lost_reason closed_won_reason"
    )
    return {
        "contacts": contacts | {"lifecyclestage": _STAGE},
        "companies": companies | {"lifecyclestage": _STAGE},
        "deals": deals,
        "calls": _of(f"{_ENGAGEMENT} hs_call_title hs_call_direction hs_call_status hs_call_duration:number hs_call_disposition"),
        "emails": _of(f"{_ENGAGEMENT} hs_email_subject hs_email_direction hs_email_status"),
        "meetings": _of(f"{_ENGAGEMENT} hs_meeting_title hs_meeting_start_time:datetime hs_meeting_end_time:datetime hs_meeting_outcome"),
        "tasks": _of(
            f"{_ENGAGEMENT} hs_task_subject hs_task_body hs_task_status hs_task_priority hs_task_type hs_task_completion_date:datetime!"
        ),
        "notes": _of(f"{_ENGAGEMENT} hs_note_body"),
        "users": _of("hs_object_id:number! hs_lastmodifieddate:datetime! hs_createdate:datetime! hs_standard_time_zone hubspot_owner_id"),
    }


@dataclass
class Definitions:
    """The portal's properties."""

    by_type: dict[str, dict[str, Property]] = field(default_factory=defaults)
    more_groups: dict[str, set[str]] = field(default_factory=dict)

    def groups(self, kind: str) -> set[str]:
        """Names of the groups that properties are in, or may be put into."""
        return {one.group for one in self.of(kind).values()} | self.more_groups.get(kind, set())

    def add_group(self, kind: str, name: str) -> None:
        """A new group. Raises Refusal 409 when there is one of that name."""
        if name in self.groups(kind):
            raise Refusal(409, "OBJECT_ALREADY_EXISTS", f"A property group named '{name}' already exists.")
        self.more_groups.setdefault(kind, set()).add(name)

    def of(self, kind: str) -> dict[str, Property]:
        """Name -> property. Raises Refusal 400 for an object type that does not exist."""
        definitions = self.by_type.get(kind)
        if definitions is None:
            raise Refusal(400, "VALIDATION_ERROR", f"Unable to infer object type from: {kind}")
        return definitions

    def add(self, kind: str, given: Property) -> None:
        """A new property. Raises Refusal 409 when there is one of that name."""
        if not _NAME.match(given.name):
            raise invalid(f"{given.name} is no property name")
        if given.name in self.of(kind):
            raise Refusal(409, "OBJECT_ALREADY_EXISTS", f"A property named '{given.name}' already exists.")
        self.by_type[kind][given.name] = given

    def checked(self, kind: str, values: Mapping[str, object]) -> dict[str, str]:
        """Values as they are kept. Raises Refusal 400 naming every property that does not exist, or the first wrong value."""
        known = self.of(kind)
        unknown = [name for name in values if name not in known]
        if unknown:
            raise Refusal(400, "VALIDATION_ERROR", _unknown(unknown), errors=[_unknown_error(name) for name in unknown])
        return {name: known[name].check("" if value is None else str(value)) for name, value in values.items()}


def _unknown(names: Sequence[str]) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"Property values were not valid: property {listed} does not exist"


def _unknown_error(name: str) -> dict[str, object]:
    return {"message": f'Property "{name}" does not exist', "code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": [name]}}
