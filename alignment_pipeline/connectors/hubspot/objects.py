"""Reading objects: lists by id, changes by search, and records by id.

Belongs here: the calls and their pages. What becomes of the records: `object_extraction.py`; associations: `associations.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.values import parse_stamp, stamp_text
from alignment_pipeline.errors import Retryable

PAGE, PAGE_WITH_HISTORY, SEARCH_PAGE = 100, 50, 200
_MILLISECOND = timedelta(milliseconds=1)
_MERGED = "hs_merged_object_ids"
Record = Mapping[str, Any]


def listed(
    session: HubSpotSession,
    kind: str,
    properties: Sequence[str],
    *,
    history: Sequence[str] = (),
    associations: Sequence[str] = (),
    is_archived: bool = False,
) -> Iterator[Record]:
    """Every record of the list, by id. What is made meanwhile comes at the end."""
    params = {"limit": str(PAGE_WITH_HISTORY if history else PAGE), "properties": ",".join(properties)}
    params |= {"propertiesWithHistory": ",".join(history)} if history else {}
    params |= {"associations": ",".join(associations)} if associations else {}
    params |= {"archived": "true"} if is_archived else {}
    after: str | None = None
    while True:
        page = session.get(f"/crm/v3/objects/{kind}", f"{kind} list", params | ({"after": after} if after else {}))
        yield from results(page, f"{kind} list")
        following = next_page(page)
        if following is None:
            return
        if following == after:
            raise Retryable(f"{kind} list: the cursor does not move on")
        after = following


def changed(session: HubSpotSession, kind: str, stamp: str, since: datetime, properties: Sequence[str]) -> Iterator[Record]:
    """Records stamped at or after `since`, as the search index shows them, each state once.

    Pages go on from the last stamp, never by position: what changes meanwhile would shift positions, and they end at 10,000.
    """
    low, given = since, set[str]()
    while True:
        filters = [{"propertyName": stamp, "operator": "GTE", "value": stamp_text(low)}]
        page = _search(session, kind, filters, stamp, properties)
        yield from (record for record in page if str(record["id"]) not in given)
        if len(page) < SEARCH_PAGE:
            return
        last = _stamp(page[-1], stamp)
        if last > low:
            given = {str(record["id"]) for record in page if _stamp(record, stamp) == last}
            low = last
            continue
        given |= {str(record["id"]) for record in page}
        yield from _of_one_stamp(session, kind, stamp, low, properties, given)
        low, given = low + _MILLISECOND, set()


def total(session: HubSpotSession, kind: str, *having: str) -> int:
    """How many living records search shows; of those that have one of these properties, where any are named."""
    groups = [{"filters": [{"propertyName": name, "operator": "HAS_PROPERTY"}]} for name in having]
    body = {"filterGroups": groups, "sorts": [], "properties": [], "limit": 1, "after": "0"}
    return int(session.ask(f"/crm/v3/objects/{kind}/search", f"{kind} count", body, is_search=True).get("total") or 0)


def _of_one_stamp(
    session: HubSpotSession, kind: str, stamp: str, moment: datetime, properties: Sequence[str], given: set[str]
) -> Iterator[Record]:
    """The records of one stamp by id: a bulk edit gives thousands the same."""
    last_id = "0"
    while True:
        filters = [
            {"propertyName": stamp, "operator": "EQ", "value": stamp_text(moment)},
            {"propertyName": "hs_object_id", "operator": "GT", "value": last_id},
        ]
        page = _search(session, kind, filters, "hs_object_id", properties)
        yield from (record for record in page if str(record["id"]) not in given)
        if len(page) < SEARCH_PAGE:
            return
        last_id = str(page[-1]["id"])


def _search(session: HubSpotSession, kind: str, filters: Sequence[Mapping[str, str]], sort: str, properties: Sequence[str]) -> list[Record]:
    body = {
        "filterGroups": [{"filters": list(filters)}],
        "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
        "properties": list(properties),
        "limit": SEARCH_PAGE,
        "after": "0",
    }
    answer = session.ask(f"/crm/v3/objects/{kind}/search", f"{kind} search", body, is_search=True)
    rows = results(answer, f"{kind} search")
    promised = min(int(answer.get("total") or 0), SEARCH_PAGE)
    if len(rows) < promised:
        raise Retryable(f"{kind} search: {promised} records were promised, {len(rows)} came")
    return rows


def by_ids(
    session: HubSpotSession,
    kind: str,
    ids: Sequence[str],
    properties: Sequence[str],
    *,
    history: Sequence[str] = (),
    is_archived: bool = False,
) -> Iterator[tuple[str, Record]]:
    """Pairs of the id asked for and the living record that answers, which has another id after a merge; absent ones are left out.

    With `is_archived` archived records answer instead.
    """
    size = PAGE_WITH_HISTORY if history else PAGE
    names = list(dict.fromkeys((*properties, _MERGED)))
    for first in range(0, len(ids), size):
        part = list(ids[first : first + size])
        body = {"inputs": [{"id": one} for one in part], "properties": names, "propertiesWithHistory": list(history)}
        path = f"/crm/v3/objects/{kind}/batch/read" + ("?archived=true" if is_archived else "")
        answer = session.ask(path, f"{kind} batch read", body)
        rows = results(answer, f"{kind} batch read")
        own = {str(record["id"]): record for record in rows}
        missing = {str(one) for error in answer.get("errors") or () for one in (error.get("context") or {}).get("ids") or ()}
        others = [record for record in rows if str(record["id"]) not in part]
        for asked in part:
            if asked in own:
                yield asked, own[asked]
                continue
            merged = next((record for record in others if asked in merged_ids(record)), None)
            if merged is not None:
                yield asked, merged
            elif asked not in missing and len(rows) + len(missing) < len(part):
                raise Retryable(f"{kind} batch read: record {asked} is neither in the answer nor among its errors")


def merged_ids(record: Record) -> list[str]:
    """Ids that were merged into the record, over chains too. One id alone may come as a number."""
    text = str((record.get("properties") or {}).get(_MERGED) or "")
    return [one.strip() for one in text.split(";") if one.strip()]


def results(body: Mapping[str, Any], endpoint: str) -> list[Record]:
    """The results of a page. Retryable when there is no list of them."""
    rows = body.get("results")
    if not isinstance(rows, list):
        raise Retryable(f"{endpoint}: the answer has no results")
    return rows


def next_page(body: Mapping[str, Any]) -> str | None:
    """The cursor of the page that follows, None on the last one."""
    after = ((body.get("paging") or {}).get("next") or {}).get("after")
    return str(after) if after is not None else None


def _stamp(record: Record, name: str) -> datetime:
    return parse_stamp(str(record["properties"][name]))
