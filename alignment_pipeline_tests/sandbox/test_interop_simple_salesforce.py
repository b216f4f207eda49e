"""The embedded Salesforce through simple-salesforce, unmodified, under Salesforce's own host names (TLS, CONNECT proxy)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.salesforce.identities import WRITER
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.tls.gateway import Gateway
from alignment_pipeline.sandbox.world import World, sandbox_clock
from alignment_pipeline_tests.sandbox.marketo_world import NOW

LEADS = 2100


@pytest.fixture(scope="module")
def served() -> World:
    store = SalesforceStore()
    made = World(sandbox_clock(NOW, factor=600), Faults(), store)
    created = NOW - timedelta(days=3)
    store.load({"Lead": [{"LastName": f"Lead {number}", "Company": "Łódź & Co", "CreatedDate": created} for number in range(LEADS)]})
    return made


@pytest.fixture
def environment(served: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with Gateway(served) as gateway:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        for name, value in gateway.environment().items():
            monkeypatch.setenv(name, value)
        yield


def by_password(served: World) -> Salesforce:
    found = served.salesforce.identities
    return Salesforce(username=found.app(WRITER).username, password=found.password, security_token=found.security_token)


@pytest.mark.usefixtures("environment")
def test_it_logs_in_by_soap_and_reads_every_page(served: World) -> None:
    client = by_password(served)
    answer = client.query_all("SELECT Id, LastName, Company FROM Lead ORDER BY Id")

    assert client.sf_instance == served.salesforce.identities.my_domain
    assert (answer["totalSize"], len(answer["records"])) == (LEADS, LEADS)
    assert {record["Company"] for record in answer["records"]} == {"Łódź & Co"}


@pytest.mark.usefixtures("environment")
def test_it_logs_in_by_client_credentials_and_writes(served: World) -> None:
    app = served.salesforce.identities.app(WRITER)
    domain = served.salesforce.identities.my_domain.removesuffix(".salesforce.com")
    client = Salesforce(consumer_key=app.client_id, consumer_secret=app.client_secret, domain=domain)
    created = client.Lead.create({"LastName": "O'Leary", "Company": "Acme"})
    status = client.Lead.update(created["id"], {"Title": "CFO"})
    found = client.query("SELECT Id, Title FROM Lead WHERE Title = 'CFO'")["records"]

    assert (created["success"], status) == (True, 204)
    assert [record["Id"] for record in found] == [created["id"]]


@pytest.mark.usefixtures("environment")
def test_a_wrong_password_is_refused(served: World) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(username=served.salesforce.identities.app(WRITER).username, password="wrong", security_token="")
