"""The Webhooks Journal: subscriptions, entries by their offset, and the files, which lie on another host.

Belongs here: `/webhooks-journal`, and the files' host. Which changes become entries: `changes.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from alignment_pipeline.sandbox.hubspot.answers import Refusal, invalid, iso, not_found
from alignment_pipeline.sandbox.hubspot.call import Call
from alignment_pipeline.sandbox.hubspot.changes import ACTIONS, TYPES, Published
from alignment_pipeline.sandbox.hubspot.objects import Answer
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore

FILES = "/journal-files/"
#: Where files lie when the API is called by its own name; on loopback it is another name of this machine.
FILE_HOST = "hubspot-webhooks-journal.s3.amazonaws.com"
MOST_ENTRIES = 100
_SUBSCRIBED = frozenset({"subscriptionType", "objectTypeId", "portalId", "actions", "properties", "objectIds", "associatedObjectTypeIds"})


def subscriptions(call: Call, version: str) -> Answer:
    """All subscriptions of the app."""
    _check(call, version)
    return 200, {"results": call.store.changes.subscriptions}


def subscribe(call: Call, version: str) -> Answer:
    """A new subscription to records."""
    _check(call, version)
    body = call.json_body()
    if unknown := sorted(set(body) - _SUBSCRIBED):
        raise invalid(f"unknown fields: {', '.join(unknown)}")
    actions = [str(one) for one in body.get("actions") or ()]
    if body.get("subscriptionType") != "OBJECT" or not actions or set(actions) - ACTIONS:
        raise invalid("Invalid subscription type or actions provided")
    if body.get("objectTypeId") not in TYPES.values() or body.get("portalId") != call.store.settings.portal_id:
        raise invalid("objectTypeId and portalId must be known")
    fresh = call.store.changes.subscribe(body["objectTypeId"], actions, [str(one) for one in body.get("properties") or ()], call.now)
    return 200, fresh


def latest(call: Call, version: str, count: str) -> Answer:
    """The last entries."""
    _check(call, version)
    return _batch(call, call.store.changes.visible(call.now)[-_count(count) :])


def following(call: Call, version: str, offset: str, count: str) -> Answer:
    """Entries after one that is still kept."""
    _check(call, version)
    entries = call.store.changes.visible(call.now)
    place = next((number for number, one in enumerate(entries) if one.offset == offset), None)
    if place is None:
        raise not_found(f"offset {offset[:60]} has expired or does not exist")
    rest = entries[place + 1 :][: _count(count)]
    if not rest and call.store.settings.says_no_news_by_404:
        raise not_found("no entry after the offset")
    return _batch(call, rest)


def file(store: HubSpotStore, request: Request, now: datetime) -> Response:
    """A file, by its signed address alone: S3 refuses two ways of authorisation at once."""
    host = request.headers.get("host", "")
    offset = request.url.path.removeprefix(FILES).removesuffix(".json")
    if "authorization" in request.headers:
        return _xml(400, "InvalidArgument")
    if not host.startswith(("localhost:", FILE_HOST)):
        return _xml(404, "NoSuchBucket")
    given = request.query_params.get("X-Amz-Date", "")
    if request.query_params.get("X-Amz-Signature") != _signature(offset, given):
        return _xml(403, "SignatureDoesNotMatch")
    if now > datetime.fromisoformat(given) + timedelta(seconds=store.settings.journal_file_seconds):
        return _xml(403, "AccessDenied")
    entry = next((one for one in store.changes.entries if one.offset == offset), None)
    if entry is None:
        return _xml(404, "NoSuchKey")
    content = {"offset": offset, "journalEvents": [entry.event], "publishedAt": iso(entry.at)}
    return Response(json.dumps(content), media_type="application/json")


def _check(call: Call, version: str) -> None:
    if version not in call.store.settings.versions:
        raise not_found(f"version {version} does not exist")
    if call.query.get("installPortalId", str(call.store.settings.portal_id)) != str(call.store.settings.portal_id):
        raise Refusal(403, "FORBIDDEN", "The app is not installed in this portal")


def _batch(call: Call, entries: list[Published]) -> Answer:
    times = {name: iso(call.now) for name in ("requestedAt", "startedAt", "completedAt")}
    return 200, {"status": "COMPLETE", "results": [_shown(call, one) for one in entries]} | times


def _shown(call: Call, entry: Published) -> Mapping[str, Any]:
    given, seconds = call.now.isoformat(), call.store.settings.journal_file_seconds
    query = urlencode({"X-Amz-Date": given, "X-Amz-Expires": int(seconds), "X-Amz-Signature": _signature(entry.offset, given)})
    name, _, port = call.host.partition(":")
    root = f"http://localhost:{port}" if name == "127.0.0.1" else f"https://{FILE_HOST}"
    url = f"{root}{FILES}{entry.offset}.json?{query}"
    return {"currentOffset": entry.offset, "url": url, "expiresAt": iso(call.now + timedelta(seconds=seconds))}


def _count(text: str) -> int:
    if not 1 <= int(text) <= MOST_ENTRIES:
        raise invalid(f"count must be between 1 and {MOST_ENTRIES}")
    return int(text)


def _signature(offset: str, given: str) -> str:
    return hashlib.sha256(f"{offset}:{given}".encode()).hexdigest()


def _xml(status: int, code: str) -> Response:
    return Response(f"<Error><Code>{code}</Code></Error>", status_code=status, media_type="application/xml")
