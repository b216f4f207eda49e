"""Objects and fields as describe tells them.

Belongs here: the types. The standard objects are written in `standard_objects.txt` and read by `standard.py`; custom fields come
from the metadata package (`package.py`); the JSON of describe is made in `describe.py`; what one user may see of it in `view.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

TEXT_TYPES = frozenset(
    {"string", "textarea", "picklist", "multipicklist", "combobox", "phone", "email", "url", "encryptedstring", "anyType", "base64"}
)
NUMBER_TYPES = frozenset({"int", "double", "currency", "percent"})
ID_TYPES = frozenset({"id", "reference"})


@dataclass(frozen=True)
class PicklistValue:
    """One value of a picklist."""

    value: str
    active: bool = True
    default: bool = False


@dataclass(frozen=True)
class Field:
    """One field of one object. `type` is describe's type name."""

    name: str
    type: str
    label: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    filterable: bool = True
    sortable: bool = True
    default: str | None = None
    picklist: tuple[PicklistValue, ...] = ()
    restricted: bool = False
    references: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None
    unique: bool = False
    external_id: bool = False
    id_lookup: bool = False
    case_sensitive: bool = False
    calculated: bool = False
    formula: str | None = None
    custom: bool = False
    tracked: bool = False
    name_field: bool = False
    nillable: bool = True

    @property
    def active_values(self) -> frozenset[str]:
        """The active picklist values."""
        return frozenset(one.value for one in self.picklist if one.active)

    @property
    def polymorphic(self) -> bool:
        """Whether the parent may be of several objects, so that only the Name object's fields can be read through it."""
        return len(self.references) > 1


@dataclass(frozen=True)
class ObjectSchema:
    """One object with its fields in describe order."""

    name: str
    prefix: str
    label: str
    plural: str
    fields: tuple[Field, ...]
    custom: bool = False
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    bulk: bool = True
    replicateable: bool = True
    stamp: str = "SystemModstamp"
    extra: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Lower-case API name -> field."""
        return {one.name.lower(): one for one in self.fields}

    @cached_property
    def by_relationship(self) -> dict[str, Field]:
        """Lower-case relationship name -> reference field."""
        return {one.relationship.lower(): one for one in self.fields if one.relationship}

    @cached_property
    def tracked(self) -> tuple[Field, ...]:
        """The fields whose changes write history rows."""
        return tuple(one for one in self.fields if one.tracked)

    @cached_property
    def mandatory(self) -> tuple[str, ...]:
        """The fields that may not be saved empty."""
        return tuple(
            one.name
            for one in self.fields
            if (one.required or (one.type not in ("boolean", "id") and not one.nillable and one.updateable))
            and (one.createable or one.updateable)
        )

    @cached_property
    def keys(self) -> tuple[Field, ...]:
        """The unique and external id fields."""
        return tuple(one for one in self.fields if (one.unique or one.external_id) and one.type != "id")

    def get(self, name: str) -> Field | None:
        """A field by API name in any case."""
        return self.by_name.get(name.lower())


class Schema:
    """All objects of an organisation."""

    def __init__(self, objects: Iterable[ObjectSchema]) -> None:
        self.objects = {one.name: one for one in objects}
        self._folded = {name.lower(): one for name, one in self.objects.items()}
        self._prefixes = {one.prefix: one for one in self.objects.values() if one.prefix}

    def get(self, name: str) -> ObjectSchema | None:
        """An object by API name in any case."""
        return self._folded.get(name.lower())

    def of_id(self, record_id: str) -> ObjectSchema | None:
        """The object that an id's prefix names."""
        return self._prefixes.get(record_id[:3])

    def children(self, name: str) -> list[tuple[ObjectSchema, Field]]:
        """The child objects of an object, each with the field that points to it and a children's relationship name."""
        return [
            (child, one) for child in self.objects.values() for one in child.fields if one.children is not None and name in one.references
        ]
