"""Tokens, limits and refusals of the embedded Marketo, as vendor_apis B1-B4 state them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alignment_pipeline.sandbox.faults import Fault
from alignment_pipeline_tests.sandbox.marketo_world import MarketoClient, lead, refusal, serving, world


@pytest.fixture(scope="module")
def served() -> Iterator[MarketoClient]:
    with serving(world()) as client:
        yield client


@pytest.fixture
def marketo(served: MarketoClient) -> MarketoClient:
    client = served.emptied()
    client.store.load([lead(1), lead(2)])
    return client


def test_a_token_lives_an_hour_and_stays_the_same_until_it_ends(marketo: MarketoClient) -> None:
    first = marketo.token().json()
    marketo.world.advance(3000)
    second = marketo.token().json()
    marketo.world.advance(601)
    third = marketo.token().json()

    assert set(first) == {"access_token", "token_type", "expires_in", "scope"}
    assert (first["expires_in"], first["token_type"], first["scope"]) == (3599, "bearer", "one@api.example")
    assert (second["access_token"], second["expires_in"]) == (first["access_token"], 599)
    assert third["access_token"] != first["access_token"]


def test_a_token_may_be_asked_for_by_post(marketo: MarketoClient) -> None:
    form = {"grant_type": "client_credentials", "client_id": "one", "client_secret": "secret-one"}
    answer = marketo.session.post(f"{marketo.url}/identity/oauth/token", data=form, timeout=60)

    assert answer.json()["access_token"] == marketo.token().json()["access_token"]


def test_wrong_credentials_are_http_401(marketo: MarketoClient) -> None:
    answer = marketo.token(client_secret="wrong")

    assert answer.status_code == 401
    assert answer.json() == {"error": "invalid_client", "error_description": "Bad client credentials"}


def test_another_grant_type_is_refused(marketo: MarketoClient) -> None:
    assert marketo.token(grant_type="password").status_code == 400


def test_an_unknown_token_is_601_and_an_ended_one_602_with_http_200(marketo: MarketoClient) -> None:
    unknown = marketo.get("/rest/v1/lead/1.json") and marketo.ask("GET", "/rest/v1/lead/1.json", headers={"Authorization": "Bearer x"})
    marketo.world.advance(3600)

    assert refusal(unknown.json()) == "601"
    assert refusal(marketo.get("/rest/v1/lead/1.json")) == "602"


def test_a_token_in_the_query_is_no_token(marketo: MarketoClient) -> None:
    text = marketo.bearer()["Authorization"].split()[1]
    answer = marketo.session.get(f"{marketo.url}/rest/v1/lead/1.json", params={"access_token": text}, timeout=60)

    assert answer.status_code == 200
    assert refusal(answer.json()) == "600"


def test_the_hundred_and_first_call_within_twenty_seconds_is_606_and_is_not_counted(marketo: MarketoClient) -> None:
    codes = [marketo.get("/rest/v1/lead/1.json")["success"] for _ in range(100)]
    refused = marketo.get("/rest/v1/lead/1.json")
    marketo.world.advance(20)
    usage = marketo.get("/rest/v1/stats/usage.json")["result"]

    assert all(codes)
    assert refusal(refused) == "606"
    assert usage == [{"date": "2026-11-20", "total": 101, "users": [{"userId": "one@api.example", "count": 101}]}]


def test_the_daily_quota_is_607_until_midnight_central_time() -> None:
    with serving(world(calls_per_day=2)) as marketo:
        marketo.get("/rest/v1/leads/describe.json")
        marketo.get("/rest/v1/leads/describe.json")
        before = marketo.get("/rest/v1/leads/describe.json")
        marketo.world.advance(3600 * 18 - 1)
        marketo._bearer = ""
        still = marketo.get("/rest/v1/leads/describe.json")
        marketo.world.advance(1)
        after = marketo.get("/rest/v1/leads/describe.json")

    assert (refusal(before), refusal(still), after["success"]) == ("607", "607", True)


def test_more_calls_at_once_than_allowed_are_615() -> None:
    with serving(world(concurrent_calls=0)) as marketo:
        answer = marketo.get("/rest/v1/leads/describe.json")
        usage = marketo.store.limits.usage(marketo.world.clock.now(), 1)[0]

    assert refusal(answer) == "615"
    assert usage["total"] == 0


def test_the_daily_quota_can_be_lowered_by_a_fault(marketo: MarketoClient) -> None:
    marketo.world.faults.add(Fault("daily_limit", system="marketo", options={"max": 0}))

    assert refusal(marketo.get("/rest/v1/lead/1.json")) == "607"


def test_an_unknown_path_is_610_a_wrong_method_605_and_a_double_slash_unknown(marketo: MarketoClient) -> None:
    assert refusal(marketo.get("/rest/v1/nothing.json")) == "610"
    assert refusal(marketo.get("//rest/v1/lead/1.json")) == "610"
    assert refusal(marketo.post("/rest/v1/activities/types.json", {})) == "605"


def test_a_long_uri_is_414_and_a_large_body_413(marketo: MarketoClient) -> None:
    long = marketo.ask("GET", "/rest/v1/leads.json", params={"filterType": "id", "filterValues": "1," * 5000})
    large = marketo.ask("POST", "/rest/v1/leads.json", json={"input": [{"email": "a@example.com", "city": "x" * 1_000_001}]})

    assert (long.status_code, large.status_code) == (414, 413)


def test_a_post_that_says_get_reads_its_parameters_from_the_form(marketo: MarketoClient) -> None:
    form = {"filterType": "id", "filterValues": "1,2"}
    in_query = marketo.ask("POST", "/rest/v1/leads.json", params={"_method": "GET"}, data=form).json()
    in_body = marketo.ask("POST", "/rest/v1/leads.json", data=form | {"_method": "GET"}).json()

    assert [entry["id"] for entry in in_query["result"]] == [1, 2]
    assert in_body["result"] == in_query["result"]


def test_a_body_that_is_no_json_is_609_and_another_content_type_612(marketo: MarketoClient) -> None:
    broken = marketo.ask("POST", "/rest/v1/leads.json", data="{", headers={"Content-Type": "application/json"})
    text = marketo.ask("POST", "/rest/v1/leads.json", data="{}", headers={"Content-Type": "text/plain"})

    assert (refusal(broken.json()), refusal(text.json())) == ("609", "612")


def test_a_token_can_be_made_to_expire_early(marketo: MarketoClient) -> None:
    marketo.bearer()
    marketo.world.faults.add(Fault("expire_token", system="marketo", count=1))

    assert refusal(marketo.get("/rest/v1/lead/1.json")) == "602"
    marketo._bearer = ""
    assert marketo.get("/rest/v1/lead/1.json")["success"] is True


def test_errors_of_the_day_are_counted_by_code(marketo: MarketoClient) -> None:
    marketo.get("/rest/v1/nothing.json")
    marketo.get("/rest/v1/lead/99.json")
    day = marketo.get("/rest/v1/stats/errors.json")["result"][0]

    assert day["errors"] == [{"errorCode": "1004", "count": 1}, {"errorCode": "610", "count": 1}]
    assert len(marketo.get("/rest/v1/stats/usage/last7days.json")["result"]) == 7


def test_answers_above_a_kilobyte_are_compressed_when_asked(marketo: MarketoClient) -> None:
    large = marketo.ask("GET", "/rest/v1/leads/describe.json", headers={"Accept-Encoding": "gzip"})
    small = marketo.ask("GET", "/rest/v1/lead/1.json", headers={"Accept-Encoding": "gzip"})

    assert large.headers["Content-Encoding"] == "gzip"
    assert large.json()["success"] is True
    assert "Content-Encoding" not in small.headers


def test_request_ids_differ_and_have_the_vendors_form(marketo: MarketoClient) -> None:
    ids = {marketo.get("/rest/v1/lead/1.json")["requestId"] for _ in range(3)}

    assert len(ids) == 3
    assert all(len(one.split("#")) == 2 and int(one.split("#")[0], 16) for one in ids)
