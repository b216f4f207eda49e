"""Vendor host names over TLS behind a CONNECT proxy: only those, verified, and nothing else."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from cryptography import x509

from alignment_pipeline.sandbox.faults import Fault
from alignment_pipeline.sandbox.tls.authority import Authority
from alignment_pipeline.sandbox.tls.gateway import Gateway
from alignment_pipeline.sandbox.tls.proxy import port_of
from alignment_pipeline_tests.sandbox.marketo_world import lead, no_salesforce, world

HOST = "https://123-abc-456.mktorest.com"
FORM = {"grant_type": "client_credentials", "client_id": "one", "client_secret": "secret-one"}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    served = world()
    served.marketo.load([lead(1)])
    with Gateway(served, apps={"salesforce": no_salesforce}) as running:
        yield running


def session(gateway: Gateway, *, trusts: bool = True) -> requests.Session:
    """A session as the environment variables would make it."""
    made = requests.Session()
    made.trust_env = False
    made.proxies = {"https": gateway.proxy_url, "http": gateway.proxy_url}
    made.verify = str(gateway.ca_file) if trusts else True
    return made


def test_a_vendor_name_reaches_the_sandbox_with_a_verified_certificate(gateway: Gateway) -> None:
    token = session(gateway).get(f"{HOST}/identity/oauth/token", params=FORM, timeout=60).json()

    assert token["scope"] == "one@api.example"


def test_each_system_answers_under_its_own_names(gateway: Gateway) -> None:
    client = session(gateway)
    salesforce = [f"https://{name}/x" for name in ("login.salesforce.com", "acme.my.salesforce.com", "acme--uat.sandbox.my.salesforce.com")]

    assert {client.get(url, timeout=60).text for url in salesforce} == {"not served here"}
    assert client.get(f"{HOST}/rest/v1/lead/1.json", timeout=60).json()["errors"][0]["code"] == "600"


def test_a_client_that_does_not_trust_the_authority_is_not_fooled(gateway: Gateway) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        session(gateway, trusts=False).get(f"{HOST}/identity/oauth/token", params=FORM, timeout=60)


@pytest.mark.parametrize(
    "url", ["https://example.com/", "https://mktorest.com/", "https://a.b.mktorest.com/", "https://127.0.0.1/", f"{HOST}:8443/"]
)
def test_every_other_host_or_port_is_refused(gateway: Gateway, url: str) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match="403"):
        session(gateway).get(url, timeout=60)


def test_plain_http_is_not_forwarded(gateway: Gateway) -> None:
    assert session(gateway).get("http://example.com/", timeout=60).status_code == 405


def test_refused_hosts_are_remembered(gateway: Gateway) -> None:
    with pytest.raises(requests.exceptions.ProxyError):
        session(gateway).get("https://telemetry.example.net/", timeout=60)

    assert gateway.proxy is not None
    assert "telemetry.example.net:443" in gateway.proxy.refused


def test_many_connections_at_once_are_served(gateway: Gateway) -> None:
    def ask(_: int) -> int:
        return session(gateway).get(f"{HOST}/identity/oauth/token", params=FORM, timeout=60).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(ask, range(24)))

    assert codes == [200] * 24


def test_a_client_that_hangs_up_early_harms_nobody(gateway: Gateway) -> None:
    port = int(gateway.proxy_url.rsplit(":", 1)[1])
    for head in (b"", b"CONNECT 123-abc-456.mktorest.com:443 HTTP/1.1\r\n\r\n", b"x" * 40_000):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(head)

    assert session(gateway).get(f"{HOST}/identity/oauth/token", params=FORM, timeout=60).status_code == 200


def test_the_environment_points_requests_and_node_here(gateway: Gateway) -> None:
    environment = gateway.environment()

    assert environment["HTTPS_PROXY"] == gateway.proxy_url
    assert {environment[name] for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")} == {str(gateway.ca_file)}


def test_the_products_environment_names_the_vendors_hosts_and_works(gateway: Gateway) -> None:
    environment = gateway.product_environment()
    form = FORM | {"client_id": environment["MARKETO_CLIENT_ID"], "client_secret": environment["MARKETO_CLIENT_SECRET"]}
    answer = session(gateway).get(f"https://{environment['MARKETO_DOMAIN']}/identity/oauth/token", params=form, timeout=60)

    assert answer.status_code == 200
    assert environment["SALESFORCE_DOMAIN"].endswith(".my.salesforce.com")
    assert {"ALIGNMENT_CLOCK", "HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "SALESFORCE_CLIENT_ID"} <= environment.keys()


def test_patterns_stand_for_one_label() -> None:
    routes = {"*.mktorest.com": 1, "login.salesforce.com": 2}

    assert port_of("123-ABC-456.MKTOREST.com", routes) == 1
    assert port_of("login.salesforce.com.", routes) == 2
    assert [port_of(host, routes) for host in ("mktorest.com", "a.b.mktorest.com", "salesforce.com", "localhost", "")] == [None] * 5


def test_host_certificates_are_the_authoritys_and_name_their_hosts(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("marketo", ["*.mktorest.com"])
    certificate = x509.load_pem_x509_certificates(issued.chain_file.read_bytes())[0]
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.chain_file, issued.key_file)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.ca_file.read_bytes()))

    assert names == ["*.mktorest.com"]
    assert issued.key_file.stat().st_mode & 0o077 == 0


def test_faults_of_the_wire_reach_clients_through_tls_too(gateway: Gateway) -> None:
    gateway.world.faults.add(Fault("cut_before", system="marketo", path="/identity"))
    with pytest.raises(requests.exceptions.ConnectionError):
        session(gateway).get(f"{HOST}/identity/oauth/token", params=FORM, timeout=60)

    assert session(gateway).get(f"{HOST}/identity/oauth/token", params=FORM, timeout=60).status_code == 200


def test_it_ends_quietly_while_connections_are_open(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="asyncio"), Gateway(world(), apps={"salesforce": no_salesforce}) as running:
        client = session(running)
        client.get(f"{HOST}/identity/oauth/token", params=FORM, timeout=60)

    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
