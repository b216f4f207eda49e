"""The portal answers requests in the order and form in which public taps send them, and they read all of it.

Patterns read in November 2026: MeltanoLabs/tap-hubspot (all properties by name, parameters of its own for the order), and
singer-io/tap-hubspot (e-mail events in windows of time, submissions back to a bookmark, changed records by search).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline_tests.connectors.served import TEN_DAYS_AGO
from alignment_pipeline_tests.sandbox.hubspot.portal import Portal, portal

COUNT = 230


def filled(hub: Portal) -> None:
    """Contacts, a form, and marketing e-mails that were opened."""
    people = ({"id": n, "at": TEN_DAYS_AGO + timedelta(minutes=n), "email": f"p{n}@example.com"} for n in range(1, COUNT + 1))
    hub.store.load({"contacts": people})
    hub.store.add_form("f-1", "Demo")
    for number in range(COUNT):
        at = TEN_DAYS_AGO + timedelta(minutes=number)
        hub.store.submit("f-1", at, {"email": f"p{number + 1}@example.com"})
        hub.store.happened("OPEN", f"p{number + 1}@example.com", at)


def millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def test_meltanos_tap_lists_records_with_all_their_properties(hub: Portal) -> None:
    filled(hub)
    names = [one["name"] for one in hub.get("/crm/v3/properties/contacts")["results"]]
    params: dict[str, Any] = {"properties": ",".join(names), "sort": "asc", "order_by": "updatedAt"}
    rows: list[dict[str, Any]] = []
    while True:
        page = hub.get("/crm/v3/objects/contacts", **params)
        rows += page["results"]
        following = page.get("paging", {}).get("next", {}).get("after")
        if following is None:
            break
        params["after"] = following

    assert [one["id"] for one in rows] == [str(number) for number in range(1, COUNT + 1)]
    assert {"email", "lastmodifieddate", "hs_object_id"} <= set(rows[0]["properties"])


def test_singers_tap_reads_email_events_in_windows_of_time(hub: Portal) -> None:
    filled(hub)
    window, begun, now = 3_600_000, millis(TEN_DAYS_AGO), millis(TEN_DAYS_AGO + timedelta(hours=6))
    seen: list[tuple[str, int]] = []
    for start in range(begun, now, window):
        params: dict[str, Any] = {"startTimestamp": start, "endTimestamp": start + window, "limit": 25}
        while True:
            page = hub.get("/email/public/v1/events", **params)
            seen += [(one["id"], one["created"]) for one in page["events"]]
            if not page["hasMore"]:
                break
            params["offset"] = page["offset"]

    assert len(set(seen)) == COUNT


def test_singers_tap_reads_submissions_back_to_its_bookmark(hub: Portal) -> None:
    filled(hub)
    bookmark = millis(TEN_DAYS_AGO + timedelta(minutes=100))

    def rows() -> Iterator[dict[str, Any]]:
        params: dict[str, Any] = {"limit": 50}
        while True:
            page = hub.get("/form-integrations/v1/submissions/forms/f-1", **params)
            yield from page["results"]
            following = page.get("paging", {}).get("next", {}).get("after")
            if following is None or page["results"][-1]["submittedAt"] < bookmark:
                return
            params["after"] = following

    assert len([one for one in rows() if one["submittedAt"] >= bookmark]) == COUNT - 100


def test_a_tap_pages_changed_records_to_the_ceiling_and_goes_on_from_the_last_stamp() -> None:
    with portal(search_ceiling=100, search_lag_seconds=0.0) as hub:
        filled(hub)
        since, seen = millis(TEN_DAYS_AGO), set[str]()
        while True:
            before, after = len(seen), 0
            while after < 100:
                clause = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(since)}
                sorts = [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}]
                page = hub.search("contacts", clause, sorts=sorts, limit=50, after=after).json()
                seen |= {one["id"] for one in page["results"]}
                last = page["results"][-1]["updatedAt"] if page["results"] else None
                after += 50
                if "paging" not in page:
                    break
            if last is not None:
                since = millis(datetime.fromisoformat(last))
            if len(seen) == before:
                break
            hub.world.advance(2)

        assert len(seen) == COUNT
        assert hub.search("contacts", limit=50, after=100).status_code == 400
