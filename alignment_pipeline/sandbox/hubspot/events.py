"""What people did: form submissions, marketing e-mail events, visits of pages.

Belongs here: the logs, latest first as the vendor gives them.
"""

from __future__ import annotations

import base64
import binascii

from alignment_pipeline.sandbox.hubspot.answers import Refusal, invalid, millis, not_found
from alignment_pipeline.sandbox.hubspot.call import Call
from alignment_pipeline.sandbox.hubspot.objects import Answer
from alignment_pipeline.sandbox.hubspot.records import as_millis

MOST_SUBMISSIONS, MOST_EMAIL_EVENTS, MOST_PAGE_VIEWS = 50, 1_000, 100


def forms(call: Call) -> Answer:
    """The portal's forms."""
    limit, after = call.limit(most=500, usual=50), call.after()
    rest = call.store.forms[after:]
    return 200, {"results": rest[:limit]} | ({"paging": {"next": {"after": str(after + limit)}}} if len(rest) > limit else {})


def submissions(call: Call, guid: str) -> Answer:
    """Submissions of one form, latest first."""
    listed = call.store.submissions.get(guid)
    if listed is None:
        raise not_found(f"form {guid} does not exist")
    limit, after = call.limit(most=MOST_SUBMISSIONS, usual=20), _position(call.query.get("after", ""))
    ordered = sorted(listed, key=lambda one: (-one["submittedAt"], one["conversionId"]))
    visible = [
        one for one in ordered if one["submittedAt"] <= call.now.timestamp() * 1000 and after < (-one["submittedAt"], one["conversionId"])
    ]
    page = visible[:limit]
    last = page[-1] if page else None
    token = _token(-last["submittedAt"], last["conversionId"]) if last and len(visible) > limit else None
    return 200, {"results": page} | ({"paging": {"next": {"after": token}}} if token else {})


def email_events(call: Call) -> Answer:
    """E-mail events of a stretch of time, latest first. `offset` is opaque."""
    text = call.query.get("limit") or "10"
    if not text.isdigit() or not 1 <= int(text) <= MOST_EMAIL_EVENTS:
        raise invalid(f"limit must be between 1 and {MOST_EMAIL_EVENTS}")
    start, end = int(call.query.get("startTimestamp") or 0), int(call.query.get("endTimestamp") or call.now.timestamp() * 1000)
    after, kind, now = _position(call.query.get("offset", "")), call.query.get("eventType"), call.now.timestamp() * 1000
    visible = (one for one in call.store.email_events if one.get("visible_at", 0) <= now)
    events = [
        {name: value for name, value in one.items() if name != "visible_at"}
        for one in visible
        if start <= one["created"] <= end and kind in (None, one["type"]) and after < (-one["created"], one["id"])
    ]
    events.sort(key=lambda one: (-one["created"], one["id"]))
    page, has_more = events[: int(text)], len(events) > int(text)
    offset = _token(-page[-1]["created"], page[-1]["id"]) if page else call.query.get("offset", "")
    return 200, {"hasMore": has_more, "offset": offset, "events": page}


def page_views(call: Call) -> Answer:
    """Visits of pages, where the portal has an edition that keeps them."""
    settings = call.store.settings
    if not settings.has_event_analytics:
        raise Refusal(403, "FORBIDDEN", "This portal does not have access to event analytics")
    known = {"objectType", "objectId", "eventType", "occurredAfter", "occurredBefore", "limit", "after"}
    if unknown := sorted(set(call.query) - known):
        raise invalid(f"unknown parameters: {', '.join(unknown)}")
    if call.query.get("objectType", "").lower() != "contact" or call.query.get("eventType") != "e_visited_page":
        raise invalid("objectType must be contact and eventType e_visited_page")
    contact = call.query.get("objectId")
    if contact is None and settings.events_need_a_record:
        raise invalid("objectId or an objectProperty must be given")
    low, high = (as_millis(call.query[name]) if name in call.query else None for name in ("occurredAfter", "occurredBefore"))
    limit, after, now = call.limit(most=MOST_PAGE_VIEWS, usual=50), call.after(), millis(call.now)
    visible = [
        one
        for one in call.store.page_views
        if contact in (None, one["objectId"]) and (low or 0) <= (as_millis(one["occurredAt"]) or 0) < min(high or now + 1, now + 1)
    ]
    visible.sort(key=lambda one: str(one["occurredAt"]), reverse=True)
    page, rest = visible[after : after + limit], visible[after + limit :]
    return 200, {"results": page} | ({"paging": {"next": {"after": str(after + limit)}}} if rest else {})


def _token(number: int, identity: str) -> str:
    return base64.urlsafe_b64encode(f"{number}:{identity}".encode()).decode()


def _position(token: str) -> tuple[int, str]:
    """What comes after a token; everything comes after none."""
    if not token:
        return -(2**62), ""
    try:
        number, _, identity = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        return int(number), identity
    except (ValueError, binascii.Error):
        raise invalid(f"the cursor {token[:40]} cannot be read") from None
