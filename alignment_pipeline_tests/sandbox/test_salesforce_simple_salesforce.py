"""simple-salesforce, unmodified, against the sandbox: it knows https only, so an adapter carries it to plain http on loopback."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed, SalesforceMalformedRequest, SalesforceResourceNotFound

from alignment_pipeline_tests.sandbox.salesforce_world import NO_ASSIGNMENT, NOW, Client, ToSandbox, lead, served, world, write_package

ONE = "00Q000000000001EAA"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    package: Path = write_package(tmp_path_factory.mktemp("package"))
    with served(world(package, {"Lead": [lead(number, Title="Łódź") for number in range(1, 2502)]})) as found:
        yield found


@pytest.fixture(scope="module")
def session(client: Client) -> requests.Session:
    made = requests.Session()
    made.mount("https://", ToSandbox(client.root))
    return made


@pytest.fixture(scope="module")
def salesforce(client: Client, session: requests.Session) -> Any:
    identities = client.world.salesforce.identities
    return Salesforce(
        username=identities.app("reader").username,
        password=identities.password,
        security_token=identities.security_token,
        domain="acme.my",
        session=session,
    )


def test_soap_login_finds_the_instance(salesforce: Any) -> None:
    assert "acme.my.salesforce.com" == salesforce.sf_instance


def test_a_wrong_password_is_an_authentication_failure(client: Client, session: requests.Session) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(username="nobody", password="x", security_token="y", domain="acme.my", session=session)


def test_client_credentials_and_jwt_log_in(client: Client, session: requests.Session) -> None:
    app = client.world.salesforce.identities.app("reader")
    by_secret = Salesforce(consumer_key=app.client_id, consumer_secret=app.client_secret, domain="acme.my", session=session)

    assert 2501 == by_secret.query("SELECT COUNT() FROM Lead")["totalSize"]


def test_query_all_and_its_iterator_follow_every_page(salesforce: Any) -> None:
    whole = salesforce.query_all("SELECT Id, Owner.Name FROM Lead")
    streamed = list(salesforce.query_all_iter("SELECT Id FROM Lead"))

    assert (2501, True, "Ann Rep") == (len(whole["records"]), whole["done"], whole["records"][0]["Owner"]["Name"])
    assert {one["Id"] for one in whole["records"]} == {one["Id"] for one in streamed}


def test_a_bad_query_is_a_malformed_request(salesforce: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Foo'"):
        salesforce.query("SELECT Foo FROM Lead")


def test_describe_limits_updated_and_deleted(salesforce: Any, client: Client) -> None:
    made = salesforce.Lead.create({"LastName": "L", "Company": "C"})["id"]
    salesforce.Lead.delete(made)
    client.world.advance(120)
    window = (NOW - timedelta(minutes=5), client.world.clock.now())

    assert ("Lead", True) == (salesforce.Lead.describe()["name"], "Lead" in {one["name"] for one in salesforce.describe()["sobjects"]})
    assert 100_000 == salesforce.limits()["DailyApiRequests"]["Max"]
    assert [made] == [one["id"] for one in salesforce.Lead.deleted(*window)["deletedRecords"]]
    assert "latestDateCovered" in salesforce.Lead.updated(*window)
    assert 100_000 == salesforce.api_usage["api-usage"].total


def test_records_are_created_read_changed_and_upserted(salesforce: Any) -> None:
    status = salesforce.Lead.update(ONE, {"Score__c": 5.55}, headers=NO_ASSIGNMENT)
    row = salesforce.Lead.get(ONE)
    first = salesforce.Lead.upsert("Key__c/ss-1", {"LastName": "L", "Company": "C"}, headers=NO_ASSIGNMENT)
    second = salesforce.Lead.upsert("Key__c/ss-1", {"Title": "T"}, headers=NO_ASSIGNMENT)

    assert (204, 5.6, 201, 200) == (status, row["Score__c"], first, second)
    assert "T" == salesforce.Lead.get_by_custom_id("Key__c", "ss-1")["Title"]
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Lead.get("00Q000000009999EAA")


def test_bulk2_queries_pages_of_csv(salesforce: Any) -> None:
    pages = list(salesforce.bulk2.Lead.query("SELECT Id, Title FROM Lead WHERE Title = 'Łódź'", max_records=1000, wait=0))
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page, newline=""))]

    assert (3, 2501, 2501) == (len(pages), len(rows), len({row["Id"] for row in rows}))


def test_bulk2_inserts_updates_and_upserts(salesforce: Any, tmp_path: Path) -> None:
    inserted = salesforce.bulk2.Lead.insert(records=[{"LastName": f"B{n}", "Company": "C", "Key__c": f"b{n}"} for n in range(3)], wait=0)
    updated = salesforce.bulk2.Lead.update(records=[{"Id": ONE, "Score__c": "1"}, {"Id": "00Q000000009999", "Score__c": "2"}], wait=0)
    upserted = salesforce.bulk2.Lead.upsert(
        records=[{"Key__c": "b0", "Title": "#N/A"}, {"Key__c": "b9", "LastName": "L", "Company": "C"}], external_id_field="Key__c", wait=0
    )
    failed = tmp_path / "failed.csv"
    salesforce.bulk2.Lead.get_failed_records(updated[0]["job_id"], file=str(failed))

    assert [(3, 0), (2, 1)] == [(one[0]["numberRecordsProcessed"], one[0]["numberRecordsFailed"]) for one in (inserted, updated)]
    assert (2, 0) == (upserted[0]["numberRecordsProcessed"], upserted[0]["numberRecordsFailed"])
    assert "INVALID_CROSS_REFERENCE_KEY" in failed.read_text(encoding="utf-8")
    created = salesforce.query("SELECT COUNT() FROM Lead WHERE Key__c LIKE 'b%'")["totalSize"]
    assert 4 == created


def test_an_ended_session_is_renewed_by_query(client: Client, salesforce: Any) -> None:
    client.world.salesforce.identities.sessions.clear()

    assert salesforce.query("SELECT COUNT() FROM Lead")["totalSize"] > 2500
