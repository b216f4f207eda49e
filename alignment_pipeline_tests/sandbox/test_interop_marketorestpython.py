"""The embedded Marketo through a client nobody here wrote: marketorestpython, unmodified, under the vendor's host name."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from marketorestpython.client import MarketoClient as VendorClient

from alignment_pipeline.sandbox.tls.gateway import Gateway
from alignment_pipeline.sandbox.world import World
from alignment_pipeline_tests.sandbox.marketo_world import NOW, lead, no_salesforce, visit, world

NOVEMBER = {"createdAt": {"startAt": "2026-11-01T00:00:00Z", "endAt": "2026-11-20T00:00:00Z"}}


@pytest.fixture(scope="module")
def served() -> World:
    made = world(short_page_every=3)
    made.marketo.load(
        (lead(number, company=f"Firma Nr. {number} – Łódź", createdAt="2026-11-02T00:00:00Z") for number in range(1, 351)),
        (visit(number % 350 + 1, (NOW - timedelta(days=9) + timedelta(minutes=number)).isoformat()) for number in range(500)),
    )
    return made


@pytest.fixture
def vendor_client(served: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[VendorClient]:
    with Gateway(served, apps={"salesforce": no_salesforce}) as gateway:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        for name, value in gateway.environment().items():
            monkeypatch.setenv(name, value)
        yield VendorClient("123-ABC-456", "one", "secret-one", max_retry_time=1, requests_timeout=60)


def test_it_authenticates_and_reads_leads_in_pages(vendor_client: VendorClient, served: World) -> None:
    ids = [str(number) for number in range(1, 301)]
    found = vendor_client.execute(
        method="get_multiple_leads_by_filter_type", filterType="id", filterValues=ids, fields=["id", "company"], batchSize=200
    )
    one = vendor_client.execute(method="get_lead_by_id", id=7, fields=["company"])
    described = vendor_client.execute(method="describe")

    assert [entry["id"] for entry in found] == list(range(1, 301))
    assert one == [{"id": 7, "company": "Firma Nr. 7 – Łódź"}]
    assert len(described) == len(served.marketo.schema.fields)


def test_it_reads_activities_to_the_end_of_the_log(vendor_client: VendorClient) -> None:
    types = vendor_client.execute(method="get_activity_types")
    rows = vendor_client.execute(method="get_lead_activities", activityTypeIds=["1", "2"], sinceDatetime="2026-11-01T00:00:00Z")

    assert 1 in [entry["id"] for entry in types]
    assert [row["id"] for row in rows] == list(range(1, 501))


def test_it_extracts_leads_and_activities_in_bulk(vendor_client: VendorClient, served: World) -> None:
    leads = vendor_client.execute(method="create_leads_export_job", fields=["id", "company"], filters=NOVEMBER)[0]["exportId"]
    activities = vendor_client.execute(method="create_activities_export_job", filters=NOVEMBER)[0]["exportId"]
    vendor_client.execute(method="enqueue_leads_export_job", job_id=leads)
    vendor_client.execute(method="enqueue_activities_export_job", job_id=activities)
    served.advance(60)
    statuses = [
        vendor_client.execute(method="get_leads_export_job_status", job_id=leads)[0],
        vendor_client.execute(method="get_activities_export_job_status", job_id=activities)[0],
    ]
    files = [
        vendor_client.execute(method="get_leads_export_job_file", job_id=leads),
        vendor_client.execute(method="get_activities_export_job_file", job_id=activities),
    ]

    assert [status["numberOfRecords"] for status in statuses] == [350, 500]
    assert [status["fileChecksum"] for status in statuses] == [f"sha256:{hashlib.sha256(content).hexdigest()}" for content in files]
    assert list(csv.DictReader(io.StringIO(files[0].decode("utf-8"))))[6] == {"id": "7", "company": "Firma Nr. 7 – Łódź"}


def test_it_creates_and_updates_leads(vendor_client: VendorClient, served: World) -> None:
    written = vendor_client.execute(
        method="create_update_leads",
        leads=[{"email": "p1@example.com", "leadScore": 61}, {"email": "new@example.com", "firstName": "Neu"}, {"email": "x@y", "shoe": 1}],
        action="createOrUpdate",
        lookupField="email",
    )
    deleted = vendor_client.execute(method="delete_lead", id=[350])

    assert [entry["status"] for entry in written] == ["updated", "created", "skipped"]
    assert served.marketo.leads[1].values["leadScore"] == 61
    assert deleted == [{"id": 350, "status": "deleted"}]


def test_refusals_reach_it_as_its_own_errors(vendor_client: VendorClient) -> None:
    with pytest.raises(Exception, match="1011"):
        vendor_client.execute(method="get_multiple_leads_by_filter_type", filterType="firstName", filterValues=["Ada"])
