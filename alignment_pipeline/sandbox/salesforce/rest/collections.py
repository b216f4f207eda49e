"""sObject Collections: up to 200 records in one call, results by position.

Belongs here: /composite/sobjects. Sub-requests in one call are in `composite.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from alignment_pipeline.sandbox.salesforce.failures import ApiError, RowError, json_parser
from alignment_pipeline.sandbox.salesforce.ids import to18
from alignment_pipeline.sandbox.salesforce.rest.call import Answer, Call
from alignment_pipeline.sandbox.salesforce.rest.records import external_key, projection_of, read_values
from alignment_pipeline.sandbox.salesforce.saving import Saver
from alignment_pipeline.sandbox.salesforce.schema import ObjectSchema
from alignment_pipeline.sandbox.salesforce.values import from_json

Act = Callable[[Saver], dict[str, Any]]
_CHUNKS = 10
_READ_LIMIT = 2000
_ROLLED_BACK = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    "fields": [],
}


def _records(call: Call) -> tuple[list[dict[str, Any]], bool]:
    body = call.json_object()
    records = body.get("records")
    if not isinstance(records, list) or not records:
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "records is required", ["records"])
    if not all(isinstance(one, dict) for one in records):
        raise json_parser("Cannot deserialize instance of sobject: records must be objects at [line:1, column:1]")
    _check_count(call, len(records), "record")
    unknown = set(body) - {"records", "allOrNone"}
    if unknown:
        raise json_parser(f'Unrecognized field "{sorted(unknown)[0]}" at [line:1, column:2]')
    return records, bool(body.get("allOrNone", False))


def _check_count(call: Call, count: int, noun: str) -> None:
    limit = call.org.store.settings.collection_limit
    if count > limit:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", f"{noun} limit reached. cannot submit more than {limit} records in this request")


def _typed(call: Call, record: dict[str, Any]) -> ObjectSchema:
    name = (record.get("attributes") or {}).get("type") if isinstance(record.get("attributes"), dict) else None
    if not name:
        raise json_parser("The request has an sobject without attributes.type at [line:1, column:1]")
    schema = call.schema.get(str(name))
    if schema is None:
        raise ApiError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return schema


def _check_chunks(names: list[str]) -> None:
    runs = 1 + sum(1 for before, after in pairwise(names) if before != after)
    if runs > _CHUNKS:
        message = f"The collection has {runs} runs of object types; sort the records by type: at most {_CHUNKS} are allowed"
        raise ApiError(400, "CANNOT_HAVE_MORE_THAN_10_CHUNKS", message)


def _run(call: Call, acts: list[Act | RowError], all_or_none: bool) -> Answer:
    saver = Saver(call.org.store, call.caller())
    results: list[dict[str, Any]] = []
    for act in acts:
        try:
            if isinstance(act, RowError):
                raise act
            results.append(act(saver))
        except RowError as error:
            results.append({"success": False, "errors": [error.to_json()]})
    if all_or_none and not all(one["success"] for one in results):
        saver.rollback()
        results = [{"success": False, "errors": [_ROLLED_BACK]} if one["success"] else one for one in results]
    saver.commit()
    return Answer(body=_spoilt(call, results))


def _spoilt(call: Call, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The faults `shuffle_results` and `drop_results`."""
    faults = call.org.world.faults
    if faults.fire("shuffle_results", system="salesforce", method=call.method, path=call.path) is not None:
        results = list(results)
        faults.random.shuffle(results)
    dropped = faults.fire("drop_results", system="salesforce", method=call.method, path=call.path)
    if dropped is not None:
        results = results[: max(0, len(results) - int(dropped.options.get("rows", 1)))]
    return results


def _success(record_id: str, **more: Any) -> dict[str, Any]:
    return {"id": record_id, "success": True, "errors": []} | more


def insert(call: Call) -> Answer:
    """POST /composite/sobjects."""
    records, all_or_none = _records(call)
    schemas = [_typed(call, one) for one in records]
    _check_chunks([one.name for one in schemas])
    acts: list[Act | RowError] = []
    for schema, record in zip(schemas, records, strict=True):
        acts.append(_act(call, schema, record, lambda saver, schema, values: _success(saver.insert(schema, values))))
    return _run(call, acts, all_or_none)


def _act(
    call: Call, schema: ObjectSchema, record: dict[str, Any], do: Callable[[Saver, ObjectSchema, dict[str, Any]], dict[str, Any]]
) -> Act | RowError:
    try:
        values = read_values(call, schema, record)
    except RowError as error:
        return error
    return lambda saver: do(saver, schema, values)


