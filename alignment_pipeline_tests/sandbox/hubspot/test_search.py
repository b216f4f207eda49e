"""Search of the embedded portal: late, limited, blind for archived records."""

from __future__ import annotations

import pytest

from alignment_pipeline_tests.sandbox.hubspot.portal import Portal, portal


def test_search_learns_of_a_write_seconds_after_the_object_shows_it(hub: Portal) -> None:
    one = hub.person.create("contacts", {"email": "a@example.com"})
    wanted = {"propertyName": "email", "operator": "EQ", "value": "a@example.com"}

    assert hub.get(f"/crm/v3/objects/contacts/{one}")["id"] == one
    assert hub.search("contacts", wanted).json()["total"] == 0
    hub.world.advance(8)
    assert hub.search("contacts", wanted).json()["total"] == 1


def test_search_shows_the_state_before_an_edit_until_the_index_has_caught_up(hub: Portal) -> None:
    one = hub.person.create("contacts", {"email": "a@example.com", "city": "Rome"}, lag=0)
    hub.person.edit("contacts", one, {"city": "Bonn"})
    rome = {"propertyName": "city", "operator": "EQ", "value": "rome"}

    assert hub.search("contacts", rome).json()["total"] == 1
    hub.world.advance(8)
    assert hub.search("contacts", rome).json()["total"] == 0


def test_paging_ends_at_ten_thousand() -> None:
    with portal(search_ceiling=30) as hub:
        for number in range(40):
            hub.person.create("contacts", {"email": f"{number}@example.com"}, lag=0)

        assert hub.search("contacts", limit=10, after=20).status_code == 200
        assert hub.search("contacts", limit=10, after=21).status_code == 400


def test_archived_records_are_never_found(hub: Portal) -> None:
    one = hub.person.create("contacts", {"email": "a@example.com"}, lag=0)
    hub.person.archive("contacts", one)

    assert hub.search("contacts").json()["results"] == []


@pytest.mark.parametrize("sorts", [["-createdate"], [{"propertyName": "createdate", "direction": "DESCENDING"}]])
def test_a_sort_is_a_string_or_an_object(hub: Portal, sorts: list[object]) -> None:
    older = hub.person.create("contacts", {"email": "a@example.com"}, lag=0)
    hub.world.advance(60)
    newer = hub.person.create("contacts", {"email": "b@example.com"}, lag=0)

    assert [row["id"] for row in hub.search("contacts", sorts=sorts).json()["results"]] == [newer, older]


def test_too_many_filters_or_a_value_in_upper_case_are_refused(hub: Portal) -> None:
    one = {"propertyName": "city", "operator": "HAS_PROPERTY"}
    groups = [{"filters": [one]}] * 6

    assert hub.search("contacts", filterGroups=groups).status_code == 400
    assert hub.search("contacts", *[one] * 7).status_code == 400
    hub.person.create("contacts", {"city": "Bonn", "email": "a@example.com"}, lag=0)
    assert hub.search("contacts", {"propertyName": "city", "operator": "IN", "values": ["Bonn"]}).status_code == 400
    assert hub.search("contacts", {"propertyName": "city", "operator": "IN", "values": ["bonn"]}).json()["total"] == 1


def test_moments_compare_as_iso_and_as_milliseconds(hub: Portal) -> None:
    hub.person.create("contacts", {"email": "a@example.com"}, lag=0)
    now = hub.world.clock.now()
    for value in (now.isoformat(), str(round(now.timestamp() * 1000))):
        assert hub.search("contacts", {"propertyName": "lastmodifieddate", "operator": "GTE", "value": value}).json()["total"] == 1
        assert hub.search("contacts", {"propertyName": "lastmodifieddate", "operator": "GT", "value": value}).json()["total"] == 0
