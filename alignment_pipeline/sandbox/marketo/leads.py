"""Reading leads: by filter, by id, by static list, and what fields there are.

Writing them is in `sync.py` and `merging.py`; reading many at once in `exports.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from alignment_pipeline.sandbox.marketo.answers import Refusal
from alignment_pipeline.sandbox.marketo.call import BATCH, Call
from alignment_pipeline.sandbox.marketo.records import Lead, StaticList
from alignment_pipeline.sandbox.marketo.tokens import list_token, read_list_token

DEFAULT_FIELDS = ("id", "updatedAt", "lastName", "email", "createdAt", "firstName")
MOST_MATCHES = 1000


def by_filter(call: Call) -> dict[str, object]:
    """`GET leads.json`: leads whose searchable field has one of up to 300 values."""
    field = searchable(call, call.required("filterType"))
    values = [value for value in call.required("filterValues").split(",") if value.strip()]
    if len(values) > BATCH:
        raise Refusal("1003", f"Invalid data: at most {BATCH} filterValues are allowed")
    leads = call.store.find(field, values)
    if len(leads) > MOST_MATCHES:
        raise Refusal("1003", "Too many results match the filter")
    return _page(call, leads)


def by_id(call: Call, lead_id: str) -> dict[str, object]:
    """`GET lead/<id>.json`: one lead."""
    lead = call.store.leads.get(call.integer(lead_id))
    if lead is None:
        raise Refusal("1004", f"Lead '{lead_id}' not found")
    return {"result": [_shown(call, lead, _fields(call))]}


def by_list(call: Call, list_id: str) -> dict[str, object]:
    """`GET list/<id>/leads.json`: the members of a static list."""
    members = static_list(call, list_id).lead_ids
    return _page(call, [call.store.leads[lead_id] for lead_id in sorted(members) if lead_id in call.store.leads])


def lists(call: Call) -> dict[str, object]:
    """`GET lists.json`: the static lists."""
    return {"result": [{"id": one.list_id, "name": one.name} for one in call.store.static_lists.values()]}


def describe(call: Call) -> dict[str, object]:
    """`GET leads/describe.json`."""
    return {"result": [field.describe() for field in call.store.schema.fields]}


def describe2(call: Call) -> dict[str, object]:
    """`GET leads/describe2.json`: searchable fields, and which are updateable."""
    schema = call.store.schema
    entry = {
        "name": "API Lead",
        "searchableFields": [[name] for name in schema.searchable],
        "fields": [field.describe2() for field in schema.fields],
    }
    return {"result": [entry]}


def searchable(call: Call, name: str) -> str:
    """The name of a field that may be searched. Raises Refusal 1006 for an unknown field, 1011 for one that may not."""
    field = call.store.schema.by_name.get(name)
    if field is None:
        raise Refusal("1006", f"Field '{name}' not found")
    if not field.is_searchable:
        raise Refusal("1011", f"Field '{name}' not supported")
    return name


def static_list(call: Call, list_id: str) -> StaticList:
    """A static list by id. Raises Refusal 1013."""
    members = call.store.static_lists.get(call.integer(list_id))
    if members is None:
        raise Refusal("1013", "Object not found")
    return members


def known_fields(call: Call, names: Sequence[str]) -> tuple[str, ...]:
    """The names, checked. Raises Refusal 1006."""
    for name in names:
        if name not in call.store.schema.by_name:
            raise Refusal("1006", f"Field '{name}' not found")
    return tuple(dict.fromkeys(names))


def _fields(call: Call) -> tuple[str, ...]:
    names = call.names("fields")
    return known_fields(call, names) if names else DEFAULT_FIELDS


def _page(call: Call, leads: Sequence[Lead]) -> dict[str, object]:
    fields, size = _fields(call), call.batch_size()
    token = call.optional("nextPageToken")
    start = read_list_token(token) if token else 0
    members: dict[str, object] = {"result": [_shown(call, lead, fields) for lead in leads[start : start + size]]}
    if start + size < len(leads):
        members |= {"nextPageToken": list_token(start + size), "moreResult": True}
    return members


def _shown(call: Call, lead: Lead, fields: Sequence[str]) -> dict[str, object]:
    if call.store.settings.omits_null_fields:
        return {"id": lead.lead_id} | {name: lead.values[name] for name in fields if name in lead.values}
    return {"id": lead.lead_id} | {name: lead.values.get(name) for name in fields}