def update(call: Call) -> Answer:
    """PATCH /composite/sobjects."""
    records, all_or_none = _records(call)
    schemas = [_typed(call, one) for one in records]
    _check_chunks([one.name for one in schemas])
    ids = [_given_id(one) for one in records]
    seen: dict[str, int] = {}
    for identifier in ids:
        seen[identifier or ""] = seen.get(identifier or "", 0) + 1
    acts: list[Act | RowError] = []
    for schema, record, identifier in zip(schemas, records, ids, strict=True):
        if identifier is None:
            acts.append(RowError("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"]))
        elif not identifier or identifier[:3] != schema.prefix:
            acts.append(RowError("MALFORMED_ID", f"malformed id {record.get('id', record.get('Id'))}", ["Id"]))
        elif seen[identifier] > 1:
            acts.append(RowError("DUPLICATE_VALUE", f"duplicate id in list: {identifier}", ["Id"]))
        else:
            acts.append(_act(call, schema, record, _updating(identifier)))
    return _run(call, acts, all_or_none)


def _given_id(record: dict[str, Any]) -> str | None:
    """The 18-character id of a record; None when absent, empty text when malformed."""
    value = next((given for name, given in record.items() if name.lower() == "id"), None)
    return None if value in (None, "") else to18(str(value)) or ""


def _updating(identifier: str) -> Callable[[Saver, ObjectSchema, dict[str, Any]], dict[str, Any]]:
    def do(saver: Saver, schema: ObjectSchema, values: dict[str, Any]) -> dict[str, Any]:
        saver.update(schema, identifier, values)
        return _success(identifier)

    return do


def upsert(call: Call) -> Answer:
    """PATCH /composite/sobjects/<Object>/<ExternalId>."""
    records, all_or_none = _records(call)
    schema = call.object()
    key = external_key(call, schema, call.parts["key"])
    values = [next((given for name, given in one.items() if name.lower() == key.name.lower()), None) for one in records]
    texts = [str(one).lower() for one in values]
    acts: list[Act | RowError] = []
    for record, value, text in zip(records, values, texts, strict=True):
        if _typed(call, record).name != schema.name:
            raise ApiError(400, "INVALID_TYPE", "All records of an upsert must be of the type in the path")
        if key.type != "id" and _given_id(record) is not None:
            raise ApiError(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.", ["Id"])
        if value is not None and texts.count(text) > 1:
            acts.append(RowError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", [key.name]))
            continue
        fields = {name: given for name, given in record.items() if name.lower() != key.name.lower()}
        acts.append(_act(call, schema, fields, _upserting(call, key.name, value)))
    return _run(call, acts, all_or_none)


def _upserting(call: Call, key_name: str, given: Any) -> Callable[[Saver, ObjectSchema, dict[str, Any]], dict[str, Any]]:
    def do(saver: Saver, schema: ObjectSchema, values: dict[str, Any]) -> dict[str, Any]:
        key = external_key(call, schema, key_name)
        if key.type == "id":
            identifier = to18(str(given)) if given else None
            if identifier is None:
                return _success(saver.insert(schema, values), created=True)
            saver.update(schema, identifier, values)
            return _success(identifier, created=False)
        record_id, created = saver.upsert(schema, key, from_json(key, given), values)
        return _success(record_id, created=created)

    return do


def delete(call: Call) -> Answer:
    """DELETE /composite/sobjects?ids=a,b."""
    ids = [one for one in call.query.get("ids", "").split(",") if one]
    if not ids:
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "ids is required", ["ids"])
    _check_count(call, len(ids), "record")
    acts: list[Act | RowError] = []
    for text in ids:
        identifier = to18(text)
        schema = call.schema.of_id(identifier) if identifier else None
        acts.append(
            RowError("MALFORMED_ID", f"malformed id {text}", []) if identifier is None or schema is None else _deleting(schema, identifier)
        )
    return _run(call, acts, call.query.get("allOrNone", "false").lower() == "true")


def _deleting(schema: ObjectSchema, identifier: str) -> Act:
    def do(saver: Saver) -> dict[str, Any]:
        saver.delete(schema, identifier)
        return _success(identifier)

    return do


def read(call: Call) -> Answer:
    """POST /composite/sobjects/<Object> {"ids","fields"}, or GET with ?ids=&fields= : null for a record that is not there."""
    schema = call.object()
    if call.method == "GET":
        ids: Any = call.query.get("ids", "").split(",")
        fields: Any = call.query.get("fields", "").split(",")
    else:
        body = call.json_object()
        ids, fields = body.get("ids"), body.get("fields")
    if not isinstance(ids, list) or not isinstance(fields, list) or not fields or not all(fields):
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "ids and fields are required", ["ids", "fields"])
    if len(ids) > _READ_LIMIT:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", f"cannot retrieve more than {_READ_LIMIT} records in this request")
    projection = projection_of(call, schema, [str(name) for name in fields])
    records: list[Any] = []
    for text in ids:
        identifier = to18(str(text))
        if identifier is None:
            raise ApiError(400, "MALFORMED_ID", f"malformed id {text}")
        record = call.org.store.get(schema.name, identifier)
        is_there = record is not None and not record.get("IsDeleted")
        records.append(projection.render(record) if record is not None and is_there else None)
    return Answer(body=records)
