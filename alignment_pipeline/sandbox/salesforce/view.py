"""What one user sees of the schema: field-level security and drift, as switched on in the faults.

Belongs here: the kinds `hide_object`, `hide_field`, `read_only_field`, `change_field` and `retire_value` applied to the schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.faults import Fault, Faults
from alignment_pipeline.sandbox.salesforce.permissions import PermissionSet, restricted
from alignment_pipeline.sandbox.salesforce.schema import Field, ObjectSchema, PicklistValue, Schema
from alignment_pipeline.sandbox.salesforce.settings import OrgSettings

_KINDS = ("hide_object", "hide_field", "read_only_field", "change_field", "retire_value")


class Views:
    """The schema by user, cached until a fault is switched."""

    def __init__(self, schema: Schema, faults: Faults, settings: OrgSettings, sets: Mapping[str, PermissionSet]) -> None:
        self.schema = schema
        self.faults = faults
        self.settings = settings
        self.sets = sets
        self._revision: tuple[int, str] = (-1, "")
        self._schemas: dict[str, Schema] = {}

    def of(self, username: str) -> Schema:
        """The schema as this user may see and use it."""
        revision = (self.faults.revision, repr(self.settings.permission_sets))
        if self._revision != revision:
            self._revision, self._schemas = revision, {}
        if username not in self._schemas:
            rules = [rule for kind in _KINDS for rule in self.faults.standing(kind, "salesforce")]
            mine = [rule for rule in rules if rule.options.get("user") in (None, "", username)]
            whole = self._granted(username)
            hidden = {str(rule.options.get("object", "")).lower() for rule in mine if rule.kind == "hide_object"}
            seen = (_seen(one, mine) for one in whole.objects.values() if one.name.lower() not in hidden)
            self._schemas[username] = Schema(seen) if mine else whole
        return self._schemas[username]

    def _granted(self, username: str) -> Schema:
        names = self.settings.permission_sets.get(username)
        if names is None:
            return self.schema
        unknown = [name for name in names if name not in self.sets]
        if unknown:
            raise ConfigurationError(f"permission set {unknown[0]!r} is not in the package; there are: {', '.join(self.sets) or 'none'}")
        return restricted(self.schema, [self.sets[name] for name in names])


def _seen(schema: ObjectSchema, rules: Iterable[Fault]) -> ObjectSchema:
    own = [rule for rule in rules if str(rule.options.get("object", "")).lower() == schema.name.lower()]
    if not own:
        return schema
    fields: list[Field] = []
    for one in schema.fields:
        kept: Field | None = one
        for rule in own:
            if kept is not None and str(rule.options.get("field", "")).lower() == one.name.lower():
                kept = _changed(kept, rule)
        if kept is not None:
            fields.append(kept)
    return replace(schema, fields=tuple(fields))


def _changed(field: Field, rule: Fault) -> Field | None:
    options: dict[str, Any] = dict(rule.options)
    if rule.kind == "hide_field":
        return None
    if rule.kind == "read_only_field":
        return replace(field, createable=False, updateable=False)
    if rule.kind == "retire_value":
        values = tuple(replace(one, active=one.active and one.value != options.get("value")) for one in field.picklist)
        return replace(field, picklist=values)
    changes: dict[str, Any] = {
        name: options[name]
        for name in ("type", "length", "precision", "scale", "restricted", "filterable", "required", "unique", "calculated")
        if name in options
    }
    if "picklist" in options:
        changes["picklist"] = tuple(PicklistValue(value) for value in options["picklist"])
    if "rename" in options:
        changes["name"] = options["rename"]
    return replace(field, **changes)
