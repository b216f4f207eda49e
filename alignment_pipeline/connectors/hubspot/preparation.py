"""What a portal needs before it can be written to: our property group, our properties, labels of associations, and lists.

Belongs here: which of them the agreement asks for, which are missing, and making them. `alignment init --prepare` shows them first. Needs
the scopes crm.schemas.contacts.write and crm.schemas.companies.write, which can be taken away again afterwards; a list needs
crm.lists.write, which stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alignment_pipeline.agreement import field_map
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.hubspot import associations, lists, objects
from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.words import ABOUT, KINDS

GROUP, GROUP_LABEL = "alignment", "Alignment"
#: Properties of this beginning are ours to make; others are the portal's own.
PREFIX = "alignment_"
_TYPES = {
    "text": ("string", "text"),
    "long_text": ("string", "textarea"),
    "number": ("number", "number"),
    "percent": ("number", "number"),
    "picklist": ("enumeration", "select"),
    "datetime": ("datetime", "date"),
    "date": ("date", "date"),
    "checkbox": ("bool", "booleancheckbox"),
}


@dataclass(frozen=True)
class Wanted:
    """One property, one label between contacts and companies, or one static list, which bears the label as its name."""

    kind: str
    name: str
    label: str
    type: str = "text"
    description: str = ""
    values: tuple[str, ...] = ()
    is_unique: bool = False
    is_label: bool = False
    is_list: bool = False

    def __str__(self) -> str:
        what = "association label" if self.is_label else "static list" if self.is_list else f"{self.type} property"
        return f"{what} {self.name} ({self.label}) of {self.kind}"

    def to_json(self) -> dict[str, Any]:
        """As the vendor's request for a property."""
        type_, field_type = _TYPES[self.type]
        yes_no = [{"label": "Yes", "value": "true", "displayOrder": 0}, {"label": "No", "value": "false", "displayOrder": 1}]
        given = [{"label": value, "value": value, "displayOrder": place} for place, value in enumerate(self.values)]
        options = yes_no if self.type == "checkbox" else given
        body: dict[str, Any] = {"name": self.name, "label": self.label, "type": type_, "fieldType": field_type, "groupName": GROUP}
        body |= {"description": self.description, "hasUniqueValue": self.is_unique}
        return body | ({"options": options} if options else {})


def prepare(environ: Mapping[str, str], clock: Clock, mapped: field_map.Crm, *, may_make: bool) -> list[str]:
    """What is missing in the portal, made where `may_make` says so."""
    session = HubSpotSession(Credentials.from_env(environ), clock)
    session.portal_id()
    needed = missing(session, mapped)
    if may_make:
        make(session, needed)
    return [str(one) for one in needed]


def wanted(mapped: field_map.Crm) -> list[Wanted]:
    """Everything of ours that the agreement names, and the two properties that keep our tasks from being made twice."""
    lines: list[field_map.FieldMapping | field_map.InputMapping] = [*mapped.fields, *mapped.inputs]
    ours = [
        Wanted(
            *(KINDS[one.object], one.field, one.label, one.type, one.help, tuple(one.values)),
            is_label=one.type == "lookup",
            is_list=one.type == "list",
        )
        for one in lines
        if one.object in KINDS and one.field.startswith(PREFIX)
    ]
    key = Wanted("tasks", mapped.tasks.external_key_field, "Alignment key", description="Makes each task once.", is_unique=True)
    return [*ours, key, Wanted("tasks", ABOUT, "Alignment about", description="The record that the task is about.")]


def missing(session: HubSpotSession, mapped: field_map.Crm) -> list[Wanted]:
    """What the portal has not yet."""
    asked = wanted(mapped)
    known = {
        kind: {str(one["name"]) for one in objects.results(session.get(f"/crm/v3/properties/{kind}", "properties"), "properties")}
        for kind in dict.fromkeys(one.kind for one in asked)
    }
    labels = associations.labels(session, "contacts", "companies") if any(one.is_label for one in asked) else {}
    there = {one.label for one in asked if one.is_list and lists.named(session, one.label) is not None}

    def is_missing(one: Wanted) -> bool:
        if one.is_list:
            return one.label not in there
        return one.name not in labels if one.is_label else one.name not in known[one.kind]

    return [one for one in asked if is_missing(one)]


def make(session: HubSpotSession, needed: Sequence[Wanted]) -> None:
    """Make what is missing. Changing a property that is there is left to people."""
    for kind in dict.fromkeys(one.kind for one in needed if not (one.is_label or one.is_list)):
        listed = objects.results(session.get(f"/crm/v3/properties/{kind}/groups", "property groups"), "property groups")
        if GROUP not in {str(one["name"]) for one in listed}:
            session.write(f"/crm/v3/properties/{kind}/groups", "property groups", {"name": GROUP, "label": GROUP_LABEL})
    for one in needed:
        if one.is_list:
            lists.make(session, one.label)
        elif one.is_label:
            body = {"name": one.name, "label": one.label}
            session.write("/crm/v4/associations/contacts/companies/labels", "association label", body)
        else:
            session.write(f"/crm/v3/properties/{one.kind}", "property", one.to_json())
