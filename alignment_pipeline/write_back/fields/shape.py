"""What the CRM's describe says of a field, and with it: are two values the same, and does a value fit?

Belongs here: the describe-aware comparison and fit check. Reading a describe: `connectors/salesforce/`. What to do about a
difference: `decide.py`. Salesforce trims text, stores "" as null, rounds to the field's scale, shows datetimes in milliseconds
and answers 18-character ids, so equality of bytes is not equality of values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from alignment_pipeline.agreement.field_map import FieldMapping
from alignment_pipeline.connectors.descriptions import FieldDescription, ObjectDescription
from alignment_pipeline.connectors.salesforce.identifiers import id18, is_id

Scalar = str | int | float | bool | None
_NUMBERS = frozenset({"double", "int", "currency", "percent", "long"})
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_AGREED_TYPES = {
    "text": "string",
    "long_text": "textarea",
    "number": "double",
    "percent": "percent",
    "picklist": "picklist",
    "datetime": "datetime",
    "date": "date",
    "checkbox": "boolean",
    "lookup": "reference",
    "list": "boolean",
}
Shapes = Mapping[str, Mapping[str, "FieldShape"]]


@dataclass(frozen=True)
class FieldShape:
    """One field as describe shows it to the user who asked."""

    name: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    is_updateable: bool = True
    is_createable: bool = True
    is_nillable: bool = True
    is_calculated: bool = False
    is_external_id: bool = False
    is_unique: bool = False
    is_restricted: bool = False
    values: frozenset[str] = frozenset()

    @classmethod
    def from_description(cls, field: FieldDescription) -> FieldShape:
        """From the connector's description of the field."""
        return cls(
            name=field.name,
            type=field.type,
            length=field.length,
            precision=field.precision,
            scale=field.scale,
            is_updateable=field.is_updateable,
            is_createable=field.is_createable,
            is_nillable=field.is_nillable,
            is_calculated=field.is_calculated,
            is_external_id=field.is_external_id,
            is_unique=field.is_unique,
            is_restricted=field.is_restricted_picklist,
            values=frozenset(field.picklist_values),
        )

    @classmethod
    def from_mapping(cls, mapping: FieldMapping) -> FieldShape:
        """What the agreement's package declares, for a plan made without a CRM at hand."""
        return cls(
            name=mapping.field,
            type=_AGREED_TYPES[mapping.type],
            length=mapping.length if mapping.type in ("text", "long_text") else 0,
            precision=mapping.precision,
            scale=mapping.scale,
            is_restricted=mapping.type == "picklist",
            values=frozenset(mapping.values),
        )

    def canonical(self, value: Scalar) -> Scalar:
        """The value as the CRM would keep it: two values are the same when their canonical forms are equal."""
        if self.type == "boolean":
            return _boolean(value)
        if value is None:
            return None
        if self.type in _NUMBERS:
            return _number(value, self.scale)
        text = str(value).replace("\r\n", "\n").replace("\r", "\n").strip()
        if not text:
            return None
        if self.type == "datetime":
            return _datetime(text)
        if self.type == "date":
            return text[:10]
        if self.type in ("reference", "id"):
            return id18(text) if is_id(text) else text
        if self.type == "multipicklist":
            return ";".join(sorted(part.strip().casefold() for part in text.split(";") if part.strip()))
        if self.type in ("picklist", "email"):
            return text.casefold()
        return text

    def same(self, one: Scalar, other: Scalar) -> bool:
        """Whether the CRM would show no difference."""
        return (one == other and type(one) is type(other)) or self.canonical(one) == self.canonical(other)

    def misfit(self, value: Scalar) -> str | None:
        """Why the value cannot be stored in this field as it is, or None. Nothing is ever cut to fit."""
        if value is None:
            return None if self.is_nillable and self.type != "boolean" else "the field cannot be empty"
        if self.type in _NUMBERS:
            return self._number_misfit(value)
        if self.type == "boolean":
            return None if isinstance(value, bool) else "is not true or false"
        text = str(value)
        if not isinstance(value, str):
            return f"is a {type(value).__name__}, the field takes text"
        if _UNSTORABLE.search(text):
            return "holds NUL or half a surrogate pair, which no CRM field can store"
        if self.type in ("datetime", "date"):
            return self._moment_misfit(text)
        if self.type in ("reference", "id"):
            return None if is_id(text) else "is not a Salesforce id"
        if self.is_restricted and self.values and text.strip():
            parts = text.split(";") if self.type == "multipicklist" else [text]
            known = {known.casefold() for known in self.values}
            if any(part.strip().casefold() not in known for part in parts):
                return "is none of the picklist's active values"
        if self.length and len(text.strip()) > self.length:
            return f"has {len(text.strip())} characters, the field takes {self.length}"
        return None

    def _number_misfit(self, value: Scalar) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "is not a number"
        if isinstance(value, float) and not math.isfinite(value):
            return "is not a finite number"
        digits = self.precision - self.scale
        if self.precision and abs(value) >= 10**digits:
            return f"has more than {digits} digits before the point"
        return None

    def _moment_misfit(self, text: str) -> str | None:
        try:
            year = (date.fromisoformat(text[:10]) if self.type == "date" else datetime.fromisoformat(text)).year
        except ValueError:
            return f"is not an ISO 8601 {self.type}"
        return None if 1700 <= year <= 4000 else "lies outside the years 1700 to 4000 that Salesforce stores"


def described_shapes(descriptions: Mapping[str, ObjectDescription | None]) -> Shapes:
    """object -> API name (lower case) -> shape; an object that is absent or hidden has no fields."""
    return {
        name: {field.name.lower(): FieldShape.from_description(field) for field in description.fields.values()} if description else {}
        for name, description in descriptions.items()
    }


def shape_of(shapes: Shapes, object_: str, field: str) -> FieldShape | None:
    """The shape of a field whatever its case; None when it is absent or hidden."""
    return shapes.get(object_, {}).get(field.lower())


def _boolean(value: Scalar) -> bool:
    return value.strip().lower() in ("true", "1") if isinstance(value, str) else bool(value)


def _number(value: Scalar, scale: int) -> Scalar:
    try:
        number = Decimal(str(value)) if not isinstance(value, bool) else Decimal(int(value))
        return str(number.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP).normalize() + 0)
    except InvalidOperation:
        return str(value)


def _datetime(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # Salesforce keeps whole seconds of most writes and shows .000: compare seconds
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()
