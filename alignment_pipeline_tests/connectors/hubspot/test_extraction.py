"""Reading HubSpot: merges and deletions are followed, histories are kept, and a reading costs the calls it must."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alignment_pipeline.connectors.hubspot.extraction import HubSpotExtraction
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.streams import StreamReport, StreamState
from alignment_pipeline.contracts.systems.hubspot import HUBSPOT
from alignment_pipeline.errors import ConfigurationError, CredentialsRefused, Permanent
from alignment_pipeline.sandbox.hubspot.properties import Property
from alignment_pipeline.sandbox.hubspot.settings import HubSpotSettings
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore, Person
from alignment_pipeline_tests.connectors.served import NOW, TEN_DAYS_AGO, Served, by_id, rows_of, served

Rows = dict[str, list[dict[str, Any]]]
STAGE = {"pipelines": [{"id": "default", "label": "Sales", "stages": [{"id": "s1", "label": "New", "metadata": {"probability": "0.2"}}]}]}


def read(world: Served, states: dict[str, StreamState] | None = None, *names: str, **options: Any) -> tuple[Rows, dict[str, StreamReport]]:
    """Rows and reports of the named streams, of all when none is named."""
    session = options.pop("session", None) or world.hubspot()
    wanted = [stream for stream in HUBSPOT.streams if not names or stream.object in names]
    readings = HubSpotExtraction(session, states or {}, **options).readings(wanted)
    rows = {reading.stream.object: rows_of(reading) for reading in readings}
    return rows, {reading.stream.object: reading.report for reading in readings}


def states(reports: dict[str, StreamReport]) -> dict[str, StreamState]:
    return {name: report.state for name, report in reports.items()}


def person(world: Served) -> Person:
    return Person(world.world.hubspot, world.world.clock)


def contacts(world: Served, count: int) -> list[str]:
    people = [{"id": 100 + number, "at": TEN_DAYS_AGO, "email": f"p{number}@example.com"} for number in range(count)]
    world.world.hubspot.load({"contacts": people})
    return [str(one["id"]) for one in people]


def test_a_merge_and_a_chain_of_merges_leave_one_living_record_and_a_tombstone_for_each_old_id(world: Served) -> None:
    one, two, three = contacts(world, 3)
    _, first = read(world, None, "contacts")
    world.world.advance(3_600)
    middle = person(world).merge("contacts", one, two)
    last = person(world).merge("contacts", three, middle)
    world.world.advance(60)
    rows, second = read(world, states(first), "contacts")
    found = by_id(rows["contacts"])

    assert found[last]["is_deleted"] is False
    assert {name: row["mergedInto"] for name, row in found.items() if row["is_deleted"]} == dict.fromkeys((one, two, three, middle), last)
    again, _ = read(world, states(second), "contacts")
    assert [row["row_hash"] for row in again["contacts"]] == [row["row_hash"] for row in rows["contacts"]], "the overlap brings the same"


def test_an_archived_record_becomes_a_tombstone_at_the_next_daily_look(world: Served) -> None:
    one, two = contacts(world, 2)
    _, first = read(world, None, "contacts")
    person(world).archive("contacts", one)
    world.world.advance(3_600)
    rows, second = read(world, states(first), "contacts")
    assert rows["contacts"] == []

    world.world.advance(86_400)
    rows, _ = read(world, states(second), "contacts")
    assert [(row["record_id"], row["is_deleted"]) for row in rows["contacts"]] == [(one, True)]
    assert two not in by_id(rows["contacts"])


def test_history_says_who_set_each_value_by_what_means_and_costs_no_pass_of_its_own(world: Served) -> None:
    (one,) = contacts(world, 1)
    person(world).edit("contacts", one, {"lifecyclestage": "lead"})
    session = world.hubspot()
    rows, first = read(world, None, "contacts", "contacts_changes", session=session)

    assert [(row["property"], row["value"], row["sourceType"], row["updatedByUserId"]) for row in rows["contacts_changes"]] == [
        ("lifecyclestage", "lead", "CRM_UI", "77")
    ]
    assert session.counter.by_endpoint["contacts list"] == 2, "one page of living ones, one of archived ones"
    person(world).edit("contacts", one, {"lifecyclestage": "opportunity"})
    world.world.advance(60)
    rows, _ = read(world, states(first), "contacts", "contacts_changes")
    assert {row["value"] for row in rows["contacts_changes"]} == {"lead", "opportunity"}


def test_engagements_carry_the_records_they_belong_to_by_either_way_of_reading(world: Served) -> None:
    store = world.world.hubspot
    one, two = contacts(world, 2)
    old = person(world).create("calls", {"hs_call_title": "First", "hs_timestamp": NOW.isoformat()}, lag=0)
    store.link("calls", old, "contacts", two)
    store.link("calls", old, "contacts", one)
    rows, first = read(world, None, "calls")
    assert [row["contactIds"] for row in rows["calls"]] == [f"{one};{two}"]

    world.world.advance(3_600)
    new = person(world).create("calls", {"hs_call_title": "Second", "hs_timestamp": NOW.isoformat()}, lag=0)
    store.link("calls", new, "contacts", one)
    rows, _ = read(world, states(first), "calls")
    assert {row["record_id"]: row["contactIds"] for row in rows["calls"]} == {new: one, old: f"{one};{two}"}, (
        "the overlap brings the old one"
    )


def test_a_property_that_becomes_wanted_is_read_for_all_records(world: Served) -> None:
    contacts(world, 2)
    _, first = read(world, None, "contacts")
    world.world.hubspot.definitions.add("contacts", Property("alignment_stage", is_defined=False))
    world.world.advance(86_400)
    rows, second = read(world, states(first), "contacts", custom_fields={"contacts": ["alignment_stage"]})

    assert len(rows["contacts"]) == 2
    assert "alignment_stage" in str(second["contacts"].note)


def test_a_first_load_that_breaks_goes_on_with_the_streams_that_are_left(world: Served) -> None:
    contacts(world, 230)
    world.world.hubspot.load({"companies": [{"id": 9_001, "at": TEN_DAYS_AGO, "name": "Acme"}]})
    wanted = [stream for stream in HUBSPOT.streams if stream.object in ("contacts", "companies")]
    world.fault("answer", system="hubspot", path="objects/companies", status=400, content={"category": "VALIDATION_ERROR"}, count=None)
    kept: dict[str, StreamState] = {}
    with pytest.raises(Permanent):
        for reading in HubSpotExtraction(world.hubspot(), kept).readings(wanted):
            rows_of(reading)
            kept[reading.stream.object] = reading.report.state
    world.world.faults.clear()
    session = world.hubspot()
    rows, _ = read(world, kept, "contacts", "companies", session=session)

    assert (list(kept), [row["name"] for row in rows["companies"]]) == (["contacts"], ["Acme"])
    assert session.counter.by_endpoint["contacts list"] <= 1, "the five pages of contacts are not read again"


def test_a_property_that_is_gone_or_changes_its_type_is_reported_and_a_required_one_ends_the_reading(world: Served) -> None:
    contacts(world, 2)
    _, first = read(world, None, "contacts")
    known = world.world.hubspot.definitions.by_type["contacts"]
    del known["jobtitle"]
    known["city"] = replace(known["city"], type="number")
    world.world.advance(86_400)
    person(world).edit("contacts", "100", {"lastname": "Byron"})
    world.world.advance(60)
    rows, second = read(world, states(first), "contacts")

    assert by_id(rows["contacts"])["100"]["lastname"] == "Byron", "the rest is read"
    assert second["contacts"].missing_fields == ("jobtitle",)
    assert second["contacts"].drift == ("field jobtitle is gone (removed, or hidden from this user)", "field city was string, is double")
    del known["email"]
    world.world.advance(86_400)
    with pytest.raises(Permanent, match="contacts: email cannot be read"):
        read(world, states(second), "contacts")


def test_submissions_and_events_are_read_back_to_where_the_last_run_ended(world: Served) -> None:
    store: HubSpotStore = world.world.hubspot
    store.add_form("f-1", "Demo request")
    for day in range(120):
        store.submit(
            "f-1", NOW - timedelta(days=day, hours=1), {"email": f"p{day}@example.com", "message": "hi"}, page="https://x.example/demo"
        )
        store.happened("CLICK", f"p{day}@example.com", NOW - timedelta(days=day, hours=7), is_filtered=day == 0)
    rows, first = read(world, None, "form_submissions", "email_events")
    assert (len(rows["form_submissions"]), len(rows["email_events"])) == (120, 120)
    latest = rows["form_submissions"][0]
    assert (latest["formName"], latest["email"], latest["pageUrl"]) == ("Demo request", "p0@example.com", "https://x.example/demo")
    assert rows["email_events"][0]["filteredEvent"] == "true"

    world.world.advance(86_400)
    store.submit("f-1", world.world.clock.now(), {"email": "new@example.com"})
    rows, second = read(world, states(first), "form_submissions", "email_events")
    assert [row["email"] for row in rows["form_submissions"]] == ["new@example.com"]
    assert rows["email_events"] == []
    assert second["form_submissions"].calls == 3, "the account, the forms, one page"


def test_owners_come_with_archived_ones_and_stages_with_their_pipeline(world: Served) -> None:
    owners = [
        {"id": str(number), "email": f"o{number}@example.com", "type": kind, "updatedAt": "2026-01-01T00:00:00Z", "archived": number == 2}
        for number, kind in ((1, "PERSON"), (2, "PERSON"), (3, "QUEUE"))
    ]
    world.world.hubspot.load({}, owners=owners, **STAGE)
    rows, _ = read(world, None, "owners", "deal_stages")

    assert {row["record_id"]: (row["type"], row["is_deleted"]) for row in rows["owners"]} == {
        "1": ("PERSON", False),
        "2": ("PERSON", True),
        "3": ("QUEUE", False),
    }
    assert [(row["record_id"], row["label"], row["probability"]) for row in rows["deal_stages"]] == [("default:s1", "New", "0.2")]


def test_a_scope_that_is_missing_is_named() -> None:
    settings = HubSpotSettings(tokens={"pat-na1-narrow": frozenset({"crm.objects.companies.read"})})
    with served(hubspot=HubSpotStore(settings)) as world, pytest.raises(Permanent, match=r"crm\.objects\.contacts\.read"):
        read(world, None, "contacts")


def test_a_rotated_token_ends_the_reading_and_says_what_to_set(world: Served) -> None:
    world.world.hubspot.tokens.rotate("pat-na1-sandbox-0001")
    with pytest.raises(CredentialsRefused, match="HUBSPOT_ACCESS_TOKEN"):
        read(world, None, "contacts")


def test_another_portal_than_the_expected_one_is_not_read(world: Served) -> None:
    given = world.hubspot().credentials
    wrong = HubSpotSession(replace(given, expected_portal_id="1"), world.clock)
    with pytest.raises(ConfigurationError, match="belongs to portal 4711001"):
        read(world, None, "contacts", session=wrong)


def test_ten_seconds_of_refused_calls_are_waited_out() -> None:
    with served(hubspot=HubSpotStore(HubSpotSettings(calls_per_window=5, searches_per_second=1))) as world:
        contacts(world, 400)
        rows, first = read(world, None, "contacts", "contacts_changes")
        assert len(rows["contacts"]) == 400

        world.world.advance(3_600)
        for one in list(world.world.hubspot.objects["contacts"]):
            person(world).edit("contacts", one, {"city": "Bonn"}, lag=0)
        rows, _ = read(world, states(first), "contacts")
        assert len(rows["contacts"]) == 400


def test_changes_beyond_the_ceiling_of_a_search_are_all_read_of_one_stamp_or_of_many() -> None:
    with served(hubspot=HubSpotStore(HubSpotSettings(search_ceiling=400))) as world:
        contacts(world, 1_300)
        rows, first = read(world, None, "contacts", "contacts_changes")
        world.world.advance(3_600)
        ids = list(world.world.hubspot.objects["contacts"])
        for one in ids[:900]:
            person(world).edit("contacts", one, {"city": "Bonn"}, lag=0)
        for one in ids[900:]:
            world.world.advance(1)
            person(world).edit("contacts", one, {"city": "Bonn"}, lag=0)
        rows, _ = read(world, states(first), "contacts")

        assert {row["record_id"] for row in rows["contacts"]} == set(ids)


def test_nothing_new_costs_at_most_forty_calls(world: Served) -> None:
    store: HubSpotStore = world.world.hubspot
    contacts(world, 250)
    store.load({"companies": [{"id": 9_000 + number, "at": TEN_DAYS_AGO, "name": f"C{number}"} for number in range(250)]}, **STAGE)
    for number in range(5):
        store.add_form(f"f-{number}", f"Form {number}")
    _, first = read(world)
    world.world.advance(86_400)
    session = world.hubspot()
    rows, _ = read(world, states(first), session=session)

    assert session.counter.total <= 40
    assert {name: len(found) for name, found in rows.items() if found} == {"deal_stages": 1}
