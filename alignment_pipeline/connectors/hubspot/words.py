"""The CRM's words and HubSpot's: objects, fields and values of what is written.

Belongs here: names and single values, both ways. Fields of the agreement are HubSpot's own names; only what every CRM has is translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from alignment_pipeline.connectors.hubspot.crm_ids import crm_id, hubspot_id
from alignment_pipeline.connectors.values import canonical, parse_stamp

KINDS: Mapping[str, str] = {"Contact": "contacts", "Account": "companies", "Task": "tasks"}
OWNER, MODSTAMP, WHO, WHAT = "OwnerId", "SystemModstamp", "WhoId", "WhatId"
#: Whom a task is about, written beside its key: a task whose associations got lost is known by it.
ABOUT = "alignment_about"
_TASK = {
    "Subject": "hs_task_subject",
    "Description": "hs_task_body",
    "Status": "hs_task_status",
    "Priority": "hs_task_priority",
    "ActivityDate": "hs_timestamp",
}
_CONTACT = {"FirstName": "firstname", "LastName": "lastname"}
_PRIORITIES = {"High": "HIGH", "Normal": "MEDIUM", "Low": "LOW"}
_PRIORITIES_BACK = {value: name for name, value in _PRIORITIES.items()}
#: A task is due at noon, so that it is due on the same day wherever its owner is.
_NOON = time(12, tzinfo=UTC)


@dataclass(frozen=True)
class Words:
    """The words of one object. `ids`: fields of the agreement that hold ids of the CRM's tables."""

    object: str
    ids: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        """HubSpot's name of the object."""
        return KINDS[self.object]

    @property
    def stamp(self) -> str:
        """The property that holds the time of modification."""
        return "lastmodifieddate" if self.kind == "contacts" else "hs_lastmodifieddate"

    def property_of(self, field: str) -> str:
        """HubSpot's name of a field."""
        common = {OWNER: "hubspot_owner_id", MODSTAMP: self.stamp}
        return common.get(field) or {"Task": _TASK, "Contact": _CONTACT}.get(self.object, {}).get(field, field)

    def written(self, field: str, value: Any) -> str:
        """A value as HubSpot takes it: all is text, and empty text clears."""
        if value is None:
            return ""
        if field == OWNER or field in self.ids:
            return hubspot_id(str(value))
        if self.object == "Task" and field == "Priority":
            return _PRIORITIES.get(str(value), str(value))
        if self.object == "Task" and field == "ActivityDate":
            return datetime.combine(date.fromisoformat(str(value)), _NOON).isoformat().replace("+00:00", "Z")
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, float, Decimal)):
            return str(canonical(value, "double"))
        return str(value)

    def read(self, field: str, value: Any) -> str | None:
        """A value of HubSpot's in the CRM's words; empty is None."""
        text = canonical(value, "string")
        if text is None:
            return None
        if field == OWNER:
            return crm_id("owners", text)
        if field in self.ids:
            return crm_id("companies", text) if text.isdigit() else text
        if self.object == "Task" and field == "Priority":
            return _PRIORITIES_BACK.get(text, text)
        if self.object == "Task" and field == "ActivityDate":
            return _day(text)
        return text


def _day(text: str) -> str:
    try:
        return parse_stamp(text).date().isoformat()
    except ValueError:
        return text
