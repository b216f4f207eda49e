"""Under the vendors' own host names, over TLS and through a proxy: as in a company's network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alignment_pipeline.connectors.marketo.credentials import Credentials as MarketoCredentials
from alignment_pipeline.connectors.marketo.extraction import MarketoExtraction
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.salesforce.credentials import Credentials
from alignment_pipeline.connectors.salesforce.extraction import SalesforceExtraction
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.errors import Permanent
from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.marketo.settings import MarketoSettings
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.tls.gateway import Gateway
from alignment_pipeline.sandbox.world import World, sandbox_clock
from alignment_pipeline_tests.connectors.served import NOW, STREAMS, leads, people, rows_of


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    world = World(sandbox_clock(NOW), Faults(), SalesforceStore(), MarketoStore(MarketoSettings()))
    world.salesforce.load({"Lead": leads(2_100)})
    world.marketo.load(people(3))
    with Gateway(world) as running:
        yield running


@pytest.fixture
def environ(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    found = gateway.product_environment()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in gateway.environment().items():
        monkeypatch.setenv(name, value)
    return found


def test_salesforce_is_read_under_its_own_name(gateway: Gateway, environ: dict[str, str]) -> None:
    session = SalesforceSession(Credentials.from_env(environ), gateway.world.clock)
    (reading,) = SalesforceExtraction(session).readings([STREAMS["Lead"]])

    assert len(rows_of(reading)) == 2_100
    assert session.login().host.root == f"https://{environ['SALESFORCE_DOMAIN']}"


def test_marketo_is_read_under_its_own_name(gateway: Gateway, environ: dict[str, str]) -> None:
    session = MarketoSession(MarketoCredentials.from_env(environ), gateway.world.clock)
    (reading,) = MarketoExtraction(session).readings([STREAMS["activity_types"]])

    assert reading.stream.object == "activity_types"
    assert {row["name"] for row in rows_of(reading)} >= {"Visit Webpage"}


def test_ssl_cert_file_is_honoured_where_no_other_bundle_is_named(
    gateway: Gateway, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(gateway.ca_file))

    assert SalesforceSession(Credentials.from_env(environ), gateway.world.clock).organization_id == environ["SALESFORCE_ORG_ID"]


def test_an_authority_that_nobody_named_is_refused_with_a_hint(
    gateway: Gateway, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Permanent, match="REQUESTS_CA_BUNDLE"):
        SalesforceSession(Credentials.from_env(environ), gateway.world.clock).login()
