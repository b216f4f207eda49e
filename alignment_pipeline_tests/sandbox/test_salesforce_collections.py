"""sObject Collections and composite calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from alignment_pipeline_tests.sandbox.salesforce_world import NO_ASSIGNMENT, Client, lead, served, world, write_package


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with served(world(write_package(tmp_path_factory.mktemp("package")), {"Lead": [lead(number) for number in range(1, 6)]})) as found:
        yield found


@pytest.fixture
def client(running: Client) -> Client:
    return running.renewed()


def row(number: int, **values: Any) -> dict[str, Any]:
    return {"id": f"00Q{number:012d}"} | values


def test_results_come_by_position_and_failed_ones_have_no_id(client: Client) -> None:
    answer = client.update([row(1, Score__c=5), row(2, Grade__c="Z"), row(9, Score__c=1), row(3, Score__c=6)])
    results = answer.json()

    assert 200 == answer.status_code
    assert [True, False, False, True] == [one["success"] for one in results]
    assert ["00Q000000000001", None, None, "00Q000000000003"] == [(one.get("id") or "")[:15] or None for one in results]
    assert ["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_CROSS_REFERENCE_KEY"] == [
        one["errors"][0]["statusCode"] for one in results[1:3]
    ]


def test_all_or_none_rolls_the_innocent_back(client: Client) -> None:
    results = client.update([row(1, Reason__c="x"), row(2, Grade__c="Z")], allOrNone=True).json()

    assert ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"] == [
        one["errors"][0]["statusCode"] for one in results
    ]
    assert None is client.get("/sobjects/Lead/00Q000000000001").json()["Reason__c"]
    assert (0, 0) == (len(client.world.audit), client.query("SELECT COUNT() FROM LeadHistory")["totalSize"])


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([row(1, Score__c=5), row(2, Nonsense__c=1)], "INVALID_FIELD"),
        ([row(1, Score__c=5), row(2, Score__c="abc")], "JSON_PARSER_ERROR"),
        ([row(number, Score__c=5) for number in range(201)], "EXCEEDED_ID_LIMIT"),
        ([], "REQUIRED_FIELD_MISSING"),
    ],
)
def test_one_unreadable_row_refuses_the_whole_request(client: Client, records: list[dict[str, Any]], code: str) -> None:
    answer = client.update(records)

    assert (400, code) == (answer.status_code, answer.json()[0]["errorCode"])
    assert 0 == len(client.world.audit)


def test_an_id_given_twice_fails_both_times(client: Client) -> None:
    results = client.update([row(1, Score__c=5), row(1, Score__c=6), row(2, Score__c=7)]).json()

    assert [False, False, True] == [one["success"] for one in results]
    assert {"DUPLICATE_VALUE"} == {one["errors"][0]["statusCode"] for one in results[:2]}


def test_upsert_creates_and_changes_by_key(client: Client) -> None:
    records = [{"attributes": {"type": "Lead"}, "Key__c": key, "LastName": "L", "Company": "C"} for key in ("a", "b")]
    first = client.call("PATCH", "/composite/sobjects/Lead/Key__c", json={"records": records}, headers=NO_ASSIGNMENT).json()
    again = client.call("PATCH", "/composite/sobjects/Lead/Key__c", json={"records": records}, headers=NO_ASSIGNMENT).json()
    twice = client.call(
        "PATCH", "/composite/sobjects/Lead/Key__c", json={"records": [records[0], records[0]]}, headers=NO_ASSIGNMENT
    ).json()

    assert ([True, True], [False, False]) == ([one["created"] for one in first], [one["created"] for one in again])
    assert [one["id"] for one in first] == [one["id"] for one in again]
    assert {"DUPLICATE_VALUE"} == {one["errors"][0]["statusCode"] for one in twice}


def test_reading_answers_null_for_an_absent_record(client: Client) -> None:
    body = {"ids": ["00Q000000000001", "00Q000000000099"], "fields": ["Id", "LastName", "Owner.Name"]}
    found = client.call("POST", "/composite/sobjects/Lead", json=body).json()

    assert ("Last1", "Ann Rep", None) == (found[0]["LastName"], found[0]["Owner"]["Name"], found[1])


def test_insert_and_delete_collections(client: Client) -> None:
    records = [{"attributes": {"type": "Lead"}, "LastName": "L", "Company": "C"}, {"attributes": {"type": "Lead"}, "LastName": "L"}]
    made = client.call("POST", "/composite/sobjects", json={"records": records}, headers=NO_ASSIGNMENT).json()
    gone = client.call("DELETE", "/composite/sobjects", params={"ids": f"{made[0]['id']},00Q000000000099"}).json()

    assert (True, "REQUIRED_FIELD_MISSING") == (made[0]["success"], made[1]["errors"][0]["statusCode"])
    assert [True, False] == [one["success"] for one in gone]


def test_a_batch_of_reads_is_one_call(client: Client) -> None:
    requests = [{"method": "GET", "url": f"v59.0/sobjects/{name}/describe"} for name in ("Lead", "Account", "Nonsense")]
    before = client.get("/limits").json()["DailyApiRequests"]["Remaining"]
    found = client.call("POST", "/composite/batch", json={"batchRequests": requests}).json()
    after = client.get("/limits").json()["DailyApiRequests"]["Remaining"]

    assert (True, [200, 200, 404]) == (found["hasErrors"], [one["statusCode"] for one in found["results"]])
    assert ("Lead", 2) == (found["results"][0]["result"]["name"], before - after)


def test_composite_calls_refer_to_earlier_answers(client: Client) -> None:
    root = "/services/data/v59.0"
    body = {
        "compositeRequest": [
            {"method": "POST", "url": f"{root}/sobjects/Account", "referenceId": "account", "body": {"Name": "New"}},
            {
                "method": "POST",
                "url": f"{root}/sobjects/Contact",
                "referenceId": "contact",
                "body": {"LastName": "L", "AccountId": "@{account.id}"},
            },
            {"method": "GET", "url": f"{root}/query?q=SELECT+AccountId+FROM+Contact", "referenceId": "check"},
            {"method": "GET", "url": f"{root}/sobjects/Account/@{{nobody.id}}", "referenceId": "broken"},
        ]
    }
    found = client.call("POST", "/composite", json=body).json()["compositeResponse"]

    assert [201, 201, 200, 400] == [one["httpStatusCode"] for one in found]
    assert found[0]["body"]["id"] == found[2]["body"]["records"][0]["AccountId"]
    assert "PROCESSING_HALTED" == found[3]["body"][0]["errorCode"]


@pytest.mark.parametrize(
    "request_",
    [{"referenceId": "1a"}, {"referenceId": None}, {"referenceId": "a", "method": "GET", "url": "v59.0/limits", "httpHeaders": "x"}],
)
def test_a_malformed_composite_request_is_refused(client: Client, request_: dict[str, Any]) -> None:
    answer = client.call("POST", "/composite", json={"compositeRequest": [request_]})

    assert (400, "INVALID_INPUT") == (answer.status_code, answer.json()[0]["errorCode"])


def test_more_than_twenty_five_sub_requests_are_refused(client: Client) -> None:
    requests = [{"method": "GET", "url": "v59.0/limits"}] * 26

    assert "LIMIT_EXCEEDED" == client.call("POST", "/composite/batch", json={"batchRequests": requests}).json()[0]["errorCode"]
