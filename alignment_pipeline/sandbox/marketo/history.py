"""What Marketo writes into the activity log by itself: new leads, changed values, merges, deletions, form fills.

Each function makes one activity in the shape of `activities.json`; the caller appends them to the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alignment_pipeline.sandbox.marketo.activity_types import CHANGE_DATA_VALUE, DELETE_LEAD, FILL_OUT_FORM, MERGE_LEADS, NEW_LEAD
from alignment_pipeline.sandbox.marketo.answers import iso
from alignment_pipeline.sandbox.marketo.records import Lead
from alignment_pipeline.sandbox.marketo.schema import LeadField, Value

API_SOURCE = "Web service API"


@dataclass(frozen=True)
class Cause:
    """Why something changed: the API call, or what a person did."""

    now: datetime
    source: str = API_SOURCE
    method: str = ""
    user: str = ""
    request_id: str = ""

    def attributes(self) -> dict[str, object]:
        return {"API Method Name": self.method, "Modifying User": self.user, "Request Id": self.request_id}


def changed_value(lead: Lead, field: LeadField, old: Value | None, new: Value | None, cause: Cause) -> dict[str, Any]:
    """Activity 13 of one field."""
    attributes = {"New Value": _text(new), "Old Value": _text(old), "Reason": cause.source, "Source": cause.source} | cause.attributes()
    return _activity(lead.lead_id, CHANGE_DATA_VALUE, cause, attributes, field.field_id, field.label)


def new_lead(lead: Lead, cause: Cause) -> dict[str, Any]:
    """Activity 12."""
    attributes = {"Created Date": cause.now.date().isoformat(), "Source Type": cause.source} | cause.attributes()
    return _activity(lead.lead_id, NEW_LEAD, cause, attributes, lead.lead_id, full_name(lead))


def merged(winner: Lead, losers: Sequence[Lead], cause: Cause) -> dict[str, Any]:
    """Activity 32, on the winner."""
    attributes = {
        "Master Updated": False,
        "Merge IDs": [lead.lead_id for lead in losers],
        "Merge Source": "leaddb",
        "Merged in Sales": False,
    }
    return _activity(winner.lead_id, MERGE_LEADS, cause, attributes, winner.lead_id, full_name(winner))


def deleted(lead: Lead, cause: Cause) -> dict[str, Any]:
    """Activity 37."""
    return _activity(lead.lead_id, DELETE_LEAD, cause, {"Source": cause.source} | cause.attributes(), lead.lead_id, full_name(lead))


def filled_out_form(lead: Lead, form_id: int, form_name: str, visitor: dict[str, object], cause: Cause) -> dict[str, Any]:
    """Activity 2."""
    return _activity(lead.lead_id, FILL_OUT_FORM, cause, visitor, form_id, form_name)


def full_name(lead: Lead) -> str:
    """First and last name; "" when there are none."""
    return " ".join(str(lead.values[name]) for name in ("firstName", "lastName") if name in lead.values)


def _text(value: Value | None) -> str | None:
    """A value as activities tell it: always text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _activity(
    lead_id: int, type_id: int, cause: Cause, attributes: dict[str, object], primary_id: int, primary_value: str
) -> dict[str, Any]:
    return {
        "leadId": lead_id,
        "activityDate": iso(cause.now),
        "activityTypeId": type_id,
        "primaryAttributeValueId": primary_id,
        "primaryAttributeValue": primary_value or None,
        "attributes": [{"name": name, "value": value} for name, value in attributes.items() if value not in (None, "")],
    }
