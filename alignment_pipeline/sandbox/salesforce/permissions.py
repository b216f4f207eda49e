"""Permission sets of the metadata package, and what a user with some of them sees of the schema.

Belongs here: field and object permissions. A user with no permission set assigned is an administrator; assigning is done in
`settings.py`. Field-level security switched as a fault is in `view.py`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.salesforce.schema import Field, ObjectSchema, Schema

_NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
#: Objects that need an object permission; activities, history and children follow their parents or the user's own rights.
GUARDED = frozenset({"Account", "Contact", "Lead", "Opportunity", "Campaign"})

#: Objects that are visible when their parent object is.
FOLLOWS = {
    "AccountHistory": "Account",
    "ContactHistory": "Contact",
    "LeadHistory": "Lead",
    "OpportunityFieldHistory": "Opportunity",
    "OpportunityHistory": "Opportunity",
    "OpportunityContactRole": "Opportunity",
    "CampaignMember": "Campaign",
}


@dataclass(frozen=True)
class PermissionSet:
    """What one permission set grants: field -> may edit, object -> granted acts (create, read, edit, delete)."""

    name: str
    fields: Mapping[str, bool] = field(default_factory=dict)
    objects: Mapping[str, frozenset[str]] = field(default_factory=dict)
    user_permissions: frozenset[str] = frozenset()


def load_permission_sets(package: Path | None) -> dict[str, PermissionSet]:
    """The permission sets of a package folder by name. Raises ConfigurationError naming the file."""
    paths = sorted(package.rglob("*.permissionset-meta.xml")) if package is not None and package.is_dir() else []
    return {(one := _read(path)).name: one for path in paths}


def _read(path: Path) -> PermissionSet:
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314 - files of the deployed package, as trusted as our code
    except (ElementTree.ParseError, OSError) as error:
        raise ConfigurationError(f"{path}: no readable metadata file: {error}") from error

    def text(element: ElementTree.Element, name: str) -> str:
        return (element.findtext(f"{_NAMESPACE}{name}") or "").strip()

    fields = {
        text(one, "field").lower(): text(one, "editable") == "true"
        for one in root.iter(f"{_NAMESPACE}fieldPermissions")
        if text(one, "readable") == "true" or text(one, "editable") == "true"
    }
    objects = {
        text(one, "object").lower(): frozenset(act for act in ("Create", "Read", "Edit", "Delete") if text(one, f"allow{act}") == "true")
        for one in root.iter(f"{_NAMESPACE}objectPermissions")
    }
    rights = frozenset(text(one, "name") for one in root.iter(f"{_NAMESPACE}userPermissions") if text(one, "enabled") == "true")
    return PermissionSet(path.name.removesuffix(".permissionset-meta.xml"), fields, objects, rights)


def restricted(schema: Schema, sets: Iterable[PermissionSet]) -> Schema:
    """The schema as a user with these permission sets, and nothing else, sees it."""
    granted = list(sets)
    return Schema(allowed for one in schema.objects.values() if (allowed := _object(one, granted)) is not None)


def _object(schema: ObjectSchema, sets: list[PermissionSet]) -> ObjectSchema | None:
    parent = FOLLOWS.get(schema.name)
    if parent is not None and not any("Read" in one.objects.get(parent.lower(), ()) for one in sets):
        return None
    acts = frozenset().union(*(one.objects.get(schema.name.lower(), frozenset()) for one in sets))
    if schema.name in GUARDED or schema.custom:
        if "Read" not in acts:
            return None
        schema = replace(
            schema,
            createable=schema.createable and "Create" in acts,
            updateable=schema.updateable and "Edit" in acts,
            deletable=schema.deletable and "Delete" in acts,
        )
    elif schema.name in ("Task", "Event"):
        may = any(f"Edit{schema.name}" in one.user_permissions for one in sets)
        schema = replace(schema, createable=may, updateable=may, deletable=may)
    else:
        schema = replace(schema, createable=False, updateable=False, deletable=False)
    return replace(schema, fields=tuple(kept for one in schema.fields if (kept := _field(schema, one, sets)) is not None))


def _field(schema: ObjectSchema, one: Field, sets: list[PermissionSet]) -> Field | None:
    """Custom fields need a field permission, unless they are required; standard fields are the profile's affair."""
    if not one.custom or one.required:
        return one if schema.updateable or schema.createable else replace(one, createable=False, updateable=False)
    keys = [f"{schema.name}.{one.name}".lower(), f"activity.{one.name}".lower() if schema.name in ("Task", "Event") else ""]
    grants = [granted.fields[key] for granted in sets for key in keys if key in granted.fields]
    if not grants:
        return None
    may_edit = any(grants) and (schema.updateable or schema.createable)
    return one if may_edit else replace(one, createable=False, updateable=False)
