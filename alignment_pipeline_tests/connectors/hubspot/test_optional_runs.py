"""Members of lists and page views: read where the portal has them, noted where it has not, whole once it has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from alignment_pipeline.connectors.hubspot import list_extraction, page_view_extraction
from alignment_pipeline.connectors.hubspot.extraction import HubSpotExtraction
from alignment_pipeline.connectors.streams import StreamReport, StreamState
from alignment_pipeline.sandbox.hubspot.settings import READ_SCOPES, HubSpotSettings
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline_tests.connectors.served import NOW, STREAMS, TEN_DAYS_AGO, Served, rows_of, served

TOKEN = "pat-na1-sandbox-0001"
LISTS, VIEWS = "list_memberships", "page_views"
HOUR = timedelta(hours=1)


def loaded(world: Served) -> HubSpotStore:
    """A portal with contacts 11 and 12."""
    store: HubSpotStore = world.world.hubspot
    store.load({"contacts": [{"id": number, "at": TEN_DAYS_AGO, "email": f"p{number}@acme.example"} for number in (11, 12)]})
    return store


def read(world: Served, stream: str, before: StreamState | None = None) -> tuple[list[dict[str, Any]], StreamReport]:
    """One reading and its report."""
    states: Mapping[str, StreamState] = {stream: before} if before is not None else {}
    (reading,) = HubSpotExtraction(world.hubspot(), states).readings([STREAMS[stream]])
    rows = rows_of(reading)
    return rows, reading.report


def test_members_of_lists_are_read_with_the_name_of_the_list_and_the_moment(world: Served) -> None:
    store = loaded(world)
    static, live = store.add_list("Webinar", "MANUAL", TEN_DAYS_AGO), store.add_list("Engaged", "DYNAMIC", TEN_DAYS_AGO)
    store.join(static.id, "11", NOW - 3 * HOUR)
    store.join(live.id, "12", NOW - 2 * HOUR)

    rows, _ = read(world, LISTS)

    assert [(row["listName"], row["recordId"], row["processingType"]) for row in rows] == [
        ("Webinar", "11", "MANUAL"),
        ("Engaged", "12", "DYNAMIC"),
    ]
    assert [row["modified_at"] for row in rows] == [NOW - 3 * HOUR, NOW - 2 * HOUR]


def test_a_run_with_nothing_new_asks_once_and_one_more_for_a_list_that_somebody_joined(world: Served) -> None:
    store = loaded(world)
    for number in range(40):
        store.join(store.add_list(f"List {number}", "MANUAL", TEN_DAYS_AGO).id, "11", TEN_DAYS_AGO)
    first, report = read(world, LISTS)
    world.world.advance(86_400)
    nothing, idle = read(world, LISTS, report.state)
    store.join("7", "12", world.clock.now())
    fresh, later = read(world, LISTS, idle.state)

    assert (len(first), len(nothing), [(row["listId"], row["recordId"]) for row in fresh]) == (40, 0, [("7", "12")])
    # the account is asked once by each session
    assert (idle.calls, later.calls) == (2, 3)


def everybody(store: HubSpotStore, count: int) -> str:
    """A list that so many people joined, hundreds in one second, and a small one beside it."""
    listed, small = store.add_list("All contacts", "DYNAMIC", TEN_DAYS_AGO), store.add_list("Webinar", "MANUAL", TEN_DAYS_AGO)
    for number in range(count):
        store.join(listed.id, str(1_000 + number), NOW - 9 * 24 * HOUR + timedelta(seconds=number // 400))
    store.join(small.id, "11", NOW - HOUR)
    return listed.id


def members(rows: list[dict[str, Any]], list_id: str) -> set[str]:
    return {row["recordId"] for row in rows if row["listId"] == list_id}


def test_a_long_list_is_read_over_several_runs_and_holds_up_no_other(world: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_extraction, "MOST_PAGES", 1)
    listed = everybody(loaded(world), 1_300)
    first, report = read(world, LISTS)
    seen, calls, rows = members(first, listed), [report.calls], first
    while report.state.unfinished:
        world.world.advance(3_600)
        rows, report = read(world, LISTS, StreamState.from_json(report.state.to_json()))
        seen |= members(rows, listed)
        calls.append(report.calls)

    assert {row["recordId"] for row in first if row["listName"] == "Webinar"} == {"11"}
    assert seen == {str(1_000 + number) for number in range(1_300)}
    # the account, the lists, a page of the small one and three of the long one
    assert (calls, report.notes) == ([6, 5, 4], ())


def test_one_more_member_of_a_long_list_costs_one_call(world: Served) -> None:
    store = loaded(world)
    listed = everybody(store, 1_300)
    _, report = read(world, LISTS)
    world.world.advance(86_400)
    store.join(listed, "12", world.clock.now())

    fresh, later = read(world, LISTS, report.state)

    assert (members(fresh, listed), later.calls) == ({"12"}, 3)


@pytest.mark.parametrize("gone", [3, 400, 1_300])
def test_members_who_leave_a_long_list_hide_nobody_who_joins(world: Served, gone: int) -> None:
    store = loaded(world)
    listed = everybody(store, 1_300)
    _, report = read(world, LISTS)
    world.world.advance(86_400)
    for number in list(store.lists[listed].members)[:gone]:
        del store.lists[listed].members[number]
    for number in ("11", "12"):
        store.join(listed, number, world.clock.now())

    fresh, _ = read(world, LISTS, report.state)

    assert members(fresh, listed) == {"11", "12"}


@pytest.mark.parametrize("needs_a_record", [False, True])
def test_page_views_are_read_whether_the_portal_tells_them_of_all_or_of_one_contact(needs_a_record: bool) -> None:
    with served(hubspot=HubSpotStore(HubSpotSettings(events_need_a_record=needs_a_record, search_lag_seconds=0.0))) as world:
        store = loaded(world)
        store.visit("11", NOW - 50 * HOUR, "https://acme.example/pricing", "Pricing")
        store.visit("12", NOW - 2 * HOUR, "https://acme.example/blog")
        first, report = read(world, VIEWS)
        store.visit("11", NOW - HOUR / 12, "https://acme.example/demo")
        fresh, _ = read(world, VIEWS, report.state)

        assert sorted((row["objectId"], row["url"], row["title"]) for row in first) == [
            ("11", "https://acme.example/pricing", "Pricing"),
            ("12", "https://acme.example/blog", None),
        ]
        assert [(row["objectId"], row["url"]) for row in fresh] == [("11", "https://acme.example/demo")]


def test_pages_of_page_views_are_all_read(world: Served) -> None:
    store = loaded(world)
    for number in range(230):
        store.visit("11", NOW - HOUR - timedelta(seconds=number), f"/p/{number}")

    rows, _ = read(world, VIEWS)

    assert len({row["record_id"] for row in rows}) == 230


def test_contacts_that_a_run_does_not_reach_are_asked_for_by_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_view_extraction, "MOST_CONTACTS", 3)
    with served(hubspot=HubSpotStore(HubSpotSettings(events_need_a_record=True, search_lag_seconds=0.0))) as world:
        store: HubSpotStore = world.world.hubspot
        store.load({"contacts": [{"id": number, "at": TEN_DAYS_AGO, "email": f"p{number}@acme.example"} for number in range(11, 19)]})
        for number in range(11, 19):
            # an earlier visit, which the contact's own last visit does not show
            store.visit(str(number), NOW - 20 * HOUR, "/early")
            store.visit(str(number), NOW - timedelta(minutes=number), "/late")
        seen: set[tuple[str, str]] = set()
        report, runs = None, 0
        while report is None or report.state.load_end is not None:
            rows, report = read(world, VIEWS, report.state if report else None)
            seen |= {(row["objectId"], row["url"]) for row in rows}
            runs += 1
            assert runs < 9

        assert seen == {(str(number), url) for number in range(11, 19) for url in ("/early", "/late")}
        assert runs > 2


@pytest.mark.parametrize(("stream", "scope"), [(LISTS, "crm.lists.read"), (VIEWS, "business-intelligence")])
def test_without_the_scope_the_stream_is_empty_and_says_so_and_with_it_everything_is_read(stream: str, scope: str) -> None:
    with served(hubspot=HubSpotStore(HubSpotSettings(tokens={TOKEN: READ_SCOPES - {scope}}))) as world:
        store = loaded(world)
        store.join(store.add_list("Webinar", "MANUAL", TEN_DAYS_AGO).id, "11", NOW - 5 * HOUR)
        store.visit("11", NOW - 5 * HOUR, "/pricing")
        nothing, without = read(world, stream)
        world.world.advance(86_400)
        store.tokens._static[TOKEN] = READ_SCOPES
        rows, report = read(world, stream, without.state)

        assert (nothing, len(without.notes), scope in without.notes[0]) == ([], 1, True)
        assert (len(rows), report.notes) == (1, ())


def test_a_portal_without_the_edition_has_no_page_views(world: Served) -> None:
    with served(hubspot=HubSpotStore(HubSpotSettings(has_event_analytics=False))) as poor:
        loaded(poor)

        rows, report = read(poor, VIEWS)

        assert (rows, "page views are not read" in report.notes[0]) == ([], True)
