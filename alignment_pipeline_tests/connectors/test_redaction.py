"""Canary secrets reach no log line, no exception, no traceback."""

from __future__ import annotations

import io
import logging
import traceback

import pytest

from alignment_pipeline.connectors import redaction
from alignment_pipeline.connectors.redaction import Redactor
from alignment_pipeline.connectors.salesforce.credentials import Credentials
from alignment_pipeline.errors import AlignmentError
from alignment_pipeline_tests.connectors.served import Served
from alignment_pipeline_tests.connectors.stub import Reply, stub

CANARY = "cAnArY0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"token 00D5g000008QrZz!AQ{CANARY}.x_y",
        f"/identity/oauth/token?grant_type=client_credentials&client_id=x&client_secret={CANARY}&x=1",
        f"url https://h/x?access_token={CANARY}",
        f'{{"access_token":"{CANARY}","expires_in":1}}',
        f"{{'client_secret': '{CANARY}'}}",
        f"<urn:password>{CANARY}</urn:password><sessionId>{CANARY}</sessionId>",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----",
        f"https://user:{CANARY}@proxy:3128",
        f"eyJhbGciOi.eyJ{CANARY}.sig{CANARY}",
    ],
)
def test_whatever_looks_like_a_secret_is_masked(text: str) -> None:
    assert CANARY not in redaction.Redactor()(text)


def test_configured_values_are_masked_in_every_spelling() -> None:
    redactor = redaction.Redactor()
    redactor.add("pa ss/w&rd<1>")
    text = "pa ss/w&rd<1> | pa%20ss%2Fw%26rd%3C1%3E | pa+ss%2Fw%26rd%3C1%3E | pa ss/w&amp;rd&lt;1&gt;"

    assert redactor(text) == " | ".join([redaction.MASK] * 4)


def test_a_forged_log_line_stays_on_its_line() -> None:
    assert redaction.Redactor()("name \x1b[31m\r\x00evil") == "name \ufffd[31m\ufffd\ufffdevil"


def test_every_log_record_is_redacted_with_its_arguments_and_traceback() -> None:
    before = logging.getLogRecordFactory()
    target = io.StringIO()
    handler = logging.StreamHandler(target)
    logger = logging.getLogger("urllib3.connectionpool")
    logger.addHandler(handler)
    try:
        redaction.install()
        logger.warning("GET %s", f"/identity/oauth/token?client_secret={CANARY}")
        try:
            raise ValueError(f"Bearer {CANARY}")
        except ValueError:
            logger.exception("failed")
    finally:
        logger.removeHandler(handler)
        logging.setLogRecordFactory(before)

    assert "failed" in target.getvalue()
    assert CANARY not in target.getvalue()


def _everything_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, b'{"error":"invalid_client","error_description":"secret cAnArY0123456789abcdef is wrong"}'),
        Reply(401, b"cAnArY0123456789abcdef"),
        Reply(200, b'{"access_token": "cAnArY0123456789abcdef'),
        Reply(503, b"cAnArY0123456789abcdef"),
        Reply(drop=True),
    ],
    ids=["400", "401", "cut", "503", "dropped"],
)
def test_a_failing_login_tells_no_secret(reply: Reply, world: Served) -> None:
    with stub(lambda _: reply) as server:
        environ = {"SALESFORCE_DOMAIN": server.host, "SALESFORCE_CLIENT_ID": f"id{CANARY}", "SALESFORCE_CLIENT_SECRET": CANARY}
        with pytest.raises(AlignmentError) as salesforce:
            world.salesforce(environ=environ).login()
        redaction.PROCESS.add(CANARY)
        world.sandbox.ports["marketo"] = int(server.host.partition(":")[2])
        session = world.marketo()
        with pytest.raises(AlignmentError) as marketo:
            session.headers()

    for error in (salesforce.value, marketo.value):
        assert CANARY not in _everything_of(error)
    assert "sandbox-marketo-secret" not in _everything_of(marketo.value)


def test_credentials_show_no_secret_in_their_repr() -> None:
    environ = {"SALESFORCE_DOMAIN": "acme.my.salesforce.com", "SALESFORCE_CLIENT_ID": "the-id", "SALESFORCE_CLIENT_SECRET": CANARY}

    assert CANARY not in repr(Credentials.from_env(environ))


def test_a_secret_that_is_a_key_s_name_does_not_uncover_the_values_behind_that_name() -> None:
    redactor = Redactor()
    redactor.add("secret", "password")

    assert CANARY not in redactor(f"client_secret={CANARY}&password={CANARY}")
