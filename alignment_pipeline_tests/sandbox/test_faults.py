"""The fault rules themselves, and each kind of fault over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.faults import KINDS, Fault, Faults
from alignment_pipeline_tests.sandbox.salesforce_world import NO_ASSIGNMENT, NOW, Client, lead, served, world, write_package


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    leads = [lead(number, Company=f"Company {number // 4}") for number in range(1, 13)]
    with served(world(write_package(tmp_path_factory.mktemp("package")), {"Lead": leads})) as found:
        yield found


@pytest.fixture
def client(running: Client) -> Client:
    return running.renewed()


def title(client: Client, number: int = 1) -> Any:
    row = client.world.salesforce.find(f"00Q{number:012d}EAA") or {}
    return row.get("Title")


def change(client: Client, **more: Any) -> requests.Response:
    return client.call("PATCH", "/sobjects/Lead/00Q000000000001", json={"Title": "new"}, headers=NO_ASSIGNMENT, **more)


# ---- rules


def test_a_rule_counts_skips_and_repeats() -> None:
    faults = Faults()
    faults.add(Fault("answer", path="/query", skip=1, every=2, count=2))
    hits = [faults.fire("answer", path="/query") is not None for _ in range(8)]

    assert [False, False, True, False, True, False, False, False] == hits
    assert (5, 2) == (faults.listing()[0]["seen"], faults.listing()[0]["fired"])


def test_dice_are_seeded() -> None:
    def throws(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault("answer", probability=0.5, count=None))
        return [faults.fire("answer") is not None for _ in range(50)]

    assert throws(1) == throws(1)
    assert throws(1) != throws(2)
    assert 10 < sum(throws(1)) < 40


def test_a_rule_matches_system_method_path_and_body() -> None:
    fault = Fault("answer", system="salesforce", method="POST|PATCH", path="/query", body="Lead")

    assert fault.matches(system="salesforce", method="PATCH", path="/x/QUERY", body="FROM lead")
    assert not fault.matches(system="marketo", method="PATCH", path="/query", body="Lead")
    assert not fault.matches(system="salesforce", method="GET", path="/query", body="Lead")


@pytest.mark.parametrize(
    "given", [{"kind": "nonsense"}, {"kind": "answer", "path": "("}, {"kind": "answer", "every": 0}, {"kind": "answer", "body": []}]
)
def test_a_wrong_rule_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Fault.from_json(given)


# ---- the wire


def test_an_answer_instead_of_the_work(client: Client) -> None:
    client.fault("answer", path="/sobjects", status=503, content=[{"errorCode": "SERVER_UNAVAILABLE"}], headers={"Retry-After": "7"})
    first, second = change(client), change(client)

    assert (503, "SERVER_UNAVAILABLE", "7", 204) == (
        first.status_code,
        first.json()[0]["errorCode"],
        first.headers["Retry-After"],
        second.status_code,
    )


def test_a_maintenance_page_is_html(client: Client) -> None:
    client.fault("html", status=200)
    answer = client.get("/limits")

    assert (200, True, "text/html; charset=UTF-8") == (answer.status_code, "maintenance" in answer.text, answer.headers["Content-Type"])


def test_a_cut_before_the_work_leaves_nothing_done(client: Client) -> None:
    client.fault("cut_before", method="PATCH")

    with pytest.raises(requests.ConnectionError):
        change(client)
    assert None is title(client)


def test_a_cut_after_the_work_loses_only_the_answer(client: Client) -> None:
    client.fault("cut_after", method="PATCH")

    with pytest.raises(requests.ConnectionError):
        change(client)
    assert "new" == title(client)


def test_a_hanging_request_is_not_done_when_the_client_leaves(client: Client) -> None:
    client.fault("hang", method="PATCH", seconds=600)

    with pytest.raises(requests.ReadTimeout):
        change(client, timeout=0.2)
    client.world.advance(700)
    client.get("/limits")
    assert None is title(client)


def test_a_hanging_request_is_done_when_the_client_waits(client: Client) -> None:
    client.fault("hang", method="PATCH", seconds=600)
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(change(client, timeout=60).status_code))
    waiting.start()
    while not client.world.faults.listing()[0]["fired"]:
        waiting.join(timeout=0.01)
    client.world.advance(601)
    waiting.join(timeout=60)

    assert ([204], "new") == (answers, title(client))


def test_a_zombie_is_done_after_the_client_gave_up(client: Client) -> None:
    client.fault("zombie", method="PATCH", seconds=300)

    with pytest.raises(requests.ConnectionError):
        change(client)
    before = title(client)
    client.world.advance(301)
    for _ in range(200):
        if title(client):
            break
        client.get("/limits")

    assert (None, "new") == (before, title(client))
    assert NOW < client.world.audit.writes()[0].at


def test_a_truncated_body_breaks_the_transfer(client: Client) -> None:
    client.fault("truncate", path="/query", bytes=50)

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.query("SELECT Id, Name FROM Lead")


def test_a_shortened_page_has_fewer_rows_than_its_header_says(client: Client) -> None:
    job = client.call("POST", "/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Lead"}).json()["id"]
    client.fault("shorten", path="/results", lines=3)
    answer = client.get(f"/jobs/query/{job}/results")

    assert ("12", 10) == (answer.headers["Sforce-NumberOfRecords"], len(answer.text.splitlines()))


def test_headers_and_dates_can_be_wrong(client: Client) -> None:
    right = parsedate_to_datetime(client.get("/limits").headers["Date"])
    client.fault("headers", date_shift_seconds=86_400, content_type="text/plain")
    answer = client.get("/limits")

    assert (NOW, 86_400.0) == (right, (parsedate_to_datetime(answer.headers["Date"]) - NOW).total_seconds())
    assert "text/plain" == answer.headers["Content-Type"]


# ---- inside Salesforce


def test_row_errors_hit_a_share_of_the_rows(client: Client) -> None:
    client.fault("row_error", path="Lead/", share=0.5, count=None)
    results = client.update([{"id": f"00Q{number:012d}", "Title": "x"} for number in range(1, 13)]).json()
    failed = [one["errors"][0]["statusCode"] for one in results if not one["success"]]

    assert {"UNABLE_TO_LOCK_ROW"} == set(failed)
    assert 0 < len(failed) < 12


def test_results_can_be_shuffled_and_dropped(client: Client) -> None:
    records = [{"id": f"00Q{number:012d}", "Title": "x"} for number in range(1, 13)]
    client.fault("shuffle_results")
    client.fault("drop_results", rows=2)
    results = client.update(records).json()
    ids = [one["id"][:15] for one in results]

    assert (10, False) == (len(ids), ids == [one["id"] for one in records[:10]])
    assert 12 == client.query("SELECT COUNT() FROM Lead WHERE Title = 'x'")["totalSize"]


def test_a_token_can_expire_every_few_requests(client: Client) -> None:
    client.fault("expire_token", path="/services/data", every=3, count=None)
    codes = [client.get("/limits").status_code for _ in range(3)]

    assert [200, 200, 401] == codes
    assert 200 == client.login().get("/limits").status_code


def test_a_query_of_too_many_rows_can_time_out(client: Client) -> None:
    client.fault("query_timeout", rows=5, count=None)
    wide = client.get("/query", params={"q": "SELECT Id FROM Lead"})
    narrow = client.get("/query", params={"q": "SELECT Id FROM Lead LIMIT 5"})

    assert (400, "QUERY_TIMEOUT", 200) == (wide.status_code, wide.json()[0]["errorCode"], narrow.status_code)


def test_the_days_limit_can_be_lowered(client: Client) -> None:
    client.fault("daily_limit", max=0)

    assert (403, "REQUEST_LIMIT_EXCEEDED") == ((answer := client.get("/limits")).status_code, answer.json()[0]["errorCode"])


def test_a_field_can_be_hidden_from_one_user(client: Client) -> None:
    client.fault("hide_field", object="Lead", field="Score__c", user="integration.reader@sandbox.example")
    hidden = client.update([{"id": "00Q000000000001", "Score__c": 5}])
    seen = client.login("writer").update([{"id": "00Q000000000001", "Score__c": 5}])

    assert (400, "INVALID_FIELD") == (hidden.status_code, hidden.json()[0]["errorCode"])
    assert seen.json()[0]["success"]


def test_an_object_can_be_hidden(client: Client) -> None:
    client.fault("hide_object", object="LeadHistory")
    answer = client.get("/query", params={"q": "SELECT Id FROM LeadHistory"})

    assert (400, "INVALID_TYPE", 404) == (
        answer.status_code,
        answer.json()[0]["errorCode"],
        client.get("/sobjects/LeadHistory/describe").status_code,
    )


def test_a_field_can_become_read_only(client: Client) -> None:
    client.fault("read_only_field", object="Lead", field="Score__c")
    result = client.update([{"id": "00Q000000000001", "Score__c": 5}]).json()[0]

    assert ("INVALID_FIELD_FOR_INSERT_UPDATE", ["Score__c"]) == (result["errors"][0]["statusCode"], result["errors"][0]["fields"])


def test_types_and_picklists_drift(client: Client) -> None:
    client.fault("change_field", object="Lead", field="Reason__c", length=3)
    client.fault("retire_value", object="Lead", field="Grade__c", value="A")
    fields = {one["name"]: one for one in client.get("/sobjects/Lead/describe").json()["fields"]}
    results = client.update([{"id": "00Q000000000001", "Reason__c": "long"}, {"id": "00Q000000000002", "Grade__c": "A"}]).json()

    assert (3, [False, True]) == (fields["Reason__c"]["length"], [one["active"] for one in fields["Grade__c"]["picklistValues"]])
    assert ["STRING_TOO_LONG", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"] == [one["errors"][0]["statusCode"] for one in results]


def test_a_trigger_rewrites_and_a_validation_rule_refuses(client: Client) -> None:
    client.fault("rewrite_value", object="Lead", field="Reason__c", upper=True)
    client.fault("validation_rule", object="Lead", field="Title", matches="^x", message="no x")
    results = client.update([{"id": "00Q000000000001", "Reason__c": "why"}, {"id": "00Q000000000002", "Title": "xyz"}]).json()

    assert "WHY" == client.get("/sobjects/Lead/00Q000000000001").json()["Reason__c"]
    assert ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no x") == (results[1]["errors"][0]["statusCode"], results[1]["errors"][0]["message"])


def test_a_duplicate_rule_gives_way_to_the_allow_save_header(client: Client) -> None:
    client.fault("duplicate_rule", object="Lead", field="LastName")
    body = {"LastName": "Last1", "Company": "C"}
    refused = client.call("POST", "/sobjects/Lead", json=body)
    allowed = client.call("POST", "/sobjects/Lead", json=body, headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"})

    assert ("DUPLICATES_DETECTED", 201) == (refused.json()[0]["errorCode"], allowed.status_code)


def test_rows_of_one_parent_lock_each_other_across_requests(client: Client) -> None:
    client.fault("parent_lock", field="Company", seconds=10)
    apart = [client.update([{"id": f"00Q{number:012d}", "Title": "x"}]).json()[0] for number in (4, 5)]
    client.world.advance(20)
    together = client.update([{"id": f"00Q{number:012d}", "Title": "x"} for number in (4, 5)]).json()

    assert [True, False, True, True] == [one["success"] for one in apart + together]
    assert "UNABLE_TO_LOCK_ROW" == apart[1]["errors"][0]["statusCode"]


def test_rows_can_be_lost_from_queries_and_appear_late(client: Client) -> None:
    client.fault("drop_rows", object="Lead", share=0.5)
    few = client.query("SELECT COUNT() FROM Lead")["totalSize"]
    client.world.faults.clear()
    client.fault("late_visible", object="Lead", seconds=600)
    change(client)
    before = title(client)
    client.world.advance(601)
    client.get("/limits")

    assert 0 < few < 12
    assert (None, "new") == (before, title(client))


def test_a_locator_can_expire(client: Client, tmp_path: Path) -> None:
    with served(world(write_package(tmp_path), {"Lead": [lead(number) for number in range(1, 2100)]})) as large:
        large.fault("expire_locator")
        url = large.query("SELECT Id FROM Lead")["nextRecordsUrl"]

        assert "INVALID_QUERY_LOCATOR" == large.session.get(large.root + url, timeout=60).json()[0]["errorCode"]


def test_a_bulk_poll_can_fail_while_the_job_goes_on(client: Client) -> None:
    job = client.call("POST", "/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Lead"}).json()["id"]
    client.fault("answer", path=f"/jobs/query/{job}$", status=503, content="")
    codes = [client.get(f"/jobs/query/{job}").status_code for _ in range(2)]

    assert [503, 200] == codes


def test_every_kind_of_fault_is_exercised_here() -> None:
    """The kinds asked for by other systems, or that need Bulk data, are proven beside those systems."""
    elsewhere = {"custom", "bulk_job_fails", "bulk_delay"}
    text = Path(__file__).read_text(encoding="utf-8")

    assert [] == [kind for kind in KINDS if kind not in elsewhere and f'"{kind}"' not in text]
