"""Objects: lists, single records and batches.

Belongs here: `/crm/v3/objects/{type}` but for search (`search.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignment_pipeline.sandbox.hubspot.answers import Refusal, invalid, iso, not_found
from alignment_pipeline.sandbox.hubspot.call import MOST_INPUTS_WITH_HISTORY, Call
from alignment_pipeline.sandbox.hubspot.records import Record

Answer = tuple[int, dict[str, Any]]


def shown(
    call: Call, kind: str, record: Record, properties: Sequence[str], history: Sequence[str] = (), associations: Sequence[str] = ()
) -> dict[str, Any]:
    """One record as answers hold it: every value is text; names that do not exist are left out silently."""
    values = call.store.shown(kind, record)
    known = call.store.definitions.of(kind)
    defaults = ("createdate", call.store.stamp_of(kind), "hs_object_id", "email", "firstname", "lastname", "name", "domain", "dealname")
    names = dict.fromkeys((*properties, *history)) if properties or history else dict.fromkeys(name for name in defaults if name in known)
    always = ("createdate", call.store.stamp_of(kind), "hs_object_id")
    wanted = [name for name in dict.fromkeys((*names, *always)) if name in known]
    answer: dict[str, Any] = {
        "id": record.id,
        "properties": {name: values.get(name) for name in wanted},
        "createdAt": iso(record.created_at),
        "updatedAt": iso(record.updated_at),
        "archived": record.archived_at is not None,
    }
    if record.archived_at is not None:
        answer["archivedAt"] = iso(record.archived_at)
    if history:
        answer["propertiesWithHistory"] = {
            name: [version.to_json() for version in record.history.get(name, ())] for name in history if name in known
        }
    linked = {other: call.store.linked(kind, record.id, other) for other in associations}
    listed = {other: _associations(other, kind, targets) for other, targets in linked.items() if targets}
    if listed:
        answer["associations"] = listed
    return answer


def _associations(other: str, kind: str, targets: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    single = {"companies": "company"}.get(other, other.removesuffix("s"))
    name = f"{kind.removesuffix('s')}_to_{single}"
    return {"results": [{"id": target, "type": name} for target in targets]}


def listing(call: Call, kind: str) -> Answer:
    """A page of the list, by id."""
    call.store.definitions.of(kind)
    history = call.names("propertiesWithHistory")
    limit = call.limit(most=MOST_INPUTS_WITH_HISTORY if history else 100)
    after = call.after()
    records = [one for one in call.store.living(kind, archived=call.is_archived) if int(one.id) > after]
    page, rest = records[:limit], records[limit:]
    results = [shown(call, kind, one, call.names("properties"), history, call.names("associations")) for one in page]
    return 200, {"results": results} | ({"paging": {"next": {"after": page[-1].id, "link": "?after="}}} if rest else {})


def read(call: Call, kind: str, record_id: str) -> Answer:
    """One record by id, by a unique property, or by the id of a record that was merged into it."""
    name = call.query.get("idProperty")
    record = call.store.find(kind, name, record_id) if name else call.store.get(kind, record_id)
    if record is None or (record.archived_at is not None) != call.is_archived:
        raise not_found()
    return 200, shown(call, kind, record, call.names("properties"), call.names("propertiesWithHistory"), call.names("associations"))


def create(call: Call, kind: str) -> Answer:
    """A new record."""
    body = call.json_body()
    record = _create(call, kind, body.get("properties") or {})
    return 201, shown(call, kind, record, sorted(record.values))


def update(call: Call, kind: str, record_id: str) -> Answer:
    """Set values of one record; there is no condition to write under."""
    values = call.store.definitions.checked(kind, call.json_body().get("properties") or {})
    record = _living(call, kind, record_id, call.query.get("idProperty"))
    if record is None:
        raise not_found()
    fresh = _change(call, kind, record, values)
    return 200, shown(call, kind, fresh, sorted(values))


def archive(call: Call, kind: str, record_id: str) -> Answer:
    """Archive: 204 whatever the state of the record was."""
    archived = call.store.archive(kind, record_id, call.now)
    if archived is not None:
        call.wrote("delete", kind, archived.id, {})
    return 204, {}


def batch_read(call: Call, kind: str) -> Answer:
    """Records by id or unique property. 207 names those that are not there."""
    body = call.json_body()
    absent = [name for name in ("inputs", "properties", "propertiesWithHistory") if name not in body]
    if absent:
        raise invalid(f"some required fields were not set: {', '.join(absent)}")
    history = list(body["propertiesWithHistory"])
    inputs = call.inputs(body, most=MOST_INPUTS_WITH_HISTORY if history else 100)
    name = body.get("idProperty")
    pairs = [(str(one.get("id")), _answering(call, kind, str(one.get("id")), name)) for one in inputs]
    results = [shown(call, kind, record, body["properties"], history) for _, record in pairs if record is not None]
    return _multi(results, [_missing(kind, asked) for asked, record in pairs if record is None])


def batch_update(call: Call, kind: str) -> Answer:
    """Set values of up to 100 records. A wrong value refuses them all; a record that is not there is named in a 207."""
    body = call.json_body()
    inputs = call.inputs(body)
    checked = [(one, call.store.definitions.checked(kind, one.get("properties") or {})) for one in inputs]
    results, errors = [], []
    for one, values in checked:
        record = _living(call, kind, str(one.get("id")), one.get("idProperty"))
        refused = _row_fault(call, kind, str(one.get("id")))
        if record is None or refused is not None:
            errors.append(refused or _missing(kind, str(one.get("id"))))
            continue
        results.append(shown(call, kind, _change(call, kind, record, values), sorted(values)))
    return _multi(results, errors)


def batch_create(call: Call, kind: str) -> Answer:
    """Up to 100 new records; partial failures only where an input carries an objectWriteTraceId."""
    inputs = call.inputs(call.json_body())
    checked = [(one, call.store.definitions.checked(kind, one.get("properties") or {})) for one in inputs]
    results, errors = [], []
    for one, values in checked:
        trace = one.get("objectWriteTraceId")
        try:
            record = _create(call, kind, values)
        except Refusal as refusal:
            if trace is None:
                raise
            errors.append(
                {"status": "error", "category": refusal.category, "message": refusal.message, "context": {"objectWriteTraceId": [trace]}}
            )
            continue
        results.append(shown(call, kind, record, sorted(values)) | ({"objectWriteTraceId": trace} if trace else {}))
    status, answer = _multi(results, errors)
    return (201 if status == 200 else status), answer


def batch_upsert(call: Call, kind: str) -> Answer:
    """Create or update by a unique property."""
    inputs = call.inputs(call.json_body())
    checked = [(one, call.store.definitions.checked(kind, one.get("properties") or {})) for one in inputs]
    results = []
    for one, values in checked:
        name = one.get("idProperty")
        if name is None or not call.store.is_unique(kind, str(name)):
            raise invalid(f"idProperty {name} is no unique property")
        record = call.store.find(kind, name, str(one.get("id")))
        is_new = record is None
        record = _create(call, kind, {name: str(one["id"]), **values}) if record is None else _change(call, kind, record, values)
        results.append(shown(call, kind, record, [*sorted(values), name]) | {"new": is_new})
    return _multi(results, [])


def batch_archive(call: Call, kind: str) -> Answer:
    """204 whatever the state of the records was: it proves nothing."""
    for one in call.inputs(call.json_body()):
        archive(call, kind, str(one.get("id")))
    return 204, {}


def merge(call: Call, kind: str) -> Answer:
    """Merge two records."""
    body = call.json_body()
    ids = (str(body.get("primaryObjectId")), str(body.get("objectIdToMerge")))
    record = call.store.merge(kind, *ids, call.now, call.source)
    call.wrote("merge", kind, record.id, {"hs_merged_object_ids": (None, record.values["hs_merged_object_ids"])})
    return 200, shown(call, kind, record, ["hs_merged_object_ids"])


def gdpr_delete(call: Call, kind: str) -> Answer:
    """Delete for good. By an e-mail address that no contact has, the address is blocked for ever."""
    body = call.json_body()
    asked, name = body.get("objectId"), body.get("idProperty")
    unknown = sorted(set(body) - {"objectId", "idProperty"})
    if unknown or not isinstance(asked, str) or not asked:
        raise invalid(f"objectId must be a text, and nothing but idProperty may stand beside it: {', '.join(unknown) or asked}")
    if name is not None and not call.store.is_unique(kind, str(name)):
        raise invalid(f"idProperty {name} is no unique property")
    record = call.store.find(kind, name, asked) if name else call.store.get(kind, asked)
    if record is not None and record.archived_at is not None and not call.store.settings.erases_archived:
        raise not_found()
    if record is None and name == "email":
        call.store.blocked_emails.add(asked.strip().lower())
    elif record is None:
        raise not_found()
    else:
        call.store.erase(kind, record.id)
        call.wrote("erase", kind, record.id, {})
    return 204, {}


def _answering(call: Call, kind: str, asked: str, name: str | None) -> Record | None:
    """The record for a batch read: a living one, or with `archived=true` an archived one."""
    record = call.store.get(kind, asked) if call.is_archived and not name else _living(call, kind, asked, name)
    return record if record is not None and (record.archived_at is not None) == call.is_archived else None


def _living(call: Call, kind: str, asked: str, name: str | None) -> Record | None:
    record = call.store.find(kind, name, asked) if name else call.store.get(kind, asked)
    return record if record is not None and record.archived_at is None else None


def _create(call: Call, kind: str, values: Mapping[str, Any]) -> Record:
    record = call.store.create(kind, call.store.definitions.checked(kind, values), call.now, call.source)
    call.wrote("create", kind, record.id, {name: (None, value) for name, value in record.values.items()})
    return record


def _change(call: Call, kind: str, record: Record, values: Mapping[str, str]) -> Record:
    fresh = call.store.change(kind, record, values, call.now, call.source)
    changes = {name: (record.values.get(name), fresh.values.get(name)) for name in values}
    call.wrote("update", kind, record.id, {name: pair for name, pair in changes.items() if pair[0] != pair[1]})
    return fresh


def _row_fault(call: Call, kind: str, record_id: str) -> dict[str, Any] | None:
    fault = call.world.faults.fire("row_error", system="hubspot", path=f"{kind}/{record_id}")
    if fault is None:
        return None
    code = str(fault.options.get("code", "VALIDATION_ERROR"))
    return {"status": "error", "category": code, "message": str(fault.options.get("message", code)), "context": {"ids": [record_id]}}


def _missing(kind: str, record_id: str) -> dict[str, Any]:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {kind.upper()} objects, they may be deleted or not exist. Check that ids are valid.",
        "context": {"ids": [record_id]},
    }


def _multi(results: list[dict[str, Any]], errors: list[dict[str, Any]]) -> Answer:
    body: dict[str, Any] = {"status": "COMPLETE", "results": results}
    if errors:
        return 207, body | {"numErrors": len(errors), "errors": errors}
    return 200, body
