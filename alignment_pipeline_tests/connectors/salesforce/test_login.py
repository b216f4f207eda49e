"""Three ways to log in, and every way to be refused."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import jwt
import pytest

from alignment_pipeline.connectors.salesforce import login
from alignment_pipeline.connectors.salesforce.credentials import Credentials
from alignment_pipeline.errors import ConfigurationError, CredentialsRefused
from alignment_pipeline_tests.connectors.served import Served
from alignment_pipeline_tests.connectors.stub import Reply, Seen, stub

TOKEN = {
    "access_token": "00D000000000001!AQtoken",
    "instance_url": "https://acme.my.salesforce.com",
    "id": "https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA",
}


def keyed(world: Served, path: Path) -> dict[str, str]:
    """The environment of JWT bearer."""
    key = path / "key.pem"
    key.write_text(world.world.salesforce.identities.private_key())
    app = world.world.salesforce.identities.app("reader")
    return {
        "SALESFORCE_DOMAIN": world.environment["SALESFORCE_DOMAIN"],
        "SALESFORCE_CLIENT_ID": app.client_id,
        "SALESFORCE_USERNAME": app.username,
        "SALESFORCE_PRIVATE_KEY_FILE": str(key),
    }


def test_client_credentials_log_in_as_the_integration_user(world: Served) -> None:
    login = world.salesforce().login()

    assert login.organization_id == world.environment["SALESFORCE_ORG_ID"]
    assert login.user_id == world.world.salesforce.user_id(world.world.salesforce.identities.app("reader").username)
    assert login.host.name == world.environment["SALESFORCE_DOMAIN"]


def test_jwt_bearer_logs_in_with_a_key_file(world: Served, tmp_path: Path) -> None:
    session = world.salesforce(environ=keyed(world, tmp_path))

    assert session.credentials.method == "jwt_bearer"
    assert session.login().organization_id == world.environment["SALESFORCE_ORG_ID"]


def test_soap_login_is_there_for_old_organisations(world: Served) -> None:
    environ = {"SALESFORCE_DOMAIN": world.environment["SALESFORCE_DOMAIN"], **world.world.salesforce.identities.soap_environment()}
    session = world.salesforce(environ=environ)

    assert session.credentials.method == "soap_login"
    assert session.organization_id == world.environment["SALESFORCE_ORG_ID"]
    assert session.limits()["DailyApiRequests"]["Max"] > 0


def test_a_wrong_secret_is_refused_once_and_never_retried(world: Served) -> None:
    session = world.salesforce(environ=world.environment | {"SALESFORCE_CLIENT_SECRET": "wrong-secret"})
    with pytest.raises(CredentialsRefused, match="invalid_client"):
        session.login()

    assert session.counter.total == 1


def test_a_wrong_password_is_refused_once_and_never_retried(world: Served) -> None:
    environ = world.world.salesforce.identities.soap_environment() | {"SALESFORCE_PASSWORD": "wrong-password"}
    session = world.salesforce(environ={"SALESFORCE_DOMAIN": world.environment["SALESFORCE_DOMAIN"], **environ})
    with pytest.raises(CredentialsRefused, match="INVALID_LOGIN"):
        session.login()

    assert session.counter.total == 1


def test_a_skewed_clock_is_set_right_by_the_servers_date(world: Served, tmp_path: Path) -> None:
    environ = keyed(world, tmp_path)
    server_time = world.clock.now() + timedelta(hours=3)

    def script(seen: Seen) -> Reply:
        assertion = dict(pair.split("=", 1) for pair in seen.body.decode().split("&"))["assertion"]
        claims = jwt.decode(assertion, options={"verify_signature": False})
        date = {"Date": format_datetime(server_time, usegmt=True)}
        if claims["exp"] < server_time.timestamp():
            return Reply(400, b'{"error":"invalid_grant","error_description":"expired assertion"}', date)
        return Reply(200, json.dumps(TOKEN).encode(), date)

    with stub(script) as server:
        login = world.salesforce(environ=environ | {"SALESFORCE_DOMAIN": server.host}).login()

    assert (login.organization_id, len(server.seen)) == ("00D000000000001AAA", 2)


def test_the_writer_has_credentials_of_its_own(world: Served) -> None:
    reader, writer = world.salesforce(), world.salesforce("writer")

    assert reader.login().user_id != writer.login().user_id
    assert writer.credentials.is_shared is False


def test_a_writer_without_credentials_uses_the_readers_and_says_so() -> None:
    environ = {"SALESFORCE_DOMAIN": "acme.my.salesforce.com", "SALESFORCE_CLIENT_ID": "id", "SALESFORCE_CLIENT_SECRET": "secret"}
    writer = Credentials.from_env(environ, "writer")

    assert (writer.client_id, writer.is_shared) == ("id", True)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, "SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET"),
        ({"SALESFORCE_CLIENT_ID": "a", "SALESFORCE_CLIENT_SECRET": "b"}, "SALESFORCE_DOMAIN is not set"),
        ({"SALESFORCE_CLIENT_ID": "a", "SALESFORCE_CLIENT_SECRET": "b", "SALESFORCE_DOMAIN": "login.salesforce.com"}, "My Domain"),
        ({"SALESFORCE_CLIENT_ID": "a", "SALESFORCE_CLIENT_SECRET": "b", "SALESFORCE_DOMAIN": "http://acme.my.salesforce.com"}, "https"),
        ({"SALESFORCE_CLIENT_ID": "a", "SALESFORCE_USERNAME": "u", "SALESFORCE_PRIVATE_KEY_FILE": "/nowhere/key"}, "PRIVATE_KEY_FILE"),
        (
            {
                "SALESFORCE_CLIENT_ID": "a",
                "SALESFORCE_CLIENT_SECRET": "b",
                "SALESFORCE_DOMAIN": "a.salesforce.com",
                "SALESFORCE_API_VERSION": "20",
            },
            "SALESFORCE_API_VERSION",
        ),
    ],
)
def test_a_wrong_environment_is_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        Credentials.from_env(environ)


def test_a_key_that_is_none_is_named(world: Served, tmp_path: Path) -> None:
    environ = keyed(world, tmp_path)
    Path(environ["SALESFORCE_PRIVATE_KEY_FILE"]).write_text("not a key")
    with pytest.raises(ConfigurationError, match="SALESFORCE_PRIVATE_KEY_FILE"):
        world.salesforce(environ=environ).login()


def test_another_organisation_stops_before_the_first_write(world: Served) -> None:
    world.salesforce().check_organization()
    other = world.salesforce(environ=world.environment | {"SALESFORCE_ORG_ID": "00D5g000004abcdEAA"})
    with pytest.raises(ConfigurationError, match="SALESFORCE_ORG_ID is 00D5g000004abcdEAA"):
        other.check_organization()


def test_an_instance_url_of_another_company_is_refused(world: Served) -> None:
    environ = {"SALESFORCE_DOMAIN": "acme.my.salesforce.com", "SALESFORCE_CLIENT_ID": "id", "SALESFORCE_CLIENT_SECRET": "secret"}
    credentials = Credentials.from_env(environ)

    with pytest.raises(ConfigurationError, match="instance_url"):
        login._instance(credentials, "https://acme.salesforce.com.evil.example")
    assert login._instance(credentials, "https://acme--uat.sandbox.my.salesforce.com").name == "acme--uat.sandbox.my.salesforce.com"
