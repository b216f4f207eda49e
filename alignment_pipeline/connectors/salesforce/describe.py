"""What this user may see and write: describe, cached for the run.

Belongs here: objects and their fields as the API describes them to the integration user. Which of them we want: `contracts/raw.py`
and the agreement's field map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline.connectors.descriptions import FieldDescription, ObjectDescription
from alignment_pipeline.connectors.salesforce import composite
from alignment_pipeline.connectors.salesforce.identifiers import api_name
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused

_ABSENT = frozenset({"NOT_FOUND", "INVALID_TYPE", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY"})


def described_field(body: Mapping[str, Any]) -> FieldDescription:
    """From an entry of `fields[]`; absent members take the harmless default."""
    values = body.get("picklistValues") or ()
    return FieldDescription(
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


def described_object(body: Mapping[str, Any]) -> ObjectDescription:
    """From the body of `sobjects/<Object>/describe`."""
    fields = [described_field(entry) for entry in body.get("fields") or ()]
    return ObjectDescription(
        name=str(body.get("name") or ""),
        fields={one.name: one for one in fields},
        is_queryable=bool(body.get("queryable", True)),
        is_replicateable=bool(body.get("replicateable", True)),
        _by_lower={one.name.lower(): one for one in fields},
    )


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
        return described_object(part.body)
    if part.status == 404 or part.code in _ABSENT:
        return None
    message = f"describe {object_name}: {part.status} {part.code}: {part.detail}"
    raise SalesforceRefused(message, status=part.status, code=part.code, detail=part.detail)
