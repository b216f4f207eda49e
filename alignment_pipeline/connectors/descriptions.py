"""Objects and fields as a system describes them to the user who asked, in one form for all systems.

Belongs here: the form. Asking each vendor is its connector's; what a description means for a value is
`write_back/fields/shape.py`. Types are named as Salesforce names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FieldDescription:
    """One field as the integration user sees it."""

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    is_nillable: bool = True
    is_createable: bool = False
    is_updateable: bool = False
    is_filterable: bool = True
    is_sortable: bool = True
    is_calculated: bool = False
    is_external_id: bool = False
    is_unique: bool = False
    is_custom: bool = False
    is_restricted_picklist: bool = False
    picklist_values: tuple[str, ...] = ()
    reference_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class ObjectDescription:
    """One object as the integration user sees it. Field names are looked up whatever their case, as the API does."""

    name: str
    fields: Mapping[str, FieldDescription]
    is_queryable: bool = True
    is_replicateable: bool = True
    is_remembered: bool = False
    _by_lower: Mapping[str, FieldDescription] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def remembered(cls, name: str, types: Mapping[str, str]) -> ObjectDescription:
        """From field names and types of an earlier run: enough to read with, not to write with."""
        fields = {field_name: FieldDescription(field_name, kind) for field_name, kind in types.items()}
        return cls(name, fields, is_remembered=True, _by_lower={field_name.lower(): one for field_name, one in fields.items()})

    def field(self, name: str) -> FieldDescription | None:
        """The field of that name, None when it is absent or hidden from this user."""
        return self._by_lower.get(name.lower())
