"""Writing leads: `POST leads.json`, `leads/submitForm.json` and deletion, record by record.

A record that cannot be written is skipped with its reasons, at its place in the result; the request as a whole is refused only
when it is malformed. Merging is in `merging.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from alignment_pipeline.sandbox.marketo import history, leads
from alignment_pipeline.sandbox.marketo.answers import RecordRefusal, Refusal, iso
from alignment_pipeline.sandbox.marketo.call import BATCH, Call
from alignment_pipeline.sandbox.marketo.records import Lead
from alignment_pipeline.sandbox.marketo.schema import Value
from alignment_pipeline.sandbox.marketo.store import MarketoStore

ACTIONS = ("createOnly", "updateOnly", "createOrUpdate", "createDuplicate")
_SYSTEM = "marketo"


def sync_leads(call: Call) -> dict[str, object]:
    """`POST leads.json`: create or update up to 300 leads."""
    body = call.json_body()
    action, lookup = str(body.get("action") or "createOrUpdate"), str(body.get("lookupField") or "email")
    if action not in ACTIONS:
        raise Refusal("1003", f"Invalid data: action '{action}' is none of {', '.join(ACTIONS)}")
    leads.searchable(call, lookup)
    if lookup == "id" and action != "updateOnly":
        raise Refusal("1003", "Invalid data: lookupField 'id' is allowed with action 'updateOnly' only")
    cause = _cause(call, "syncLead")
    return {"result": _each(call.input_records(), lambda record: _sync_one(call, record, action, lookup, cause))}


def submit_form(call: Call) -> dict[str, object]:
    """`POST leads/submitForm.json`: upsert one lead by email and log Fill Out Form."""
    body = call.json_body()
    if not isinstance(body.get("formId"), int) or abs(body["formId"]) >= 2**31:
        raise Refusal("1002", "Missing value for the required parameter 'formId'")
    cause = _cause(call, "submitForm")

    def submit_one(record: Mapping[str, Any]) -> dict[str, object]:
        fields = record.get("leadFormFields")
        if not isinstance(fields, dict) or not fields.get("email"):
            raise RecordRefusal("1002", "Missing value for the required parameter 'email'")
        result = _sync_one(call, fields, "createOrUpdate", "email", cause)
        given = record.get("visitorData")
        visitor = given if isinstance(given, dict) else {}
        names = {"pageURL": "Referrer URL", "queryString": "Query Parameters", "leadClientIpAddress": "Client IP Address"}
        shown: dict[str, object] = {names[key]: value for key, value in visitor.items() if key in names}
        lead = call.store.leads[int(str(result["id"]))]
        record_activity(call.store, history.filled_out_form(lead, body["formId"], f"Form {body['formId']}", shown, cause))
        return result

    return {"result": _each(call.input_records(most=1), submit_one)}


def delete_leads(call: Call) -> dict[str, object]:
    """`POST leads/delete.json` (or `DELETE leads.json`): up to 300 leads, by id."""
    ids = call.names("id")
    records = [{"id": lead_id} for lead_id in ids] if ids else call.input_records()
    if len(records) > BATCH:
        raise Refusal("1003", f"Invalid data: at most {BATCH} leads are allowed")
    cause = _cause(call, "deleteLead")

    def delete_one(record: Mapping[str, Any]) -> dict[str, object]:
        lead_id = str(record.get("id", ""))
        lead = call.store.forget(int(lead_id[:19])) if lead_id.isascii() and lead_id.isdigit() else None
        if lead is None:
            raise RecordRefusal("1004", f"Lead '{lead_id}' not found")
        record_activity(call.store, history.deleted(lead, cause))
        _audit(call, "delete", lead.lead_id, {name: (value, None) for name, value in lead.values.items()})
        return {"id": lead.lead_id, "status": "deleted"}

    return {"result": _each(records, delete_one)}


def record_activity(store: MarketoStore, activity: Mapping[str, Any], *, visible_at: int = 0) -> None:
    """Append one activity that happens now."""
    store.log.extend([activity], visible_at=visible_at)


def _cause(call: Call, method: str) -> history.Cause:
    return history.Cause(call.now, method=method, user=call.user, request_id=call.request_id)


def _each(records: list[dict[str, Any]], one: Callable[[Mapping[str, Any]], dict[str, object]]) -> list[dict[str, object]]:
    results: list[dict[str, object]] = []
    for record in records:
        try:
            results.append(one(record))
        except RecordRefusal as refusal:
            results.append({"status": "skipped", "reasons": [{"code": refusal.code, "message": refusal.message}]})
    return results


def _sync_one(call: Call, record: Mapping[str, Any], action: str, lookup: str, cause: history.Cause) -> dict[str, object]:
    if "id" in record and lookup != "id":
        raise RecordRefusal("1003", "Invalid data: 'id' is allowed with lookupField 'id' and action 'updateOnly' only")
    key = record.get(lookup)
    if key in (None, ""):
        raise RecordRefusal("1002", f"Missing value for the required parameter '{lookup}'")
    values = _parsed(call, record, lookup)
    matches = [] if action == "createDuplicate" else call.store.find(lookup, [str(key)])
    if len(matches) > 1:
        raise RecordRefusal("1007", "Multiple leads match the lookup criteria")
    if matches and action == "createOnly":
        raise RecordRefusal("1005", "Lead already exists")
    if not matches and action == "updateOnly":
        raise RecordRefusal("1004", "Lead not found")
    return _update(call, matches[0], values, cause) if matches else _create(call, values, cause)


def _parsed(call: Call, record: Mapping[str, Any], lookup: str) -> dict[str, Value | None]:
    values: dict[str, Value | None] = {}
    for name, value in record.items():
        field = call.store.schema.by_name.get(name)
        if field is None:
            raise RecordRefusal("1006", f"Field '{name}' not found")
        if name == lookup == "id":
            continue
        if field.is_read_only:
            raise RecordRefusal("1003", f"Invalid data: field '{name}' is read-only")
        if field.is_company and not field.is_searchable:
            raise RecordRefusal("1021", f"Company update not allowed: '{name}' is written by Sync Companies")
        values[name] = field.parse(value)
    return values


def _create(call: Call, values: Mapping[str, Value | None], cause: history.Cause) -> dict[str, object]:
    store = call.store
    lead_id, moment = store.next_lead_id(), iso(call.now)
    own: dict[str, Value] = {"id": lead_id, "createdAt": moment, "updatedAt": moment, "isAnonymous": False, "leadPartitionId": 1}
    defaults: dict[str, Value] = {"personType": "contact", "originalSourceType": cause.source, "unsubscribed": False, "emailInvalid": False}
    given = {name: value for name, value in values.items() if value is not None}
    lead = Lead(defaults | given | own, call.second, call.second)
    store.keep(lead)
    record_activity(store, history.new_lead(lead, cause))
    _audit(call, "insert", lead_id, {name: (None, value) for name, value in given.items()})
    return {"id": lead_id, "status": "created"}


def _update(call: Call, lead: Lead, values: Mapping[str, Value | None], cause: history.Cause) -> dict[str, object]:
    store = call.store
    changes = {name: value for name, value in values.items() if lead.values.get(name) != value}
    if changes:
        store.keep(store.changed(lead, changes, call.now))
        fields = store.schema.by_name
        for name, value in changes.items():
            record_activity(store, history.changed_value(lead, fields[name], lead.values.get(name), value, cause))
    _audit(call, "update", lead.lead_id, {name: (lead.values.get(name), value) for name, value in values.items()})
    return {"id": lead.lead_id, "status": "updated"}


def _audit(call: Call, action: str, lead_id: int, changes: Mapping[str, tuple[Any, Any]]) -> None:
    call.world.audit.record(
        system=_SYSTEM,
        at=call.now,
        user=call.user,
        action=action,
        object="Lead",
        record_id=str(lead_id),
        changes=changes,
        request=call.request_id,
    )
