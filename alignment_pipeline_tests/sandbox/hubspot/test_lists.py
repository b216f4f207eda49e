"""Lists of the embedded portal: who may be added, what is passed over in silence, and what a merge does to members."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alignment_pipeline_tests.sandbox.hubspot.portal import Portal

LISTS = "/crm/v3/lists"


def people(hub: Portal, count: int) -> list[str]:
    return [hub.person.create("contacts", {"email": f"p{number}@example.com"}) for number in range(count)]


def made(hub: Portal, kind: str = "MANUAL", name: str = "Nurture") -> str:
    body = hub.ask("POST", LISTS, {"name": name, "objectTypeId": "0-1", "processingType": kind}).json()
    return str(body["list"]["listId"])


def changed(hub: Portal, list_id: str, **ids: list[str]) -> Any:
    body = {f"recordIdsTo{name.title()}": numbers for name, numbers in ids.items()}
    return hub.ask("PUT", f"{LISTS}/{list_id}/memberships/add-and-remove", body)


def members(hub: Portal, list_id: str) -> list[str]:
    return [row["recordId"] for row in hub.get(f"{LISTS}/{list_id}/memberships/join-order", limit="250")["results"]]


def test_members_are_added_once_and_unknown_ids_are_passed_over(hub: Portal) -> None:
    one, two = people(hub, 2)
    nurture = made(hub)

    first = changed(hub, nurture, add=[one, "4711"]).json()
    again = changed(hub, nurture, add=[one, two], remove=["4711"]).json()

    assert (first["recordsIdsAdded"], first["recordIdsMissing"]) == ([one], ["4711"])
    assert (again["recordsIdsAdded"], again["recordIdsRemoved"], members(hub, nurture)) == ([two], [], [one, two])
    assert changed(hub, nurture, remove=[one]).status_code == 200
    assert members(hub, nurture) == [two]


@pytest.mark.parametrize("body", [{}, {"recordIdsToAdd": []}, {"ids": ["1"]}])
def test_a_change_of_nobody_is_refused(hub: Portal, body: dict[str, Any]) -> None:
    assert hub.ask("PUT", f"{LISTS}/{made(hub)}/memberships/add-and-remove", body).status_code == 400


def test_the_members_of_an_active_list_follow_from_its_filters(hub: Portal) -> None:
    (one,) = people(hub, 1)

    assert changed(hub, made(hub, "DYNAMIC"), add=[one]).status_code == 400
    assert changed(hub, "99", add=[one]).status_code == 404


def test_lists_of_records_and_a_search_tell_the_same(hub: Portal) -> None:
    one, two = people(hub, 2)
    nurture = made(hub)
    changed(hub, nurture, add=[one])
    inputs = [{"objectTypeId": "0-1", "recordId": number} for number in (one, two)]

    told = hub.ask("POST", f"{LISTS}/records/memberships/batch/read", {"inputs": inputs}).json()["results"]
    (shown,) = hub.ask("POST", f"{LISTS}/search", {"query": "nurt", "additionalProperties": ["hs_list_size"]}).json()["lists"]

    assert [[each["listId"] for each in row["recordListMemberships"]] for row in told] == [[nurture], []]
    assert (shown["additionalProperties"], shown["objectTypeId"]) == ({"hs_list_size": "1"}, "0-1")
    assert hub.ask("POST", f"{LISTS}/search", {"count": 501}).status_code == 400


def test_a_merged_contact_is_in_the_lists_of_both(hub: Portal) -> None:
    one, two = people(hub, 2)
    nurture, other = made(hub), made(hub, name="Other")
    changed(hub, nurture, add=[one])
    changed(hub, other, add=[two])

    new = hub.person.merge("contacts", one, two)

    assert (members(hub, nurture), members(hub, other)) == ([new], [new])
    hub.person.erase("contacts", new)
    assert members(hub, nurture) == []


def test_visits_are_told_by_contact_and_time(hub: Portal) -> None:
    one, two = people(hub, 2)
    now = hub.world.clock.now()
    for number, hours in ((one, 1), (one, 30), (two, 2)):
        hub.store.visit(number, now - timedelta(hours=hours), f"/{hours}")
    asked = {"objectType": "contact", "eventType": "e_visited_page"}

    of_one = hub.get("/events/v3/events", objectId=one, **asked)["results"]
    of_day = hub.get("/events/v3/events", occurredAfter=(now - timedelta(days=1)).isoformat().replace("+00:00", "Z"), **asked)["results"]

    assert [row["properties"]["hs_url"] for row in of_one] == ["/1", "/30"]
    assert [row["objectId"] for row in of_day] == [one, two]
    assert hub.ask("GET", "/events/v3/events?objectType=deal&eventType=e_visited_page").status_code == 400
