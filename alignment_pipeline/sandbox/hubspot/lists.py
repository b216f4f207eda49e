"""Lists of contacts and their members.

Belongs here: `/crm/v3/lists`. Only MANUAL and SNAPSHOT lists take members; ids that do not exist and members that are there already are
passed over in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignment_pipeline.sandbox.hubspot.answers import Refusal, invalid, iso, millis, not_found
from alignment_pipeline.sandbox.hubspot.call import Call
from alignment_pipeline.sandbox.hubspot.objects import Answer
from alignment_pipeline.sandbox.hubspot.store import ContactList

CONTACTS = "0-1"
MOST_LISTS, SEARCH_CEILING, MOST_MEMBERS, MOST_RECORDS = 500, 10_000, 250, 100
TAKES_MEMBERS = frozenset({"MANUAL", "SNAPSHOT"})
_SEARCHED = frozenset({"additionalProperties", "listIds", "offset", "processingTypes", "count", "objectTypeId", "query", "sort"})


def search(call: Call) -> Answer:
    """Lists whose name contains the query, by id."""
    body = call.json_body()
    unknown = sorted(set(body) - _SEARCHED)
    if unknown:
        raise invalid(f"unknown fields: {', '.join(unknown)}")
    count, offset, query = int(body.get("count", 20)), int(body.get("offset", 0)), str(body.get("query") or "").lower()
    if not 1 <= count <= MOST_LISTS or offset + count > SEARCH_CEILING:
        raise invalid(f"count must be between 1 and {MOST_LISTS}, and no list beyond {SEARCH_CEILING} is shown")
    kinds = set(body.get("processingTypes") or ())
    matching = [one for one in call.store.lists.values() if query in one.name.lower() and (not kinds or one.processing in kinds)]
    page = matching[offset : offset + count]
    more = list(body.get("additionalProperties") or ())
    answer = {"lists": [_shown(one, more) for one in page], "hasMore": offset + count < len(matching), "total": len(matching)}
    return 200, answer | {"offset": offset + len(page)}


def create(call: Call) -> Answer:
    """A new list."""
    body = call.json_body()
    name, kind = str(body.get("name") or ""), str(body.get("processingType") or "")
    if not name or kind not in {*TAKES_MEMBERS, "DYNAMIC"} or body.get("objectTypeId") != CONTACTS:
        raise invalid("a list needs a name, a processingType and the objectTypeId 0-1")
    if any(one.name == name for one in call.store.lists.values()):
        raise Refusal(400, "VALIDATION_ERROR", f"List name {name} is taken")
    fresh = call.store.add_list(name, kind, call.now)
    call.wrote("create", "lists", fresh.id, {"name": (None, name)})
    return 200, {"list": _shown(fresh, ())}


def memberships(call: Call, list_id: str) -> Answer:
    """Members in the order in which they joined."""
    chosen = _list(call, list_id)
    limit, after = call.limit(most=MOST_MEMBERS, usual=100), call.after()
    ordered = sorted(chosen.members.items(), key=lambda one: (one[1], int(one[0])))
    page, rest = ordered[after : after + limit], ordered[after + limit :]
    results = [{"recordId": number, "membershipTimestamp": iso(at)} for number, at in page]
    return 200, {"results": results} | ({"paging": {"next": {"after": str(after + limit)}}} if rest else {})


def add_and_remove(call: Call, list_id: str) -> Answer:
    """Add and remove members of a list that takes some."""
    chosen, body = _list(call, list_id), call.json_body()
    unknown = sorted(set(body) - {"recordIdsToAdd", "recordIdsToRemove"})
    wanted, gone = ([str(one) for one in body.get(name) or ()] for name in ("recordIdsToAdd", "recordIdsToRemove"))
    if unknown or not (wanted or gone):
        raise invalid("recordIdsToAdd or recordIdsToRemove must name somebody, and nothing else may be given")
    if chosen.processing not in TAKES_MEMBERS:
        raise invalid(f"list {list_id} is {chosen.processing}: its members follow from its filters", "LIST_PROCESSING_TYPE")
    records = {one: call.store.get("contacts", one) for one in wanted}
    added = [one.id for one in records.values() if one is not None and one.archived_at is None and one.id not in chosen.members]
    for number in added:
        chosen.members[number] = call.now
        chosen.last_added_at = call.now
        call.wrote("add member", "lists", list_id, {"member": (None, number)})
    removed = [one for one in gone if chosen.members.pop(one, None) is not None]
    for number in removed:
        call.wrote("remove member", "lists", list_id, {"member": (number, None)})
    missing = [asked for asked, record in records.items() if record is None]
    return 200, {"recordsIdsAdded": added, "recordIdsRemoved": removed, "recordIdsMissing": missing}


def of_records(call: Call) -> Answer:
    """The lists of some records."""
    inputs = call.json_body().get("inputs")
    if not isinstance(inputs, list) or not inputs or len(inputs) > MOST_RECORDS:
        raise invalid(f"inputs must be 1 to {MOST_RECORDS} records")
    results = []
    for one in inputs:
        if one.get("objectTypeId") != CONTACTS:
            raise invalid("only contacts are in lists here")
        number = str(one.get("recordId"))
        theirs = [
            {"listId": each.id, "listVersion": 1, "firstAddedTimestamp": iso(at), "lastAddedTimestamp": iso(at)}
            for each in call.store.lists.values()
            if (at := each.members.get(number)) is not None
        ]
        results.append({"objectTypeId": CONTACTS, "recordId": number, "recordListMemberships": theirs})
    return 200, {"status": "COMPLETE", "results": results}


def _list(call: Call, list_id: str) -> ContactList:
    chosen = call.store.lists.get(list_id)
    if chosen is None:
        raise not_found(f"list {list_id} does not exist")
    return chosen


def _shown(one: ContactList, more: Any) -> Mapping[str, Any]:
    last = str(millis(one.last_added_at)) if one.last_added_at else None
    properties = {"hs_list_size": str(len(one.members)), "hs_last_record_added_at": last}
    return {
        "listId": one.id,
        "name": one.name,
        "objectTypeId": CONTACTS,
        "processingType": one.processing,
        "processingStatus": "COMPLETE",
        "createdAt": iso(one.created_at),
        "updatedAt": iso(one.created_at),
        "additionalProperties": {name: value for name, value in properties.items() if name in more and value is not None},
    }
