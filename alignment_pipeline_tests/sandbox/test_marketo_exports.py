"""Bulk extract of the embedded Marketo, as vendor_apis B7 states it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from alignment_pipeline.sandbox.faults import Fault
from alignment_pipeline.sandbox.marketo.records import StaticList
from alignment_pipeline_tests.sandbox.marketo_world import MarketoClient, lead, refusal, serving, visit, world

NOVEMBER = {"startAt": "2026-11-01T00:00:00Z", "endAt": "2026-11-20T00:00:00Z"}


@pytest.fixture(scope="module")
def served() -> Iterator[MarketoClient]:
    with serving(world()) as client:
        yield client


@pytest.fixture
def marketo(served: MarketoClient) -> MarketoClient:
    client = served.emptied()
    client.store.load(
        [
            lead(1, createdAt="2026-11-02T00:00:00Z", company='Müller, "Söhne" & Co', leadScore=7, unsubscribed=False),
            lead(2, createdAt="2026-11-03T00:00:00Z", email=None),
            lead(3, createdAt="2026-09-03T00:00:00Z", updatedAt="2026-11-05T00:00:00Z"),
        ],
        [
            visit(1, "2026-11-05T00:00:00Z", id=11, campaignId=8497, primaryAttributeValueId=71),
            visit(2, "2026-11-06T00:00:00Z", id=12, activityTypeId=2, attributes=[]),
            visit(2, "2026-10-06T00:00:00Z", id=10),
        ],
    )
    return client


def create(client: MarketoClient, kind: str = "leads", **changes: Any) -> dict[str, Any]:
    """Create a job and give the answer."""
    body = {"fields": ["id", "email"] if kind == "leads" else None, "format": "CSV", "filter": {"createdAt": NOVEMBER}}
    return client.post(f"/bulk/v1/{kind}/export/create.json", body | changes)


def job(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["result"][0]
    return found


def finished(client: MarketoClient, kind: str = "leads", **changes: Any) -> dict[str, Any]:
    """Create, queue and wait for a job; gives its last status."""
    export_id = job(create(client, kind, **changes))["exportId"]
    client.post(f"/bulk/v1/{kind}/export/{export_id}/enqueue.json")
    client.world.advance(60)
    return job(client.get(f"/bulk/v1/{kind}/export/{export_id}/status.json"))


def download(client: MarketoClient, status: dict[str, Any], kind: str = "leads", **headers: str) -> Any:
    return client.ask("GET", f"/bulk/v1/{kind}/export/{status['exportId']}/file.json", headers=headers)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


def test_a_lead_export_goes_from_created_to_completed_and_its_file_fits_size_and_checksum(marketo: MarketoClient) -> None:
    created = job(create(marketo, fields=["id", "company", "email", "leadScore", "unsubscribed", "createdAt"]))
    path = f"/bulk/v1/leads/export/{created['exportId']}"
    queued = job(marketo.post(f"{path}/enqueue.json"))
    early = marketo.ask("GET", f"{path}/file.json")
    marketo.world.advance(60)
    done = job(marketo.get(f"{path}/status.json"))
    content = download(marketo, done).content

    assert (created["status"], queued["status"], done["status"]) == ("Created", "Queued", "Completed")
    assert (early.status_code, early.headers["Content-Type"].split(";")[0]) == (404, "text/plain")
    assert set(done) == {
        "exportId", "format", "status", "createdAt", "queuedAt", "startedAt", "finishedAt", "numberOfRecords", "fileSize", "fileChecksum",
    }  # fmt: skip
    assert (done["numberOfRecords"], done["fileSize"]) == (2, len(content))
    assert done["fileChecksum"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert content.decode() == (
        "id,company,email,leadScore,unsubscribed,createdAt\n"
        '1,"Müller, ""Söhne"" & Co",p1@example.com,7,false,2026-11-02T00:00:00Z\n'
        "2,null,null,null,null,2026-11-03T00:00:00Z\n"
    )


def test_the_updated_filter_finds_the_last_change_of_any_field(marketo: MarketoClient) -> None:
    body = {"action": "updateOnly", "lookupField": "id", "input": [{"id": 2, "alignmentRecycleReason": "later"}]}
    marketo.post("/rest/v1/leads.json", body)
    today = {"startAt": "2026-11-20T00:00:00Z", "endAt": "2026-11-21T00:00:00Z"}
    past = finished(marketo, filter={"updatedAt": NOVEMBER})
    changed = finished(marketo, filter={"updatedAt": today})

    assert [row["id"] for row in rows(download(marketo, past).content)] == ["1", "3"]
    assert [row["id"] for row in rows(download(marketo, changed).content)] == ["2"]


def test_an_activity_export_has_json_attributes_and_null_for_empties(marketo: MarketoClient) -> None:
    done = finished(marketo, "activities")
    found = rows(download(marketo, done, "activities").content)

    assert found == [
        {
            "marketoGUID": "11",
            "leadId": "1",
            "activityDate": "2026-11-05T00:00:00Z",
            "activityTypeId": "1",
            "campaignId": "8497",
            "primaryAttributeValueId": "71",
            "primaryAttributeValue": "pricing",
            "attributes": '{"Webpage URL":"/pricing"}',
        },
        {
            "marketoGUID": "12",
            "leadId": "2",
            "activityDate": "2026-11-06T00:00:00Z",
            "activityTypeId": "2",
            "campaignId": "null",
            "primaryAttributeValueId": "null",
            "primaryAttributeValue": "pricing",
            "attributes": "{}",
        },
    ]
    assert json.loads(found[0]["attributes"]) == {"Webpage URL": "/pricing"}


def test_activity_exports_can_be_narrowed_to_types_fields_and_primary_values(marketo: MarketoClient) -> None:
    narrow = {"createdAt": NOVEMBER, "activityTypeIds": [2]}
    by_type = finished(marketo, "activities", filter=narrow, fields=["leadId", "actionResult"])
    by_value = finished(marketo, "activities", filter={"createdAt": NOVEMBER, "activityTypeIds": [1], "primaryAttributeValueIds": [71]})

    assert rows(download(marketo, by_type, "activities").content) == [{"leadId": "2", "actionResult": "succeeded"}]
    assert by_value["numberOfRecords"] == 1


def test_headers_may_be_renamed_and_values_separated_otherwise(marketo: MarketoClient) -> None:
    done = finished(marketo, format="TSV", columnHeaderNames={"id": "Marketo Id"})

    assert download(marketo, done).content.decode().splitlines()[0] == "Marketo Id\temail"


def test_a_static_list_can_be_exported(marketo: MarketoClient) -> None:
    marketo.store.load([], static_lists=[StaticList(7, "Webinar", frozenset({3}))])
    done = finished(marketo, filter={"staticListName": "Webinar"})

    assert rows(download(marketo, done).content) == [{"id": "3", "email": "p3@example.com"}]


def test_parts_of_a_file_are_206_with_content_range(marketo: MarketoClient) -> None:
    done = finished(marketo)
    whole = download(marketo, done).content
    first = download(marketo, done, Range="bytes=0-9")
    rest = download(marketo, done, Range="bytes=10-")
    last = download(marketo, done, Range="bytes=-5")
    beyond = download(marketo, done, Range=f"bytes={len(whole)}-")

    assert (first.status_code, first.headers["Content-Range"], first.headers["Content-Length"]) == (206, f"bytes 0-9/{len(whole)}", "10")
    assert first.content + rest.content == whole
    assert last.content == whole[-5:]
    assert beyond.status_code == 416


def test_the_status_moves_only_once_a_minute(marketo: MarketoClient) -> None:
    export_id = job(create(marketo))["exportId"]
    marketo.post(f"/bulk/v1/leads/export/{export_id}/enqueue.json")
    shown = []
    for _ in range(4):
        shown.append(job(marketo.get(f"/bulk/v1/leads/export/{export_id}/status.json"))["status"])
        marketo.world.advance(25)

    assert shown == ["Queued", "Queued", "Queued", "Completed"]


def test_two_jobs_run_at_a_time_over_both_kinds(marketo: MarketoClient) -> None:
    marketo.world.faults.add(Fault("bulk_delay", system="marketo", options={"seconds": 70}))
    ids = [(kind, job(create(marketo, kind))["exportId"]) for kind in ("leads", "activities", "leads")]
    for kind, export_id in ids:
        marketo.post(f"/bulk/v1/{kind}/export/{export_id}/enqueue.json")
    states = []
    for _ in range(3):
        marketo.world.advance(60)
        states.append([job(marketo.get(f"/bulk/v1/{kind}/export/{export_id}/status.json"))["status"] for kind, export_id in ids])

    assert states == [["Processing", "Processing", "Queued"], ["Completed", "Completed", "Processing"], ["Completed"] * 3]


def test_ten_jobs_wait_and_the_eleventh_is_1029(marketo: MarketoClient) -> None:
    ids = [job(create(marketo))["exportId"] for _ in range(11)]
    answers = [marketo.post(f"/bulk/v1/leads/export/{export_id}/enqueue.json") for export_id in ids]

    assert [answer["success"] for answer in answers] == [True] * 10 + [False]
    assert answers[-1]["errors"] == [{"code": "1029", "message": "Too many jobs in queue"}]


def test_a_job_is_queued_once(marketo: MarketoClient) -> None:
    export_id = job(create(marketo))["exportId"]
    marketo.post(f"/bulk/v1/leads/export/{export_id}/enqueue.json")
    again = marketo.post(f"/bulk/v1/leads/export/{export_id}/enqueue.json")

    assert again["errors"] == [{"code": "1029", "message": "Job already queued"}]


def test_the_days_bytes_end_with_1029_and_begin_anew_at_midnight_central() -> None:
    with serving(world(export_bytes_per_day=10)) as marketo:
        marketo.store.load([lead(1, createdAt="2026-11-02T00:00:00Z")])
        waiting = job(create(marketo))["exportId"]
        done = finished(marketo)
        refused = [create(marketo), marketo.post(f"/bulk/v1/leads/export/{waiting}/enqueue.json")]
        marketo.world.advance(3600 * 18)
        marketo._bearer = ""
        after = create(marketo)

    assert done["status"] == "Completed"
    assert [refusal(answer) for answer in refused] == ["1029", "1029"]
    assert all("Export daily quota" in answer["errors"][0]["message"] for answer in refused)
    assert after["success"] is True


def test_the_days_bytes_can_be_lowered_by_a_fault(marketo: MarketoClient) -> None:
    finished(marketo)
    marketo.world.faults.add(Fault("custom", system="marketo", options={"name": "export_quota", "bytes": 1}))

    assert refusal(create(marketo)) == "1029"


def test_a_cancelled_job_is_spelt_both_ways_and_cannot_be_queued_again(marketo: MarketoClient) -> None:
    export_id = job(create(marketo))["exportId"]
    cancelled = job(marketo.post(f"/bulk/v1/leads/export/{export_id}/cancel.json"))
    status = job(marketo.get(f"/bulk/v1/leads/export/{export_id}/status.json"))

    assert (cancelled["status"], status["status"]) == ("Cancelled", "Canceled")
    assert refusal(marketo.post(f"/bulk/v1/leads/export/{export_id}/enqueue.json")) == "1003"
    assert refusal(marketo.post(f"/bulk/v1/leads/export/{export_id}/cancel.json")) == "1003"


def test_jobs_are_seen_by_the_api_user_that_made_them_only(marketo: MarketoClient) -> None:
    done = finished(marketo)
    other = MarketoClient(marketo.world, marketo.url, "two")

    assert refusal(other.get(f"/bulk/v1/leads/export/{done['exportId']}/status.json")) == "1013"
    assert download(other, done).status_code == 404
    assert other.get("/bulk/v1/leads/export.json")["result"] == []
    assert [entry["exportId"] for entry in marketo.get("/bulk/v1/leads/export.json")["result"]] == [done["exportId"]]


def test_the_job_list_can_be_narrowed_to_states(marketo: MarketoClient) -> None:
    done = finished(marketo)
    fresh = job(create(marketo))

    def listed(status: str) -> list[str]:
        return [entry["exportId"] for entry in marketo.get("/bulk/v1/leads/export.json", status=status)["result"]]

    assert listed("Completed,Failed") == [done["exportId"]]
    assert listed("created") == [fresh["exportId"]]
    assert marketo.get("/bulk/v1/activities/export.json")["result"] == []


def test_files_are_kept_seven_days_and_jobs_thirty(marketo: MarketoClient) -> None:
    done = finished(marketo)

    def after(days: int) -> tuple[int, bool]:
        marketo.world.advance(86_400 * days)
        marketo._bearer = ""
        known = marketo.get(f"/bulk/v1/leads/export/{done['exportId']}/status.json")["success"]
        return download(marketo, done).status_code, known

    assert [after(6), after(2), after(23)] == [(200, True), (404, True), (404, False)]


def test_a_job_can_be_made_to_fail(marketo: MarketoClient) -> None:
    marketo.world.faults.add(Fault("bulk_job_fails", system="marketo", path="/bulk/v1/leads", options={"message": "out of luck"}))
    failed = finished(marketo)

    assert (failed["status"], failed["errorMsg"]) == ("Failed", "out of luck")
    assert download(marketo, failed).status_code == 404


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        ("leads", {"fields": None}, "1002"),
        ("leads", {"fields": ["shoeSize"]}, "1006"),
        ("leads", {"filter": None}, "1002"),
        ("leads", {"filter": {"createdAt": NOVEMBER, "updatedAt": NOVEMBER}}, "1003"),
        ("leads", {"filter": {"firstName": "Ada"}}, "1003"),
        ("leads", {"filter": {"smartListId": 3}}, "1035"),
        ("leads", {"filter": {"staticListId": 99}}, "1003"),
        ("leads", {"filter": {"createdAt": {"startAt": "2026-11-01T00:00:00Z"}}}, "1002"),
        ("leads", {"filter": {"createdAt": {"startAt": "2026-10-01T00:00:00Z", "endAt": "2026-11-01T00:00:01Z"}}}, "1003"),
        ("leads", {"filter": {"createdAt": {"startAt": "2026-11-01T00:00:00.000Z", "endAt": "2026-11-02T00:00:00Z"}}}, "1003"),
        ("leads", {"filter": {"createdAt": {"startAt": "2026-11-03T00:00:00Z", "endAt": "2026-11-02T00:00:00Z"}}}, "1003"),
        ("leads", {"format": "XLSX"}, "1003"),
        ("leads", {"columnHeaderNames": {"city": "City"}}, "1003"),
        ("activities", {"filter": {"activityTypeIds": [1]}}, "1002"),
        ("activities", {"filter": {"createdAt": NOVEMBER, "activityTypeIds": [37]}}, "1003"),
        ("activities", {"filter": {"createdAt": NOVEMBER, "activityTypeIds": "1"}}, "1003"),
        ("activities", {"filter": {"createdAt": NOVEMBER, "primaryAttributeValueIds": [71]}}, "1003"),
        ("activities", {"filter": {"createdAt": NOVEMBER, "leadIds": [1]}}, "1003"),
        ("activities", {"fields": ["email"]}, "1006"),
    ],
)
def test_a_request_that_cannot_be_exported_is_refused(marketo: MarketoClient, kind: str, changes: dict[str, Any], code: str) -> None:
    assert refusal(create(marketo, kind, **changes)) == code


def test_a_range_of_31_days_is_allowed(marketo: MarketoClient) -> None:
    allowed = {"startAt": "2026-10-01T00:00:00Z", "endAt": "2026-11-01T00:00:00Z"}

    assert create(marketo, filter={"createdAt": allowed})["success"] is True


def test_without_the_updated_filter_a_subscription_answers_1035() -> None:
    with serving(world(supports_updated_at_filter=False)) as marketo:
        assert refusal(create(marketo, filter={"updatedAt": NOVEMBER})) == "1035"
        assert create(marketo)["success"] is True


def test_stray_bytes_can_be_switched_on() -> None:
    with serving(world(adds_stray_bytes=True)) as marketo:
        marketo.store.load(lead(number, createdAt="2026-11-02T00:00:00Z", company="Acme") for number in range(1, 31))
        content = download(marketo, finished(marketo, fields=["id", "company"])).content

    assert content.count(b"\x00") == content.count(b"\r") == 3


def test_the_attributes_cell_can_be_a_list_as_in_the_vendors_specification() -> None:
    with serving(world(exports_attributes_as_list=True)) as marketo:
        marketo.store.load([lead(1)], [visit(1, "2026-11-05T00:00:00Z")])
        found = rows(download(marketo, finished(marketo, "activities"), "activities").content)

    assert json.loads(found[0]["attributes"]) == [{"name": "Webpage URL", "value": "/pricing"}]


def test_an_export_holds_what_was_visible_when_it_ran(marketo: MarketoClient) -> None:
    marketo.store.log.extend([visit(1, "2026-11-07T00:00:00Z")], visible_at=2**40)
    done = finished(marketo, "activities")

    assert done["numberOfRecords"] == 2
