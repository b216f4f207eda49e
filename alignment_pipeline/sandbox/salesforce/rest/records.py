"""One record: create, read, change, delete, upsert by external id.

Belongs here: the single-record resources and the reading of a JSON record, which collections share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from alignment_pipeline.sandbox.salesforce.failures import ApiError, RowError, not_found
from alignment_pipeline.sandbox.salesforce.rest.call import Answer, Call
from alignment_pipeline.sandbox.salesforce.saving import Saver, changed_at
from alignment_pipeline.sandbox.salesforce.schema import Field, ObjectSchema
from alignment_pipeline.sandbox.salesforce.soql.paths import Resolver
from alignment_pipeline.sandbox.salesforce.soql.projection import Projection
from alignment_pipeline.sandbox.salesforce.values import from_json


def read_values(call: Call, schema: ObjectSchema, body: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON record's fields under their API names as Python values; `Relationship: {ExternalId: value}` becomes an id.

    Raises ApiError for an unknown field or an unreadable value: both refuse the whole request.
    """
    values: dict[str, Any] = {}
    for name, value in body.items():
        if name.lower() in ("attributes", "id"):
            continue
        one = schema.get(name)
        if one is None and isinstance(value, dict):
            reference = schema.by_relationship.get(name.lower())
            if reference is not None:
                values[reference.name] = parent_by_key(call, reference, value)
                continue
        if one is None:
            raise ApiError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {schema.name}")
        values[one.name] = from_json(one, value)
    return values


def parent_by_key(call: Call, reference: Field, value: Mapping[str, Any]) -> str:
    """The id of the parent that an external id names. Raises RowError INVALID_FIELD or ApiError."""
    keys = {name: given for name, given in value.items() if name.lower() not in ("attributes", "type")}
    for target_name in reference.references:
        target = call.schema.get(target_name)
        name = next(iter(keys), "")
        key = target.get(name) if target is not None else None
        if target is not None and key is not None and (key.external_id or key.id_lookup):
            ids = find_by_key(call, target, key, str(keys[name]))
            if len(ids) == 1:
                return ids[0]
            raise RowError("INVALID_FIELD", f"Foreign key external ID: {keys[name]} not found for field {name} in entity {target.name}")
    raise ApiError(400, "INVALID_FIELD", f"No such column '{next(iter(keys), '')}' on the parent of {reference.name}")


def find_by_key(call: Call, schema: ObjectSchema, key: Field, text: str) -> list[str]:
    """The ids of the records that hold a key, given as text."""
    if key.external_id or key.unique:
        value = from_json(key, text)
        return [] if value is None else call.org.store.by_key(schema, key, value)
    rows = call.org.store.rows(schema.name)
    return [str(row["Id"]) for row in rows if not row.get("IsDeleted") and str(row.get(key.name, "")).lower() == text.lower()]


def create(call: Call) -> Answer:
    """POST /sobjects/<Object>."""
    schema = call.object()
    body = call.json_object()
    if any(name.lower() == "id" and value for name, value in body.items()):
        raise ApiError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ["Id"])
    saver = Saver(call.org.store, call.caller())
    try:
        record_id = saver.insert(schema, read_values(call, schema, body))
    except RowError as error:
        raise error.to_api() from error
    saver.commit()
    return Answer(201, {"id": record_id, "success": True, "errors": []}, {"Location": f"{_root(call)}/sobjects/{schema.name}/{record_id}"})


def _root(call: Call) -> str:
    return f"/services/data/v{call.version}"


def _existing(call: Call) -> tuple[ObjectSchema, dict[str, Any]]:
    schema = call.object()
    identifier = call.record_id()
    record = call.org.store.get(schema.name, identifier)
    if record is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    if record.get("IsDeleted"):
        raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted")
    return schema, record


def read(call: Call) -> Answer:
    """GET /sobjects/<Object>/<id>[?fields=a,b]."""
    schema, record = _existing(call)
    since = moment(call, "if-modified-since")
    if since is not None and changed_at(record) <= since:
        return Answer(304)
    shown = projection_of(call, schema, call.query.get("fields")).render(record)
    stamp = changed_at(record).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return Answer(body=shown, headers={"Last-Modified": stamp} | ({"ETag": etag(record)} if schema.name == "Account" else {}))


