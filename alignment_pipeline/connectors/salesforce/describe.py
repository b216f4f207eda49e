"""What this user may see and write: describe, cached for the run.

Belongs here: objects and their fields as the API describes them to the integration user. Which of them we want: `contracts/raw.py`
and the agreement's field map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline.connectors.salesforce import composite
from alignment_pipeline.connectors.salesforce.identifiers import api_name
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused

_ABSENT = frozenset({"NOT_FOUND", "INVALID_TYPE", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY"})


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

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> FieldDescription:
        """From an entry of `fields[]`; absent members take the harmless default."""
        values = body.get("picklistValues") or ()
        return cls(
            name=str(body["name"]),
            type=str(body.get("type") or "string").lower(),
            label=str(body.get("label") or body["name"]),
            length=int(body.get("length") or 0),
            precision=int(body.get("precision") or 0),
            scale=int(body.get("scale") or 0),
            is_nillable=bool(body.get("nillable", True)),
            is_createable=bool(body.get("createable", False)),
            is_updateable=bool(body.get("updateable", False)),
            is_filterable=bool(body.get("filterable", True)),
            is_sortable=bool(body.get("sortable", True)),
            is_calculated=bool(body.get("calculated", False)),
            is_external_id=bool(body.get("externalId", False)),
            is_unique=bool(body.get("unique", False)),
            is_custom=bool(body.get("custom", False)),
            is_restricted_picklist=bool(body.get("restrictedPicklist", False)),
            picklist_values=tuple(str(value.get("value")) for value in values if value.get("active", True)),
            reference_to=tuple(body.get("referenceTo") or ()),
        )


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
    def read(cls, body: Mapping[str, Any]) -> ObjectDescription:
        """From the body of `sobjects/<Object>/describe`."""
        fields = [FieldDescription.read(entry) for entry in body.get("fields") or ()]
        return cls(
            name=str(body.get("name") or ""),
            fields={one.name: one for one in fields},
            is_queryable=bool(body.get("queryable", True)),
            is_replicateable=bool(body.get("replicateable", True)),
            _by_lower={one.name.lower(): one for one in fields},
        )

    @classmethod
    def remembered(cls, name: str, types: Mapping[str, str]) -> ObjectDescription:
        """From field names and types of an earlier run: enough to read with, not to write with."""
        fields = {field_name: FieldDescription(field_name, kind) for field_name, kind in types.items()}
        return cls(name, fields, is_remembered=True, _by_lower={field_name.lower(): one for field_name, one in fields.items()})

    def field(self, name: str) -> FieldDescription | None:
        """The field of that name, None when it is absent or hidden from this user."""
        return self._by_lower.get(name.lower())


@dataclass
class Describer:
    """Describes objects, at most once per `life`. Twenty objects cost one call where the server serves batches."""

    session: SalesforceSession
    life: timedelta = timedelta(hours=1)
    _known: dict[str, tuple[datetime, ObjectDescription | None]] = field(default_factory=dict, repr=False)

    def describe(self, object_name: str) -> ObjectDescription | None:
        """One object; None when it does not exist or is hidden from this user."""
        return self.describe_all((object_name,))[object_name]

    def describe_all(
        self, object_names: Sequence[str], remembered: Mapping[str, ObjectDescription] | None = None
    ) -> dict[str, ObjectDescription | None]:
        """Several objects, name -> description. `remembered` ones are taken where asking would cost a call for each."""
        now = self.session.clock.now()
        unknown = [name for name in object_names if name not in self._known or now - self._known[name][0] > self.life]
        old = dict(remembered or {})
        parts = composite.get_batches(self.session, [_path(name) for name in unknown], "describe") if unknown else []
        if parts is None:
            unknown = [name for name in unknown if name not in old]
            parts = [composite.get_one(self.session, _path(name), "describe") for name in unknown]
        for name, part in zip(unknown, parts, strict=True):
            self._known[name] = (now, _read(name, part))
        return {name: self._known[name][1] if name in self._known else old[name] for name in object_names}


def _path(object_name: str) -> str:
    return f"/sobjects/{api_name(object_name)}/describe"


def _read(object_name: str, part: composite.Part) -> ObjectDescription | None:
    if part.is_success and isinstance(part.body, Mapping):
        return ObjectDescription.read(part.body)
    if part.status == 404 or part.code in _ABSENT:
        return None
    message = f"describe {object_name}: {part.status} {part.code}: {part.detail}"
    raise SalesforceRefused(message, status=part.status, code=part.code, detail=part.detail)
