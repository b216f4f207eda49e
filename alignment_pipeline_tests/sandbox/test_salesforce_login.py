"""Logging in, sessions, versions and limits."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from alignment_pipeline.sandbox.salesforce.login import JWT_BEARER
from alignment_pipeline_tests.sandbox.salesforce_world import NOW, Client, lead, served, world, write_package


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with served(world(write_package(tmp_path_factory.mktemp("package")), {"Lead": [lead(1)]})) as found:
        yield found


@pytest.fixture
def client(running: Client) -> Client:
    return running.renewed()


def token(client: Client, headers: dict[str, str] | None = None, **form: Any) -> requests.Response:
    return requests.post(f"{client.root}/services/oauth2/token", data=form, headers=headers, timeout=60)


def assertion(client: Client, key: str | None = None, **changes: Any) -> str:
    app = client.world.salesforce.identities.app("reader")
    claims = {"iss": app.client_id, "sub": app.username, "aud": "https://login.salesforce.com", "exp": int(NOW.timestamp()) + 180}
    return jwt.encode(claims | changes, key or client.world.salesforce.identities.private_key(), algorithm="RS256")


def test_client_credentials_give_a_bearer_token_without_an_expiry(client: Client) -> None:
    app = client.world.salesforce.identities.app("writer")
    basic = base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    by_form = token(client, grant_type="client_credentials", client_id=app.client_id, client_secret=app.client_secret)
    by_basic = token(client, {"Authorization": f"Basic {basic}"}, grant_type="client_credentials")

    assert {"access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"} == set(by_form.json())
    assert (client.root, "Bearer") == (by_form.json()["instance_url"], by_basic.json()["token_type"])
    me = requests.get(
        f"{client.root}/services/oauth2/userinfo", headers={"Authorization": f"Bearer {by_form.json()['access_token']}"}, timeout=60
    )
    assert (app.username, client.world.salesforce.identities.organization_id) == (
        me.json()["preferred_username"],
        me.json()["organization_id"],
    )


@pytest.mark.parametrize(
    ("form", "host", "error"),
    [
        ({"client_secret": "wrong"}, None, "invalid_client"),
        ({"client_id": "nobody"}, None, "invalid_client_id"),
        ({"grant_type": "password"}, None, "unsupported_grant_type"),
        ({}, "login.salesforce.com", "invalid_grant"),
    ],
)
def test_a_refused_login_answers_an_object_with_an_error(client: Client, form: dict[str, str], host: str | None, error: str) -> None:
    app = client.world.salesforce.identities.app("reader")
    whole = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": app.client_secret} | form
    answer = token(client, {"Host": host} if host else None, **whole)

    assert (400, error) == (answer.status_code, answer.json()["error"])


def test_a_signed_assertion_gives_a_token(client: Client) -> None:
    answer = token(client, grant_type=JWT_BEARER, assertion=assertion(client))

    assert (200, "api") == (answer.status_code, answer.json()["scope"])


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        ({"exp": int(NOW.timestamp()) - 1}, "expired"),
        ({"exp": int(NOW.timestamp()) + 86_400}, "too far"),
        ({"sub": "stranger@acme.example"}, "user hasn't approved this consumer"),
        ({"sub": "rep@acme.example"}, "user hasn't approved this consumer"),
        ({"aud": "https://elsewhere.example"}, "audience is invalid"),
    ],
)
def test_an_assertion_that_claims_wrong_is_refused(client: Client, changes: dict[str, Any], description: str) -> None:
    answer = token(client, grant_type=JWT_BEARER, assertion=assertion(client, **changes))

    assert (400, "invalid_grant") == (answer.status_code, answer.json()["error"])
    assert description in answer.json()["error_description"]


def test_an_assertion_signed_by_another_key_is_refused(client: Client) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    client.world.salesforce.identities.private_key()
    answer = token(client, grant_type=JWT_BEARER, assertion=assertion(client, key=pem))

    assert (400, "invalid assertion") == (answer.status_code, answer.json()["error_description"])


def soap(client: Client, version: str = "59.0", **changes: str) -> requests.Response:
    identities = client.world.salesforce.identities
    password = changes.get("password", identities.password + identities.security_token)
    username = changes.get("username", identities.app("reader").username)
    body = (
        '<?xml version="1.0" encoding="utf-8" ?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>'
        f'<n1:login xmlns:n1="urn:partner.soap.sforce.com"><n1:username>{username}</n1:username>'
        f"<n1:password>{password}</n1:password></n1:login>"
        "</env:Body></env:Envelope>"
    )
    url = f"{client.root}/services/Soap/u/{version}"
    return requests.post(url, data=body, headers={"content-type": "text/xml", "SOAPAction": "login"}, timeout=60)


def test_soap_login_gives_a_session_and_the_api_host(client: Client) -> None:
    answer = soap(client)

    assert 200 == answer.status_code
    assert f"<serverUrl>{client.root}/services/Soap/u/59.0/" in answer.text
    assert "<sessionSecondsValid>7200</sessionSecondsValid>" in answer.text


@pytest.mark.parametrize(
    ("version", "changes", "code"),
    [
        ("59.0", {"password": "wrong"}, "INVALID_LOGIN"),
        ("59.0", {"username": "nobody"}, "INVALID_LOGIN"),
        ("65.0", {}, "UNSUPPORTED_API_VERSION"),
        ("30.0", {}, "UNSUPPORTED_API_VERSION"),
    ],
)
def test_soap_login_is_refused_with_a_fault(client: Client, version: str, changes: dict[str, str], code: str) -> None:
    answer = soap(client, version, **changes)

    assert 500 == answer.status_code
    assert f"<sf:exceptionCode>{code}</sf:exceptionCode>" in answer.text


def test_soap_login_wants_the_security_token_and_may_be_switched_off(client: Client) -> None:
    identities = client.world.salesforce.identities
    without = soap(client, password=identities.password)
    identities.soap_login = False
    switched_off = soap(client)

    assert "LOGIN_MUST_USE_SECURITY_TOKEN" in without.text
    assert "SOAP API login() is disabled by default in this org." in switched_off.text


def test_a_session_ends_with_the_orgs_session_life(client: Client) -> None:
    client.world.advance(7199)
    before = client.get("/limits").status_code
    client.world.advance(2)
    after = client.get("/limits")

    assert (200, 401) == (before, after.status_code)
    assert [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}] == after.json()


def test_versions_are_listed_without_a_session_and_retired_ones_are_gone(client: Client) -> None:
    listed = requests.get(f"{client.root}/services/data/", timeout=60).json()
    named = {one["version"]: one["label"] for one in listed}
    client.version = "30.0"
    retired = client.get("/limits")
    client.version = "99.0"
    future = client.get("/limits")

    assert ("31.0", "67.0") == (listed[0]["version"], listed[-1]["version"])
    assert ("Spring '26", "Summer '26", "Winter '26") == (named["66.0"], named["67.0"], named["65.0"])
    assert (410, 404) == (retired.status_code, future.status_code)


def test_the_days_limit_is_counted_told_and_enforced(client: Client) -> None:
    client.world.salesforce.settings.daily_api_requests = 3
    answers = [client.get("/limits") for _ in range(4)]
    client.world.advance(86_401)
    tomorrow = client.login().get("/limits")

    assert ["api-usage=1/3", "api-usage=2/3", "api-usage=3/3", "api-usage=3/3"] == [one.headers["Sforce-Limit-Info"] for one in answers]
    assert (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.") == (
        answers[3].status_code,
        answers[3].json()[0]["errorCode"],
        answers[3].json()[0]["message"],
    )
    assert ({"Max": 3, "Remaining": 2}, 200) == (tomorrow.json()["DailyApiRequests"], tomorrow.status_code)


def test_a_uri_that_is_too_long_is_refused(client: Client) -> None:
    assert 414 == client.get("/query", params={"q": "SELECT Id FROM Lead WHERE Id IN ('" + "x" * 17_000 + "')"}).status_code


def test_unknown_resources_and_methods(client: Client) -> None:
    assert (404, "NOT_FOUND") == ((absent := client.get("/nonsense")).status_code, absent.json()[0]["errorCode"])
    assert (405, "METHOD_NOT_ALLOWED") == ((wrong := client.call("DELETE", "/limits")).status_code, wrong.json()[0]["errorCode"])


def test_too_many_wrong_passwords_lock_the_user_for_a_while(client: Client) -> None:
    for _ in range(10):
        soap(client, password="wrong")
    locked = soap(client)
    client.world.advance(901)

    assert ("INVALID_LOGIN" in locked.text, 200) == (True, soap(client).status_code)
