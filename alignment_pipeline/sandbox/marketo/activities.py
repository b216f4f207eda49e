"""Reading the activity log page by page: paging tokens, activities, changed values, deleted leads, types.

The log itself is `activity_log.py`; reading it in bulk is in `exports.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from alignment_pipeline.sandbox.marketo import leads
from alignment_pipeline.sandbox.marketo.activity_log import Page
from alignment_pipeline.sandbox.marketo.activity_types import CHANGE_DATA_VALUE, DELETE_LEAD, NEW_LEAD
from alignment_pipeline.sandbox.marketo.answers import Refusal
from alignment_pipeline.sandbox.marketo.call import Call
from alignment_pipeline.sandbox.marketo.tokens import Position, activity_token, read_activity_token

MOST_TYPES = 10
MOST_LEADS = 30
LARGE_LIST = 10_000
LARGE_LISTS_END = datetime(2026, 12, 30, tzinfo=UTC)


def types(call: Call) -> dict[str, object]:
    """`GET activities/types.json`."""
    return {"result": call.store.activity_types}


def paging_token(call: Call) -> dict[str, object]:
    """`GET activities/pagingtoken.json`: a token for the log after a moment."""
    text = call.required("sinceDatetime")
    try:
        since = datetime.fromisoformat(text)
        since = (since if since.tzinfo is not None else since.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal("1001", f"Invalid value '{text}'. Required of type 'Date'") from None
    return {"nextPageToken": activity_token(Position(int(since.timestamp()), 0))}


def activities(call: Call) -> dict[str, object]:
    """`GET activities.json`: activities of up to ten types."""
    call.required("activityTypeIds")
    type_ids = call.integers("activityTypeIds", most=MOST_TYPES)
    unknown = sorted(set(type_ids) - {int(str(kind["id"])) for kind in call.store.activity_types})
    if unknown:
        raise Refusal("1003", f"Invalid data: unknown activity types {', '.join(map(str, unknown))}")
    page = _page(call, frozenset(type_ids))
    return _answer(call, page, page.records)


def lead_changes(call: Call) -> dict[str, object]:
    """`GET activities/leadchanges.json`: changed values of the named fields, and new leads."""
    call.required("fields")
    fields = leads.known_fields(call, call.names("fields"))
    page = _page(call, frozenset({NEW_LEAD, CHANGE_DATA_VALUE}))
    shown = [change for record in page.records if (change := _change(call, record, frozenset(fields))) is not None]
    return _answer(call, page, shown)


def deleted_leads(call: Call) -> dict[str, object]:
    """`GET activities/deletedleads.json`: merged leads are not among them."""
    page = _page(call, frozenset({DELETE_LEAD}))
    return _answer(call, page, [_with_old_offset(record) for record in page.records])


def _with_old_offset(record: dict[str, Any]) -> dict[str, Any]:
    """This older endpoint writes `+0000` where others write `Z`."""
    return record | {"activityDate": record["activityDate"].replace("Z", "+0000")}


def _page(call: Call, type_ids: frozenset[int]) -> Page:
    store = call.store
    after = read_activity_token(call.required("nextPageToken"))
    chosen = _chosen_leads(call)
    size = call.batch_size()
    store.pages_served += 1
    every = store.settings.short_page_every
    page = store.log.page(after, now=call.second, type_ids=type_ids, lead_ids=chosen, limit=size, scan_rows=store.settings.page_scan_rows)
    if every and store.pages_served % every == 0 and len(page.records) > 1:
        limit = 0 if store.pages_served % (2 * every) == 0 else len(page.records) // 2
        return store.log.page(
            after, now=call.second, type_ids=type_ids, lead_ids=chosen, limit=limit, scan_rows=store.settings.page_scan_rows
        )
    return page


def _chosen_leads(call: Call) -> frozenset[int] | None:
    lead_ids = call.integers("leadIds", most=MOST_LEADS)
    list_id = call.optional("listId")
    if list_id:
        members = leads.static_list(call, list_id).lead_ids
        if len(members) >= LARGE_LIST and call.now >= LARGE_LISTS_END:
            raise Refusal("1003", f"Invalid data: list '{list_id}' has {LARGE_LIST} or more members")
        return members & frozenset(lead_ids) if lead_ids else members
    return frozenset(lead_ids) if lead_ids else None


def _answer(call: Call, page: Page, records: list[dict[str, Any]]) -> dict[str, object]:
    """`result` is absent when there is nothing."""
    token = activity_token(page.position, serial=call.store.pages_served)
    return ({"result": records} if records else {}) | {"nextPageToken": token, "moreResult": page.more}


def _change(call: Call, record: dict[str, Any], fields: frozenset[str]) -> dict[str, Any] | None:
    """An activity as `leadchanges.json` shows it; None when it changes none of the fields."""
    shown = {name: record[name] for name in ("id", "marketoGUID", "leadId", "activityDate", "activityTypeId")}
    if "campaignId" in record:
        shown["campaignId"] = record["campaignId"]
    attributes = {entry["name"]: entry.get("value") for entry in record["attributes"]}
    changes: list[dict[str, Any]] = []
    if record["activityTypeId"] == CHANGE_DATA_VALUE:
        schema = call.store.schema
        label = str(record.get("primaryAttributeValue", ""))
        field = schema.by_label.get(label) or schema.by_name.get(label) or schema.by_id.get(int(record.get("primaryAttributeValueId") or 0))
        if field is None or field.name not in fields:
            return None
        before, after = attributes.get("Old Value"), attributes.get("New Value")
        changes.append({"id": field.field_id, "name": field.name, "newValue": after, "oldValue": before})
    rest = [entry for entry in record["attributes"] if entry["name"] not in ("New Value", "Old Value")]
    return shown | {"fields": changes, "attributes": [*rest, {"name": "Lead ID", "value": record["leadId"]}]}
