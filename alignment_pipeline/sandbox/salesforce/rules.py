"""The rules a value must pass to be saved: writability, lengths, ranges, picklists, references, required fields, unique keys.

Belongs here: what the vendor's system validation refuses, one row at a time. Parsing is in `values.py`; the order of a save in
`saving.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from alignment_pipeline.sandbox.salesforce.failures import RowError
from alignment_pipeline.sandbox.salesforce.ids import to18
from alignment_pipeline.sandbox.salesforce.schema import TEXT_TYPES, Field, ObjectSchema
from alignment_pipeline.sandbox.salesforce.store import Record, SalesforceStore
from alignment_pipeline.sandbox.salesforce.values import rounded

_EMAIL = re.compile(
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$"
)
_INT_MAX = 2**31 - 1


def check_writable(schema: ObjectSchema, values: Mapping[str, Any], *, is_insert: bool) -> None:
    """Raises RowError INVALID_FIELD_FOR_INSERT_UPDATE naming all fields that this user may not write."""
    refused = [name for name in values if (one := schema.get(name)) is not None and not (one.createable if is_insert else one.updateable)]
    if refused:
        raise RowError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {', '.join(refused)}. Please check the security settings of this field and verify "
            "that it is read/write for your profile or permission set.",
            refused,
        )


def clean(store: SalesforceStore, schema: ObjectSchema, values: Mapping[str, Any]) -> Record:
    """The values as they would be saved (trimmed, rounded, 18-character ids). Raises RowError at the first that cannot be."""
    cleaned: Record = {}
    for name, value in values.items():
        one = schema.get(name)
        if one is not None:
            cleaned[name] = None if value is None else _clean(store, one, value)
    return cleaned


def _clean(store: SalesforceStore, field: Field, value: Any) -> Any:
    if field.type in TEXT_TYPES:
        return _clean_text(field, str(value))
    if field.type == "reference":
        return _clean_reference(store, field, str(value))
    if field.type == "int":
        limit = min(_INT_MAX, 10**field.precision - 1) if field.precision else _INT_MAX
        if abs(value) > limit:
            raise _out_of_range(field, value)
        return value
    if field.type in ("double", "currency", "percent"):
        if abs(value) >= 1e19:
            raise _out_of_range(field, value)
        number = rounded(float(value), field.scale)
        if field.precision and abs(number) >= 10.0 ** (field.precision - field.scale):
            raise _out_of_range(field, value)
        return number
    return value


def _out_of_range(field: Field, value: Any) -> RowError:
    message = f"{field.label}: value outside of valid range on numeric field: {value}"
    return RowError("NUMBER_OUTSIDE_VALID_RANGE", message, [field.name])


def _clean_text(field: Field, value: str) -> str | None:
    text = value.strip()
    if not text:
        return None
    if field.length and len(text) > field.length:
        shown = text if len(text) <= 255 else text[:255]
        message = f"{field.label}: data value too large: {shown} (max length={field.length})"
        raise RowError("STRING_TOO_LONG", message, [field.name])
    if field.type == "email" and not _EMAIL.match(text):
        raise RowError("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", [field.name])
    if field.type in ("picklist", "multipicklist"):
        return _clean_picklist(field, text)
    return text


def _clean_picklist(field: Field, text: str) -> str:
    chosen = [part.strip() for part in text.split(";")] if field.type == "multipicklist" else [text]
    # The vendor stores a known value in the picklist's own case.
    known = {one.value.lower(): one.value for one in field.picklist if one.active}
    for part in chosen:
        if field.restricted and part.lower() not in known:
            raise RowError(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"{field.label}: bad value for restricted picklist field: {part}", [field.name]
            )
    return ";".join(known.get(part.lower(), part) for part in chosen)


def _clean_reference(store: SalesforceStore, field: Field, value: str) -> str | None:
    text = value.strip()
    if not text:
        return None
    identifier = to18(text)
    if identifier is None:
        raise RowError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {text}", [field.name])
    if not field.references:
        return identifier
    prefixes = {store.schema.objects[name].prefix for name in field.references if name in store.schema.objects}
    if identifier[:3] not in prefixes:
        raise RowError("FIELD_INTEGRITY_EXCEPTION", f"{field.label}: id value of incorrect type: {text}", [field.name])
    target = store.find(identifier)
    if target is None:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [field.name])
    if target.get("IsDeleted"):
        raise RowError("ENTITY_IS_DELETED", "entity is deleted", [field.name])
    if field.name == "OwnerId" and identifier.startswith("005") and target.get("IsActive") is False:
        message = "operation performed with inactive user [" + identifier + "] as owner of " + field.label
        raise RowError("INACTIVE_OWNER_OR_USER", message, [field.name])
    return identifier


def check_required(schema: ObjectSchema, record: Record, changed: Mapping[str, Any], *, is_insert: bool) -> None:
    """Raises RowError REQUIRED_FIELD_MISSING naming all that are."""
    missing = [name for name in schema.mandatory if (is_insert or name in changed) and record.get(name) is None]
    if missing:
        raise RowError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)


def check_unique(store: SalesforceStore, schema: ObjectSchema, record: Record, changed: Mapping[str, Any]) -> None:
    """Raises RowError DUPLICATE_VALUE naming the field and the record that holds the value."""
    for one in schema.keys:
        if not one.unique or one.name not in changed or record.get(one.name) is None:
            continue
        others = [record_id for record_id in store.by_key(schema, one, record[one.name]) if record_id != record.get("Id")]
        if others:
            message = f"duplicate value found: {one.name} duplicates value on record with id: {others[0]}"
            raise RowError("DUPLICATE_VALUE", message, [one.name] if one.custom else [])
