"""Lists of contacts: which there are, who is in them, and adding and removing members.

Belongs here: the calls to `/crm/v3/lists`. HubSpot passes over ids that it does not know and members that are there already without a
word, so what a call did is seen only by reading.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alignment_pipeline.connectors.hubspot.objects import next_page, results
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.values import parse_stamp
from alignment_pipeline.errors import Retryable

CONTACTS = "0-1"
#: Lists of these kinds take members; the others follow from filters.
STATIC = frozenset({"MANUAL", "SNAPSHOT"})
_PAGE, _MEMBERS, _RECORDS = 500, 250, 100
_ADDED, _SIZE = "hs_last_record_added_at", "hs_list_size"


@dataclass(frozen=True)
class ContactList:
    """One list. `size` and `last_added_at` are None where HubSpot does not tell them."""

    id: str
    name: str
    processing: str
    size: int | None
    last_added_at: datetime | None


def listed(session: HubSpotSession, query: str = "") -> Iterator[ContactList]:
    """Lists of contacts, those whose name contains the query."""
    offset = 0
    while True:
        body = {"query": query, "count": _PAGE, "offset": offset, "additionalProperties": [_ADDED, _SIZE]}
        page = session.ask("/crm/v3/lists/search", "lists", body)
        rows = page.get("lists")
        if not isinstance(rows, list):
            raise Retryable("lists: the answer has no lists")
        yield from (_list(row) for row in rows if str(row.get("objectTypeId")) == CONTACTS)
        if not page.get("hasMore") or not rows:
            return
        offset += len(rows)


def named(session: HubSpotSession, name: str) -> ContactList | None:
    """The list of this name, None where there is none."""
    return next((one for one in listed(session, name) if one.name == name), None)


@dataclass(frozen=True)
class Page:
    """Members of a list with the moment when they joined, the first one first. `cursor` is where the page begins, "" at the start."""

    cursor: str
    members: list[tuple[str, datetime]]
    is_last: bool


def pages(session: HubSpotSession, list_id: str, cursor: str = "") -> Iterator[Page]:
    """Members in the order in which they joined, from a cursor on."""
    while True:
        params = {"limit": str(_MEMBERS)} | ({"after": cursor} if cursor else {})
        page = session.get(f"/crm/v3/lists/{list_id}/memberships/join-order", "list members", params)
        joined = [(str(row["recordId"]), parse_stamp(str(row["membershipTimestamp"]))) for row in results(page, "list members")]
        following = next_page(page)
        yield Page(cursor, joined, following is None)
        if following is None:
            return
        if following == cursor:
            raise Retryable("list members: the cursor does not move on")
        cursor = following


def members_among(session: HubSpotSession, list_id: str, contacts: Sequence[str]) -> set[str]:
    """Those of these contacts who are in the list."""
    inside: set[str] = set()
    for first in range(0, len(contacts), _RECORDS):
        inputs = [{"objectTypeId": CONTACTS, "recordId": one} for one in contacts[first : first + _RECORDS]]
        answer = session.ask("/crm/v3/lists/records/memberships/batch/read", "lists of contacts", {"inputs": inputs})
        for row in results(answer, "lists of contacts"):
            if list_id in {str(one.get("listId")) for one in row.get("recordListMemberships") or ()}:
                inside.add(str(row["recordId"]))
    return inside


def change(session: HubSpotSession, list_id: str, add: Collection[str], remove: Collection[str]) -> None:
    """Add and remove members. Doing it twice changes nothing, so it may be repeated."""
    if add or remove:
        body = {"recordIdsToAdd": sorted(add), "recordIdsToRemove": sorted(remove)}
        path = f"/crm/v3/lists/{list_id}/memberships/add-and-remove"
        session.write(path, "list members", body, method="PUT", is_repeatable=True)


def make(session: HubSpotSession, name: str) -> None:
    """Make a list that takes members."""
    session.write("/crm/v3/lists", "lists", {"name": name, "objectTypeId": CONTACTS, "processingType": "MANUAL"})


def _list(row: Mapping[str, Any]) -> ContactList:
    more = row.get("additionalProperties") or {}
    added, size = (str(more.get(name) or "") for name in (_ADDED, _SIZE))
    last = datetime.fromtimestamp(int(added) / 1000, tz=UTC) if added.isdigit() else None
    processing = str(row.get("processingType") or "")
    return ContactList(str(row["listId"]), str(row.get("name") or ""), processing, int(size) if size.isdigit() else None, last)