def etag(record: dict[str, Any]) -> str:
    """The entity tag of an Account, the only object that the vendor gives one."""
    text = f"{record['Id']}{changed_at(record).isoformat()}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _check_etag(call: Call, schema: ObjectSchema, record: dict[str, Any]) -> None:
    wanted = call.headers.get("if-match")
    if wanted is None or schema.name != "Account":
        return
    if wanted.strip() != "*" and etag(record) not in [one.strip() for one in wanted.split(",")]:
        raise ApiError(412, "PRECONDITION_FAILED", "One or more preconditions given in the request failed")


def projection_of(call: Call, schema: ObjectSchema, names: str | list[str] | None) -> Projection:
    """The rendering of records with the chosen fields (None: all). Raises ApiError INVALID_FIELD."""
    resolver = Resolver(call.org.store, call.schema, schema, None, "")
    object_of = {one.prefix: one.name for one in call.schema.objects.values()}
    projection = Projection(schema.name, call.version, lambda identifier: object_of.get(identifier[:3], "Name"))
    chosen = [one.name for one in schema.fields] if not names else names if isinstance(names, list) else names.split(",")
    for name in dict.fromkeys(part.strip() for part in chosen):
        projection.add(resolver.column(tuple(name.split("."))))
    return projection


def moment(call: Call, header: str) -> datetime | None:
    """An HTTP date header. Raises ApiError 400 when it is none."""
    text = call.headers.get(header)
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text)
    except ValueError as error:
        raise ApiError(400, "INVALID_HEADER", f"{header} is no HTTP date: {text}") from error


def update(call: Call) -> Answer:
    """PATCH /sobjects/<Object>/<id>, with If-Unmodified-Since."""
    body = call.json_object()
    schema, record = _existing(call)
    if any(name.lower() == "id" for name in body):
        message = "The Id field should not be specified in the sobject data."
        raise ApiError(400, "INVALID_FIELD", message, ["Id"])
    _check_etag(call, schema, record)
    saver = Saver(call.org.store, call.caller())
    try:
        saver.update(schema, record["Id"], read_values(call, schema, body), moment(call, "if-unmodified-since"))
    except RowError as error:
        raise error.to_api() from error
    saver.commit()
    return Answer(204)


def delete(call: Call) -> Answer:
    """DELETE /sobjects/<Object>/<id>."""
    schema, record = _existing(call)
    saver = Saver(call.org.store, call.caller())
    try:
        saver.delete(schema, record["Id"])
    except RowError as error:
        raise error.to_api() from error
    saver.commit()
    return Answer(204)


def external_key(call: Call, schema: ObjectSchema, name: str) -> Field:
    """An external id field. Raises ApiError 404 in the vendor's words."""
    key = schema.get(name)
    if key is None or not (key.external_id or key.type == "id" or (key.id_lookup and key.unique)):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise ApiError(404, "NOT_FOUND", message)
    return key


def _by_key(call: Call) -> tuple[ObjectSchema, Field, Any, list[str]]:
    schema = call.object()
    key = external_key(call, schema, call.parts["key"])
    value = from_json(key, call.parts["value"])
    if key.type == "id":
        return schema, key, value, [call.record_id(str(value))]
    return schema, key, value, call.org.store.by_key(schema, key, value)


def read_by_key(call: Call) -> Answer:
    """GET /sobjects/<Object>/<ExternalId>/<value>."""
    schema, _, _, ids = _by_key(call)
    if len(ids) > 1:
        return Answer(300, [f"{_root(call)}/sobjects/{schema.name}/{one}" for one in ids])
    record = call.org.store.get(schema.name, ids[0]) if ids else None
    if record is None:
        raise not_found()
    return Answer(body=projection_of(call, schema, call.query.get("fields")).render(record))


def upsert(call: Call) -> Answer:
    """PATCH (or POST) /sobjects/<Object>/<ExternalId>/<value>."""
    body = call.json_object()
    schema, key, value, ids = _by_key(call)
    if any(name.lower() in (key.name.lower(), "id") for name in body):
        raise ApiError(400, "INVALID_FIELD", f"The {key.name} field should not be specified in the sobject data.", [key.name])
    if len(ids) > 1:
        return Answer(300, [f"{_root(call)}/sobjects/{schema.name}/{one}" for one in ids])
    values = read_values(call, schema, body)
    saver = Saver(call.org.store, call.caller())
    try:
        if key.type == "id":
            saver.update(schema, ids[0], values)
            identifier, created = ids[0], False
        else:
            identifier, created = saver.upsert(schema, key, value, values)
    except RowError as error:
        raise error.to_api() from error
    saver.commit()
    return Answer(201 if created else 200, {"id": identifier, "success": True, "errors": [], "created": created})
