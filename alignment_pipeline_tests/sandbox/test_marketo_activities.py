"""The activity log of the embedded Marketo, as vendor_apis B6 states it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from alignment_pipeline.sandbox.faults import Fault
from alignment_pipeline.sandbox.marketo.activity_log import ActivityLog
from alignment_pipeline.sandbox.marketo.records import StaticList
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.marketo.tokens import Position, activity_token
from alignment_pipeline_tests.sandbox.marketo_world import NOW, MarketoClient, drain, lead, refusal, serving, visit, world

EVERYTHING = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def served() -> Iterator[MarketoClient]:
    with serving(world()) as client:
        yield client


@pytest.fixture
def marketo(served: MarketoClient) -> MarketoClient:
    client = served.emptied()
    client.store.load([lead(1), lead(2)])
    return client


def since(client: MarketoClient, moment: str = EVERYTHING) -> str:
    token: str = client.get("/rest/v1/activities/pagingtoken.json", sinceDatetime=moment)["nextPageToken"]
    return token


def stamp(minutes: int) -> str:
    return (NOW - timedelta(days=10) + timedelta(minutes=minutes)).isoformat()


def test_pages_hold_300_and_together_every_activity_once(marketo: MarketoClient) -> None:
    marketo.store.load([], (visit(1 + number % 2, stamp(number)) for number in range(700)))
    rows, sizes, _ = drain(marketo, "/rest/v1/activities.json", since(marketo), activityTypeIds="1")

    assert sizes == [300, 300, 100]
    assert [row["id"] for row in rows] == list(range(1, 701))
    assert rows[0] == {
        "id": 1,
        "marketoGUID": "1",
        "leadId": 1,
        "activityDate": "2026-11-10T12:00:00Z",
        "activityTypeId": 1,
        "primaryAttributeValue": "pricing",
        "attributes": [{"name": "Webpage URL", "value": "/pricing"}],
    }


def test_an_empty_page_has_no_result_member(marketo: MarketoClient) -> None:
    answer = marketo.get("/rest/v1/activities.json", nextPageToken=since(marketo), activityTypeIds="1")

    assert set(answer) == {"requestId", "success", "nextPageToken", "moreResult"}
    assert answer["moreResult"] is False


def test_short_and_empty_pages_have_more_behind_them_and_nothing_is_lost() -> None:
    served = world(short_page_every=2)
    served.marketo.load([lead(1)], (visit(1, stamp(number)) for number in range(1500)))
    with serving(served) as marketo:
        rows, sizes, _ = drain(marketo, "/rest/v1/activities.json", since(marketo), activityTypeIds="1")

    assert 0 in sizes
    assert 150 in sizes
    assert [row["id"] for row in rows] == list(range(1, 1501))


def test_rare_types_come_in_thin_pages() -> None:
    served = world(page_scan_rows=100)
    served.marketo.load([lead(1)], (visit(1, stamp(number), activityTypeId=2 if number % 150 == 0 else 1) for number in range(600)))
    with serving(served) as marketo:
        rows, sizes, _ = drain(marketo, "/rest/v1/activities.json", since(marketo), activityTypeIds="2")

    assert [row["id"] for row in rows] == [1, 151, 301, 451]
    assert sizes == [1, 1, 0, 1, 1, 0]


def test_the_last_token_is_the_start_of_the_next_poll(marketo: MarketoClient) -> None:
    marketo.store.load([], [visit(1, "2026-11-19T10:00:00Z")])
    _, _, token = drain(marketo, "/rest/v1/activities.json", since(marketo), activityTypeIds="1,2")
    nothing, _, token = drain(marketo, "/rest/v1/activities.json", token, activityTypeIds="1,2")
    hand_raise = {"leadId": 2, "activityTypeId": 2, "primaryAttributeValue": "Website.Contact sales", "attributes": []}
    posted = marketo.session.post(f"{marketo.url}/__sandbox__/marketo/activities", json={"activities": [hand_raise]}, timeout=60)
    fresh, _, _ = drain(marketo, "/rest/v1/activities.json", token, activityTypeIds="1,2")

    assert nothing == []
    assert (posted.status_code, posted.json()) == (201, {"added": 1})
    assert [(row["leadId"], row["activityDate"]) for row in fresh] == [(2, "2026-11-20T12:00:00Z")]


def test_late_activities_are_missed_by_a_token_that_passed_them_and_found_by_an_overlap(marketo: MarketoClient) -> None:
    late = {"leadId": 1, "activityTypeId": 2, "activityDate": "2026-11-20T11:00:00Z"}
    prompt = {"leadId": 1, "activityTypeId": 2, "activityDate": "2026-11-20T11:30:00Z"}
    control = f"{marketo.url}/__sandbox__/marketo"
    marketo.session.post(f"{control}/lateness", json={"seconds": 1800}, timeout=60)
    marketo.session.post(f"{control}/activities", json={"activities": [late]}, timeout=60)
    marketo.session.post(f"{control}/lateness", json={"seconds": 0}, timeout=60)
    marketo.session.post(f"{control}/activities", json={"activities": [prompt]}, timeout=60)
    first, _, token = drain(marketo, "/rest/v1/activities.json", since(marketo), activityTypeIds="2")
    marketo.world.advance(1800)
    on, _, _ = drain(marketo, "/rest/v1/activities.json", token, activityTypeIds="2")
    marketo._bearer = ""
    again, _, _ = drain(marketo, "/rest/v1/activities.json", since(marketo, "2026-11-20T10:00:00Z"), activityTypeIds="2")

    assert [row["activityDate"] for row in first] == ["2026-11-20T11:30:00Z"]
    assert on == []
    assert [row["activityDate"] for row in again] == ["2026-11-20T11:00:00Z", "2026-11-20T11:30:00Z"]


def test_lateness_is_also_a_switchable_fault(marketo: MarketoClient) -> None:
    marketo.world.faults.add(Fault("late_visible", system="marketo", options={"object": "activities", "seconds": 60}))
    marketo.session.post(f"{marketo.url}/__sandbox__/marketo/activities", json={"leadId": 1, "activityTypeId": 2}, timeout=60)
    before, _, _ = drain(marketo, "/rest/v1/activities.json", since(marketo), activityTypeIds="2")
    marketo.world.advance(60)
    after, _, _ = drain(marketo, "/rest/v1/activities.json", since(marketo), activityTypeIds="2")

    assert (len(before), len(after)) == (0, 1)


def test_activity_parameters_are_checked(marketo: MarketoClient) -> None:
    token = since(marketo)
    path = "/rest/v1/activities.json"

    assert refusal(marketo.get(path, activityTypeIds="1")) == "1002"
    assert refusal(marketo.get(path, nextPageToken=token)) == "1002"
    assert refusal(marketo.get(path, nextPageToken=token, activityTypeIds=",".join(map(str, range(1, 12))))) == "1003"
    assert refusal(marketo.get(path, nextPageToken=token, activityTypeIds="999")) == "1003"
    assert refusal(marketo.get(path, nextPageToken=token, activityTypeIds="one")) == "1001"
    assert refusal(marketo.get(path, nextPageToken="GIYDAOBN", activityTypeIds="1")) == "1003"
    assert refusal(marketo.get(path, nextPageToken=token, activityTypeIds="1", leadIds=",".join(map(str, range(31))))) == "1003"
    assert refusal(marketo.get("/rest/v1/activities/pagingtoken.json")) == "1002"
    assert refusal(marketo.get("/rest/v1/activities/pagingtoken.json", sinceDatetime="yesterday")) == "1001"
    assert refusal(marketo.get("/rest/v1/activities/leadchanges.json", nextPageToken=token)) == "1002"
    assert refusal(marketo.get("/rest/v1/activities/leadchanges.json", nextPageToken=token, fields="shoeSize")) == "1006"


def test_type_ids_may_be_repeated_parameters(marketo: MarketoClient) -> None:
    marketo.store.load([], [visit(1, stamp(0)), visit(1, stamp(1), activityTypeId=2), visit(1, stamp(2), activityTypeId=3)])
    answer = marketo.get("/rest/v1/activities.json", nextPageToken=since(marketo), activityTypeIds=[1, 3])

    assert [row["activityTypeId"] for row in answer["result"]] == [1, 3]


def test_activities_of_chosen_leads_or_a_static_list(marketo: MarketoClient) -> None:
    marketo.store.load([], [visit(1, stamp(0)), visit(2, stamp(1))], static_lists=[StaticList(7, "Seven", frozenset({2}))])
    by_lead, _, _ = drain(marketo, "/rest/v1/activities.json", since(marketo), activityTypeIds="1", leadIds="1")
    by_list, _, _ = drain(marketo, "/rest/v1/activities.json", since(marketo), activityTypeIds="1", listId="7")

    assert ([row["leadId"] for row in by_lead], [row["leadId"] for row in by_list]) == ([1], [2])


def test_large_static_lists_are_refused_from_30_december_2026(marketo: MarketoClient) -> None:
    marketo.store.load([], static_lists=[StaticList(8, "Everybody", frozenset(range(10_000)))])
    token = since(marketo)
    before = marketo.get("/rest/v1/activities.json", nextPageToken=token, activityTypeIds="1", listId="8")
    marketo.world.advance((datetime(2026, 12, 30, tzinfo=NOW.tzinfo) - NOW).total_seconds())
    marketo._bearer = ""

    assert before["success"] is True
    assert refusal(marketo.get("/rest/v1/activities.json", nextPageToken=token, activityTypeIds="1", listId="8")) == "1003"


def test_the_moment_of_a_paging_token_may_carry_an_offset(marketo: MarketoClient) -> None:
    marketo.store.load([], [visit(1, "2026-11-19T10:00:00Z"), visit(1, "2026-11-19T12:00:00Z")])
    rows, _, _ = drain(marketo, "/rest/v1/activities.json", since(marketo, "2026-11-19T13:00:00+02:00"), activityTypeIds="1")

    assert [row["activityDate"] for row in rows] == ["2026-11-19T12:00:00Z"]


def test_lead_changes_show_the_fields_asked_for_and_new_leads(marketo: MarketoClient) -> None:
    token = since(marketo)
    marketo.post("/rest/v1/leads.json", {"input": [{"email": "new@example.com", "city": "Oslo"}]})
    marketo.post("/rest/v1/leads.json", {"input": [{"email": "p1@example.com", "city": "Oslo", "title": "CFO"}]})
    changes, _, _ = drain(marketo, "/rest/v1/activities/leadchanges.json", token, fields="title")

    assert [(change["leadId"], change["activityTypeId"], [field["name"] for field in change["fields"]]) for change in changes] == [
        (3, 12, []),
        (1, 13, ["title"]),
    ]


def test_a_persons_edit_is_told_from_the_apis_by_its_source(marketo: MarketoClient) -> None:
    token = since(marketo)
    edited = marketo.session.patch(f"{marketo.url}/__sandbox__/marketo/leads/1", json={"title": "CFO"}, timeout=60)
    changes, _, _ = drain(marketo, "/rest/v1/activities/leadchanges.json", token, fields="title")

    assert edited.json() == {"changed": ["title"]}
    assert {"name": "Source", "value": "Manual"} in changes[0]["attributes"]


def test_activity_types_may_be_replaced_but_those_the_api_logs_stay() -> None:
    store = MarketoStore()
    store.load([], activity_types=[{"id": 100_001, "name": "Attend Conference", "attributes": []}])

    assert [kind["id"] for kind in store.activity_types] == [12, 13, 32, 37, 100_001]


def test_types_name_their_attributes(marketo: MarketoClient) -> None:
    types = {entry["id"]: entry for entry in marketo.get("/rest/v1/activities/types.json")["result"]}

    assert types[2]["primaryAttribute"] == {"name": "Webform ID", "dataType": "integer"}
    assert {"name": "Is Bot Activity", "dataType": "boolean"} in types[11]["attributes"]
    assert "primaryAttribute" not in types[12]


def test_deleted_leads_of_the_past_are_loaded(marketo: MarketoClient) -> None:
    marketo.store.load([], deleted_leads=[{"leadId": 77, "activityDate": "2026-11-01T00:00:00Z", "primaryAttributeValue": "Gone Person"}])
    rows, _, _ = drain(marketo, "/rest/v1/activities/deletedleads.json", since(marketo))

    assert [(row["leadId"], row["activityTypeId"], row["activityDate"]) for row in rows] == [(77, 37, "2026-11-01T00:00:00+0000")]


def test_a_malformed_activity_is_named() -> None:
    with pytest.raises(ValueError, match="activity 5 needs leadId"):
        ActivityLog().extend([{"id": 5, "activityTypeId": 1, "activityDate": EVERYTHING}])


def test_rows_that_are_all_invisible_do_not_hold_a_reader_up() -> None:
    log = ActivityLog()
    log.extend([visit(1, stamp(number)) for number in range(50)], visible_at=2**40)
    log.extend([visit(1, stamp(100))])
    page = log.page(Position(0, 0), now=2**31, type_ids=frozenset({1}), scan_rows=10)
    turns = 0
    while not page.records and turns < 20:
        turns += 1
        page = log.page(page.position, now=2**31, type_ids=frozenset({1}), scan_rows=10)

    assert (turns, len(page.records), page.more) == (5, 1, False)


def test_the_log_reads_the_same_whatever_the_order_of_loading() -> None:
    rows = [visit(1, stamp(number % 7), id=number) for number in range(1, 60)]
    forward, backward = ActivityLog(), ActivityLog()
    forward.extend(rows)
    for row in reversed(rows):
        backward.extend([row])
        backward.page(Position(0, 0), now=0, type_ids=frozenset({1}))

    assert forward.page(Position(0, 0), now=0, type_ids=frozenset({1})) == backward.page(Position(0, 0), now=0, type_ids=frozenset({1}))


def test_tokens_are_opaque_and_told_apart() -> None:
    one, two = activity_token(Position(1, 2), serial=1), activity_token(Position(1, 2), serial=2)

    assert one != two
    assert one.strip("=").isalnum()
