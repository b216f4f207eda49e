"""Bulk API 2.0 both ways."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from alignment_pipeline_tests.sandbox.salesforce_world import Client, lead, served, world, write_package


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    leads = [lead(number, Title='Say "hi",\nthen go', AnnualRevenue=3.5e8, Score__c=5.0) for number in range(1, 8)]
    leads[0] |= {"Company": "Łódź & Söhne", "Key__c": "k1"}
    with served(world(write_package(tmp_path_factory.mktemp("package")), {"Lead": leads}, bulk_wait_seconds=10.0)) as found:
        yield found


@pytest.fixture
def client(running: Client) -> Client:
    return running.renewed()


def rows(answer: requests.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8"), newline="")))


def query_job(client: Client, soql: str, **more: Any) -> requests.Response:
    return client.call("POST", "/jobs/query", json={"operation": "query", "query": soql} | more)


def ingest(client: Client, text: str, operation: str = "update", **more: Any) -> str:
    job = client.call("POST", "/jobs/ingest", json={"object": "Lead", "operation": operation, "contentType": "CSV"} | more).json()
    put = client.call("PUT", f"/jobs/ingest/{job['id']}/batches", data=text.encode(), headers={"Content-Type": "text/csv; charset=UTF-8"})
    closed = client.call("PATCH", f"/jobs/ingest/{job['id']}", json={"state": "UploadComplete"})

    assert ("Open", 201, "UploadComplete") == (job["state"], put.status_code, closed.json()["state"])
    return str(job["id"])


def test_a_query_job_passes_its_states_on_the_sandboxes_clock(client: Client) -> None:
    job = query_job(client, "SELECT Id FROM Lead").json()
    states = [job["state"]]
    for seconds in (2, 10):
        client.world.advance(seconds)
        states.append(client.get(f"/jobs/query/{job['id']}").json()["state"])

    assert ["UploadComplete", "InProgress", "JobComplete"] == states
    assert 7 == client.get(f"/jobs/query/{job['id']}").json()["numberRecordsProcessed"]


def test_results_come_in_pages_with_header_locator_and_count(client: Client) -> None:
    job = query_job(
        client, "SELECT Id, Company, Title, AnnualRevenue, Score__c, IsConverted, CreatedDate, Owner.Name FROM Lead ORDER BY Id"
    ).json()["id"]
    client.world.advance(30)
    first = client.get(f"/jobs/query/{job}/results", params={"maxRecords": 4})
    second = client.get(f"/jobs/query/{job}/results", params={"maxRecords": 4, "locator": first.headers["Sforce-Locator"]})

    assert ("4", "3", "null") == (
        first.headers["Sforce-NumberOfRecords"],
        second.headers["Sforce-NumberOfRecords"],
        second.headers["Sforce-Locator"],
    )
    assert (4, 3) == (len(rows(first)), len(rows(second)))
    assert "text/csv" == first.headers["Content-Type"]
    assert {
        "Id": "00Q000000000001EAA",
        "Company": "Łódź & Söhne",
        "Title": 'Say "hi",\nthen go',
        "AnnualRevenue": "3.5E8",
        "Score__c": "5.0",
        "IsConverted": "false",
        "CreatedDate": "2026-11-19T12:00:00.000Z",
        "Owner.Name": "Ann Rep",
    } == rows(first)[0]


def test_an_empty_result_is_a_header_alone(client: Client) -> None:
    job = query_job(client, "SELECT Id FROM Lead WHERE Company = 'none'").json()["id"]
    client.world.advance(30)
    answer = client.get(f"/jobs/query/{job}/results")

    assert (b'"Id"\n', "null", "0") == (answer.content, answer.headers["Sforce-Locator"], answer.headers["Sforce-NumberOfRecords"])


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT COUNT() FROM Lead", "API_ERROR"),
        ("SELECT Id, (SELECT Id FROM Tasks) FROM Lead", "API_ERROR"),
        ("SELECT Address FROM Lead", "API_ERROR"),
        ("SELECT Id FROM LeadStatus", "INVALIDENTITY"),
        ("SELECT Foo FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
    ],
)
def test_what_bulk_cannot_query_is_refused_at_creation(client: Client, soql: str, code: str) -> None:
    assert (400, code) == ((answer := query_job(client, soql)).status_code, answer.json()[0]["errorCode"])


def test_results_need_a_finished_job_and_its_own_version(client: Client) -> None:
    job = query_job(client, "SELECT Id FROM Lead").json()["id"]
    early = client.get(f"/jobs/query/{job}/results")
    client.world.advance(30)
    client.version = "60.0"
    other = client.get(f"/jobs/query/{job}/results")

    assert (400, 409) == (early.status_code, other.status_code)


def test_each_row_of_an_update_has_its_outcome(client: Client) -> None:
    text = 'Id,Score__c,Title\n00Q000000000001,7.25,"a\nb"\n00Q000000000002,x,t\n00Q000000000003,#N/A,\n00Q000000000099,1,t\n'
    job = ingest(client, text)
    client.world.advance(30)
    info = client.get(f"/jobs/ingest/{job}").json()
    good = {one["Id"]: one for one in rows(client.get(f"/jobs/ingest/{job}/successfulResults"))}
    bad = {one["Id"]: one["sf__Error"].split(":", 1)[0] for one in rows(client.get(f"/jobs/ingest/{job}/failedResults"))}
    stored = {row["Id"][:15]: (row["Score__c"], row["Title"]) for row in client.query("SELECT Id, Score__c, Title FROM Lead")["records"]}

    assert ("JobComplete", 4, 2) == (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"])
    assert {"00Q000000000001", "00Q000000000003"} == set(good)
    assert ("00Q000000000001EAA", "false") == (good["00Q000000000001"]["sf__Id"], good["00Q000000000001"]["sf__Created"])
    assert {"00Q000000000002": "INVALID_TYPE_ON_FIELD_IN_RECORD", "00Q000000000099": "INVALID_CROSS_REFERENCE_KEY"} == bad
    # an empty cell leaves the field, #N/A clears it
    assert ((7.3, "a\nb"), (None, 'Say "hi",\nthen go')) == (stored["00Q000000000001"], stored["00Q000000000003"])


def test_upsert_by_key_says_what_it_created(client: Client) -> None:
    job = ingest(client, "Key__c,LastName,Company\nk1,Changed,C\nk2,Made,C\n", "upsert", externalIdFieldName="Key__c")
    client.world.advance(30)
    found = {one["Key__c"]: one["sf__Created"] for one in rows(client.get(f"/jobs/ingest/{job}/successfulResults"))}

    assert {"k1": "false", "k2": "true"} == found


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        ("Id,Nonsense__c\n00Q000000000001,1\n", {}, "InvalidBatch : Field name not found : Nonsense__c"),
        ("﻿Id,Title\n00Q000000000001,x\n", {}, "InvalidBatch : Field name not found : ﻿Id"),
        ("Id,Title\r\n00Q000000000001,x\r\n", {}, "LineEnding is invalid on user data. Current LineEnding setting is LF"),
        ('Id,Title\n00Q000000000001,"a\r\nb"\n', {}, "LineEnding is invalid on user data. Current LineEnding setting is LF"),
        ("Id,Title\n00Q000000000001,x\n", {"lineEnding": "CRLF"}, "Current LineEnding setting is CRLF"),
        ("Id,Title\n00Q000000000001\n", {}, "Row 2 has 1 columns"),
    ],
)
def test_a_file_that_cannot_be_read_fails_the_job(client: Client, text: str, more: dict[str, str], message: str) -> None:
    job = ingest(client, text, **more)
    client.world.advance(30)
    info = client.get(f"/jobs/ingest/{job}").json()

    assert ("Failed", True) == (info["state"], message in info["errorMessage"])
    assert 0 == len(client.world.audit)


def test_a_second_upload_makes_the_close_fail(client: Client) -> None:
    job = client.call("POST", "/jobs/ingest", json={"object": "Lead", "operation": "update"}).json()["id"]
    for _ in range(2):
        client.call("PUT", f"/jobs/ingest/{job}/batches", data=b"Id\n", headers={"Content-Type": "text/csv"})
    closed = client.call("PATCH", f"/jobs/ingest/{job}", json={"state": "UploadComplete"})

    assert (400, "INVALIDJOB") == (closed.status_code, closed.json()[0]["errorCode"])
    assert "Found multipe contents for job" in closed.json()[0]["message"]


def test_a_job_that_is_never_closed_does_nothing(client: Client) -> None:
    job = client.call("POST", "/jobs/ingest", json={"object": "Lead", "operation": "update"}).json()["id"]
    client.call("PUT", f"/jobs/ingest/{job}/batches", data=b"Id,Title\n00Q000000000001,x\n", headers={"Content-Type": "text/csv"})
    client.world.advance(3600)

    assert ("Open", 0) == (client.get(f"/jobs/ingest/{job}").json()["state"], len(client.world.audit))


def test_a_failed_job_may_have_written_some_rows(client: Client) -> None:
    client.fault("bulk_job_fails", rows=2)
    job = ingest(client, "Id,Score__c\n" + "".join(f"00Q{number:012d},9\n" for number in range(1, 6)))
    client.world.advance(30)
    state = client.get(f"/jobs/ingest/{job}").json()["state"]
    left = rows(client.get(f"/jobs/ingest/{job}/unprocessedrecords"))

    assert ("Failed", 3) == (state, len(left))
    assert 2 == client.query("SELECT COUNT() FROM Lead WHERE Score__c = 9")["totalSize"]


def test_an_abort_leaves_every_row_unprocessed(client: Client) -> None:
    job = ingest(client, "Id,Score__c\n00Q000000000001,9\n")
    aborted = client.call("PATCH", f"/jobs/ingest/{job}", json={"state": "Aborted"}).json()
    client.world.advance(30)

    assert ("Aborted", 0) == (aborted["state"], len(client.world.audit))
    assert 1 == len(rows(client.get(f"/jobs/ingest/{job}/unprocessedRecords")))


def test_jobs_vanish_after_seven_days(client: Client) -> None:
    job = query_job(client, "SELECT Id FROM Lead").json()["id"]
    client.world.advance(8 * 86_400)

    assert 404 == client.login().get(f"/jobs/query/{job}").status_code


def test_headers_may_name_a_parent_by_its_key(client: Client) -> None:
    job = ingest(client, "Id,User:Owner.Username\n00Q000000000001,rep@acme.example\n00Q000000000002,nobody\n")
    client.world.advance(30)

    assert (1, 1) == (
        len(rows(client.get(f"/jobs/ingest/{job}/successfulResults"))),
        len(rows(client.get(f"/jobs/ingest/{job}/failedResults"))),
    )


def test_a_multipart_request_makes_fills_and_closes_a_small_job(client: Client) -> None:
    parts = {
        "job": (None, '{"object": "Lead", "operation": "update"}', "application/json"),
        "content": ("content", "Id,Title\n00Q000000000001,multi\n", "text/csv"),
    }
    made = client.call("POST", "/jobs/ingest", files=parts)
    client.world.advance(30)
    info = client.get(f"/jobs/ingest/{made.json()['id']}").json()

    assert (200, "UploadComplete", "JobComplete", 0) == (made.status_code, made.json()["state"], info["state"], info["numberRecordsFailed"])
    assert ["00Q000000000001"] == client.ids("SELECT Id FROM Lead WHERE Title = 'multi'")
