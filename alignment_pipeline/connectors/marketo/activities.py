"""Activities by paging token: types, pages, changed leads, deleted leads.

Belongs here: the small steps after a watermark. Large stretches go by `bulk_extract.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.values import canonical
from alignment_pipeline.errors import DataLoss, Retryable

MOST_TYPES = 10
PAGE_ROWS = 300
_MERGE_IDS = "Merge IDs"
_MOST_STANDSTILLS = 5
_VALUE_TYPES = {"leadId": "int", "activityTypeId": "int", "campaignId": "int", "primaryAttributeValueId": "int", "activityDate": "datetime"}
# One encoder for all rows: json.dumps builds a new one for each call with options.
_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
Row = Mapping[str, Any]


def types(session: MarketoSession) -> list[Row]:
    """The subscription's activity types, as the vendor gives them."""
    listed = session.get("/rest/v1/activities/types.json", "activity types").get("result")
    if not listed:
        raise Retryable("activity types: the answer holds none")
    return list(listed)


def paging_token(session: MarketoSession, since: datetime) -> str:
    """The token of the first page at or after a moment."""
    text = since.strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(session.get("/rest/v1/activities/pagingtoken.json", "paging token", {"sinceDatetime": text})["nextPageToken"])


def since(session: MarketoSession, token: str, type_ids: Sequence[int]) -> Iterator[list[Row]]:
    """Pages of activities of these types from a paging token on, ten types at a time."""
    for first in range(0, len(type_ids), MOST_TYPES):
        chosen = ",".join(str(one) for one in type_ids[first : first + MOST_TYPES])
        yield from _pages(session, "/rest/v1/activities.json", "activities", {"activityTypeIds": chosen}, token)


def poll(session: MarketoSession, token: str, type_ids: Sequence[int]) -> tuple[list[Row], str]:
    """What has come since a token, and the token to ask with next time: the cheap look of a fast lane. At most ten types."""
    if not type_ids or len(type_ids) > MOST_TYPES:
        raise ValueError(f"between 1 and {MOST_TYPES} activity types, not {len(type_ids)}")
    activities: list[Row] = []
    params = {"activityTypeIds": ",".join(str(one) for one in type_ids)}
    for body in _bodies(session, "/rest/v1/activities.json", "activity poll", params, token):
        activities += body.get("result") or ()
        token = str(body.get("nextPageToken") or token)
    return activities, token


def lead_changes(session: MarketoSession, token: str, fields: Sequence[str]) -> Iterator[list[Row]]:
    """Pages of changed and new leads (activities 12 and 13) for these fields."""
    return _pages(session, "/rest/v1/activities/leadchanges.json", "lead changes", {"fields": ",".join(fields)}, token)


def deleted_leads(session: MarketoSession, token: str) -> Iterator[list[Row]]:
    """Pages of deleted leads (activity 37), which bulk extract cannot deliver."""
    return _pages(session, "/rest/v1/activities/deletedleads.json", "deleted leads", {}, token)


def _pages(session: MarketoSession, path: str, endpoint: str, params: Mapping[str, str], token: str) -> Iterator[list[Row]]:
    return (list(body.get("result") or ()) for body in _bodies(session, path, endpoint, params, token))


def _bodies(session: MarketoSession, path: str, endpoint: str, params: Mapping[str, str], token: str) -> Iterator[Mapping[str, Any]]:
    """Pages until `moreResult` is false: a page may be short or empty and yet not the last. DataLoss when the token stands still."""
    standstills = 0
    while True:
        body = session.get(path, endpoint, {**params, "nextPageToken": token, "batchSize": str(PAGE_ROWS)})
        yield body
        if not body.get("moreResult", False):
            return
        following = str(body.get("nextPageToken") or "")
        standstills = standstills + 1 if following == token else 0
        if not following or standstills >= _MOST_STANDSTILLS:
            raise DataLoss(f"{endpoint}: there are more results, but the paging token does not move on")
        token = following


def merged_ids(row: Row) -> list[str]:
    """The leads that a merge (activity 32) took, each once: its attribute comes as a list, or as text around the ids."""
    given = [one.get("value") for one in row.get("attributes") or () if one.get("name") == _MERGE_IDS]
    return list(dict.fromkeys(re.findall(r"[0-9]+", str(given[0])))) if given else []


def row_values(row: Row) -> dict[str, str | None]:
    """An activity as raw text, alike from a page (attributes as a list) and from an extract file (as a JSON object)."""
    values = {
        name: canonical(row.get(name), _VALUE_TYPES.get(name, "string"))
        for name in ("leadId", "activityDate", "activityTypeId", "campaignId", "primaryAttributeValueId", "primaryAttributeValue")
    }
    guid = row.get("marketoGUID") or row.get("id")
    values["marketoGUID"] = str(guid) if guid not in (None, "") else None
    values["attributes"] = _attributes(row.get("attributes"))
    return values


def _attributes(attributes: Any) -> str | None:
    """Name -> text, sorted; attributes without a value are left out, as the vendor does. ValueError when unreadable."""
    if isinstance(attributes, str):
        attributes = json.loads(attributes) if attributes.strip() else None
    if not attributes:
        return None
    if isinstance(attributes, Mapping):
        pairs = list(attributes.items())
    elif isinstance(attributes, list):
        pairs = [(entry.get("name") or entry.get("apiName"), entry.get("value")) for entry in attributes if isinstance(entry, Mapping)]
    else:
        raise ValueError("attributes are neither a list nor an object")
    texts = {str(name): _text(value) for name, value in pairs if name is not None}
    kept = {name: text for name, text in texts.items() if text is not None}
    return _ENCODE(kept) if kept else None


def _text(value: Any) -> str | None:
    if type(value) is str:
        # In extract files an empty attribute is the text null, as in every other column.
        return value if value not in ("", "null") else None
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return canonical(value, "string")
