"""A portal's objects and fields as the write-back describes them.

Belongs here: properties as fields. Properties that are missing are made by `preparation.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignment_pipeline.connectors.descriptions import FieldDescription, ObjectDescription
from alignment_pipeline.connectors.hubspot import objects
from alignment_pipeline.connectors.hubspot.crm_portal import Portal
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotRefused
from alignment_pipeline.connectors.hubspot.words import KINDS, MODSTAMP, OWNER, WHAT, WHO

_TYPES = {"number": "double", "bool": "boolean", "enumeration": "picklist", "date": "date", "datetime": "datetime"}
_LONGEST = 65_536
_TASK_FIELDS = ("Subject", "Description", "Status", "Priority", "ActivityDate", WHO, WHAT)


class PortalSchema(Portal):
    """Describes the objects of one portal."""

    def describe_all(self, names: Sequence[str]) -> Mapping[str, ObjectDescription | None]:
        """Objects as the app may see them; those that HubSpot has not, or hides, are None."""
        return {name: self._describe(name) if name in KINDS else None for name in names}

    def _describe(self, object_name: str) -> ObjectDescription | None:
        kind = KINDS[object_name]
        try:
            body = self.session.get(f"/crm/v3/properties/{kind}", f"{kind} properties")
        except HubSpotRefused as refused:
            if refused.status in (403, 404):
                return None
            raise
        fields = [_field(one) for one in objects.results(body, f"{kind} properties") if not one.get("archived")]
        own = [FieldDescription(OWNER, "reference", is_updateable=True, is_createable=True), FieldDescription(MODSTAMP, "datetime")]
        if object_name == "Task":
            own += [FieldDescription(name, "string", length=_LONGEST, is_updateable=True, is_createable=True) for name in _TASK_FIELDS]
        links = {one.field for one in self.mapped.fields if one.object == object_name and one.type == "lookup"}
        own += [FieldDescription(name, "reference", is_updateable=True, is_custom=True) for name in sorted(links) if name in self.labels]
        if object_name == "Contact":
            own += [FieldDescription(name, "boolean", is_updateable=True, is_custom=True) for name in sorted(self.lists)]
        all_ = [*fields, *own]
        return ObjectDescription(object_name, {one.name: one for one in all_}, _by_lower={one.name.lower(): one for one in all_})


def _field(given: Mapping[str, Any]) -> FieldDescription:
    """A property. HubSpot says nothing of lengths and digits; text takes 65,536 characters."""
    modification = given.get("modificationMetadata") or {}
    kind = _TYPES.get(str(given.get("type")), "string")
    is_ours = not modification.get("readOnlyValue") and not given.get("calculated")
    is_unique = bool(given.get("hasUniqueValue"))
    return FieldDescription(
        str(given["name"]),
        kind,
        label=str(given.get("label") or given["name"]),
        length=_LONGEST if kind == "string" else 0,
        precision=18 if kind == "double" else 0,
        scale=6 if kind == "double" else 0,
        is_createable=is_ours,
        is_updateable=is_ours,
        is_calculated=bool(given.get("calculated")),
        is_external_id=is_unique,
        is_unique=is_unique,
        is_custom=not given.get("hubspotDefined", False),
        is_restricted_picklist=kind == "picklist",
        picklist_values=tuple(str(one["value"]) for one in given.get("options") or () if not one.get("hidden")),
    )
