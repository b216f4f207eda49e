"""The one HTTP layer, against answers that vendors and networks give."""

from __future__ import annotations

import gzip
import random
import threading
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors import transport
from alignment_pipeline.connectors.answers import Answer, Unreasonable
from alignment_pipeline.connectors.calls import CallBudget, CallCounter, Usage
from alignment_pipeline.connectors.hosts import Host
from alignment_pipeline.connectors.retries import RetryPolicy
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceJudge, SalesforceRefused
from alignment_pipeline.connectors.transport import Call, Timeouts, Transport
from alignment_pipeline.errors import CredentialsRefused, OutcomeUnknown, Permanent, QuotaExhausted, Retryable
from alignment_pipeline_tests.connectors.stub import Reply, Script, Seen, stub

READ = Call("GET", "/services/data/x", "read")
WRITE = Call("PATCH", "/services/data/x", "write", body=b"{}", is_repeatable=False)
GONE = Reply(503, b"<html>maintenance</html>", {"Content-Type": "text/html"})

FOREIGN = [
    "salesforce",
    "http://acme.my.salesforce.com",
    "evil.example",
    "acme.my.salesforce.com.evil.example",
    "a@b.salesforce.com",
    "10.0.0.1:80",
    "acme.my.salesforce.com/path",
]


class Signer:
    """Counts its logins."""

    def __init__(self) -> None:
        self.logins = 1

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer token-{self.logins}"}

    def renew(self) -> None:
        self.logins += 1


class Wire:
    """A transport on a script, with the waits it made."""

    def __init__(self, script: Script, **options: object) -> None:
        self.waits: list[float] = []
        self.script = script
        self.options = options
        self.signer = Signer()

    def send(self, call: Call, sink: transport.Sink | None = None) -> Answer:
        clock = Clock(wait=self.waits.append)
        with stub(self.script) as server:
            self.server = server
            counter = CallCounter()
            self.counter = counter
            host = Host.parse(server.host, suffixes=("salesforce.com",), setting="SALESFORCE_DOMAIN")
            options: dict[str, object] = {
                "retry": RetryPolicy(randomness=random.Random(1)),
                "timeouts": Timeouts(30.0, 30.0),
            } | self.options
            return Transport(host, SalesforceJudge(counter), clock, signer=self.signer, counter=counter, **options).send(call, sink)  # type: ignore[arg-type]


def each(*replies: Reply) -> Script:
    """The replies in turn, the last one for ever."""
    left = list(replies)

    def script(_: Seen) -> Reply:
        return left.pop(0) if len(left) > 1 else left[0]

    return script


def test_a_storm_of_503_is_outlived_with_growing_waits() -> None:
    wire = Wire(each(GONE, GONE, GONE, Reply()))

    assert wire.send(READ).json() == {}
    assert len(wire.waits) == 3
    assert all(0 <= wait <= 2.0**tries for tries, wait in enumerate(wire.waits, start=1))


def test_a_storm_without_end_is_given_up_after_eight_tries() -> None:
    wire = Wire(each(GONE))
    with pytest.raises(Retryable, match="gave up after 8 tries"):
        wire.send(READ)

    assert wire.counter.total == 8


def test_a_hang_is_cut_by_the_time_out_and_tried_three_times() -> None:
    release = threading.Event()
    wire = Wire(each(Reply(hold=release)), timeouts=Timeouts(30.0, 0.3))
    with pytest.raises(Retryable, match="gave up after 3 tries"):
        wire.send(READ)
    release.set()

    assert wire.counter.total == 3


@pytest.mark.parametrize(
    "reply", [Reply(drop=True), GONE, Reply(500, b""), Reply(200, b"<html>"), Reply(200, b'[{"id":"1","suc', cut=8)], ids=repr
)
def test_a_write_whose_answer_is_lost_is_never_sent_again(reply: Reply) -> None:
    wire = Wire(each(reply))
    with pytest.raises(OutcomeUnknown):
        wire.send(WRITE)

    assert len(wire.server.seen) == 1


def test_a_write_that_hangs_is_never_sent_again() -> None:
    release = threading.Event()
    wire = Wire(each(Reply(hold=release)), timeouts=Timeouts(30.0, 0.3))
    with pytest.raises(OutcomeUnknown):
        wire.send(WRITE)
    release.set()

    assert len(wire.server.seen) == 1


def test_a_write_that_was_refused_before_it_began_is_sent_again() -> None:
    busy = Reply(503, b'[{"errorCode":"SERVER_UNAVAILABLE","message":"busy"}]')
    wire = Wire(each(busy, Reply()))
    wire.send(WRITE)

    assert len(wire.server.seen) == 2


def test_a_write_to_a_server_that_is_not_there_is_retryable_not_unknown() -> None:
    with stub(each(Reply())) as server:
        closed = server.host
    host = Host.parse(closed, suffixes=("salesforce.com",), setting="SALESFORCE_DOMAIN")
    waits: list[float] = []
    transport = Transport(host, SalesforceJudge(CallCounter()), Clock(wait=waits.append), retry=RetryPolicy(tries=2))
    with pytest.raises(Retryable) as caught:
        transport.send(WRITE)

    assert not isinstance(caught.value, OutcomeUnknown)


def test_an_expired_session_is_renewed_once() -> None:
    expired = Reply(401, b'[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]')
    wire = Wire(each(expired, Reply()))
    wire.send(WRITE)

    assert [seen.headers["Authorization"] for seen in wire.server.seen] == ["Bearer token-1", "Bearer token-2"]


def test_a_session_refused_twice_gives_up() -> None:
    expired = Reply(401, b'[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]')
    wire = Wire(each(expired))
    with pytest.raises(CredentialsRefused):
        wire.send(READ)

    assert (len(wire.server.seen), wire.signer.logins) == (2, 2)


def test_retry_after_is_obeyed_as_seconds_and_as_a_date() -> None:
    now = datetime.now(UTC)
    later = format_datetime(now + timedelta(seconds=90), usegmt=True)
    seconds = Reply(429, b"[]", {"Retry-After": "70"})
    date = Reply(429, b"[]", {"Retry-After": later, "Date": format_datetime(now, usegmt=True)})
    wire = Wire(each(seconds, date, Reply()))
    wire.send(READ)

    assert wire.waits[0] >= 70
    assert 80 <= wire.waits[1] <= 120


def test_a_server_that_asks_to_wait_for_hours_is_left() -> None:
    wire = Wire(each(Reply(503, b"", {"Retry-After": "86400"})))
    with pytest.raises(Retryable, match="86400"):
        wire.send(READ)

    assert wire.waits == []


def test_the_daily_limit_stops_at_once_and_the_concurrent_one_waits() -> None:
    total = Reply(403, b'[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]')
    concurrent = Reply(403, b'[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"ConcurrentRequests Limit exceeded."}]')
    with pytest.raises(QuotaExhausted):
        Wire(each(total)).send(READ)
    wire = Wire(each(concurrent, Reply()))
    wire.send(WRITE)

    assert len(wire.server.seen) == 2


def test_a_run_stops_at_its_share_of_the_organisations_calls() -> None:
    counter = CallCounter(usage=Usage(4_100, 5_000))
    with pytest.raises(QuotaExhausted, match="4100 of 5000"):
        CallBudget().check(counter, "acme")
    counter.by_endpoint["read"] += 7
    with pytest.raises(QuotaExhausted, match="7 calls"):
        CallBudget(most_calls=7).check(counter, "acme")


def test_the_organisations_usage_is_read_from_every_answer() -> None:
    wire = Wire(each(Reply(headers={"Sforce-Limit-Info": "api-usage=18/5000; per-app-api-usage=17/250(appName=x)"})))
    wire.send(READ)

    assert wire.counter.usage == Usage(18, 5000)


def test_a_refusal_is_permanent_and_says_what_the_vendor_said() -> None:
    reply = Reply(400, b'[{"message":"unexpected token: OR","errorCode":"MALFORMED_QUERY","fields":["A"]}]')
    with pytest.raises(SalesforceRefused, match="MALFORMED_QUERY: unexpected token: OR") as caught:
        Wire(each(reply)).send(READ)

    assert (caught.value.status, caught.value.code, caught.value.fields) == (400, "MALFORMED_QUERY", ("A",))


def test_a_redirect_to_another_host_is_not_followed() -> None:
    wire = Wire(each(Reply(302, b"", {"Location": "https://evil.example/"})))
    with pytest.raises(Permanent, match="redirect"):
        wire.send(READ)

    assert len(wire.server.seen) == 1


def test_a_body_cut_on_the_way_is_read_again() -> None:
    whole = b'{"records":[1,2,3]}'
    wire = Wire(each(Reply(200, whole, cut=6), Reply(200, whole)))

    assert wire.send(READ).json() == {"records": [1, 2, 3]}


def test_netrc_and_proxies_never_touch_a_loopback_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    wire = Wire(each(Reply()))
    wire.send(READ)

    assert wire.server.seen[0].headers["Authorization"] == "Bearer token-1"


@pytest.mark.parametrize(
    "name",
    [
        "salesforce",
        "http://acme.my.salesforce.com",
        "evil.example",
        "acme.my.salesforce.com.evil.example",
        "a@b.salesforce.com",
        "10.0.0.1:80",
        "acme.my.salesforce.com/path",
    ],
)
def test_foreign_hosts_are_refused(name: str) -> None:
    with pytest.raises(Exception, match="SALESFORCE_DOMAIN"):
        Host.parse(name, suffixes=("salesforce.com",), setting="SALESFORCE_DOMAIN")


def test_links_of_a_server_are_rejoined_to_the_pinned_host() -> None:
    host = Host.parse("acme.my.salesforce.com", suffixes=("salesforce.com",), setting="SALESFORCE_DOMAIN")

    assert host.url(host.rejoin("https://evil.example/services/data/v62.0/query/01g-2000?x=1", under="/services/data/")) == (
        "https://acme.my.salesforce.com/services/data/v62.0/query/01g-2000?x=1"
    )
    assert host.rejoin("//evil.example/services/data/", under="/services/data/") == "/services/data/"
    for link in (
        "https://evil.example/other",
        "/services/data/../../secret",
        "/services/data/%2e%2e/%2E%2e/secret",
        "/services/data/..",
        "/services/data/\r\nHost: x",
    ):
        with pytest.raises(Permanent):
            host.rejoin(link, under="/services/data/")
    with pytest.raises(Permanent):
        host.url("/services/data/\n")


def _bomb(size: int, *, layers: int = 1) -> bytes:
    packed = b'["' + b"0" * size + b'"]'
    for _ in range(layers):
        packed = gzip.compress(packed, 9)
    return packed


@pytest.mark.parametrize(("layers", "encoding"), [(1, "gzip"), (2, "gzip, gzip")])
def test_an_answer_that_unpacks_without_end_is_not_read_on_nor_asked_for_again(layers: int, encoding: str) -> None:
    packed = _bomb(400 << 20, layers=layers)
    wire = Wire(each(Reply(200, packed, {"Content-Type": "application/json", "Content-Encoding": encoding})))
    tracemalloc.start()
    with pytest.raises(Unreasonable, match="MiB"):
        wire.send(READ)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert wire.counter.by_endpoint["read"] == 1 and wire.waits == []
    assert peak < 3 * transport.MOST_BYTES


def test_a_file_may_be_large_but_not_a_thousand_times_what_was_sent(tmp_path: Path) -> None:
    def received(body: bytes) -> int:
        target = tmp_path / "body"
        wire = Wire(each(Reply(200, gzip.compress(body, 9), {"Content-Type": "text/csv", "Content-Encoding": "gzip"})))
        wire.send(replace(READ, expects_json=False), lambda _: target.open("wb"))
        return target.stat().st_size

    rows = b"".join(b"%d,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\r\n" % number for number in range(2_500_000))
    assert received(rows) == len(rows) > transport.MOST_BYTES
    with pytest.raises(Unreasonable, match="unpacked"):
        received(b"," * (2 * transport.MOST_BYTES))


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b'{"a":' * 300_000])
def test_json_nested_without_end_is_refused_at_once(body: bytes) -> None:
    wire = Wire(each(Reply(200, body, {"Content-Type": "application/json"})))
    begun = time.monotonic()
    with pytest.raises(Unreasonable, match="nested"):
        wire.send(READ)

    assert time.monotonic() - begun < 5 and wire.waits == [] and wire.counter.by_endpoint["read"] == 1


def test_a_write_whose_answer_is_not_read_on_has_an_unknown_outcome() -> None:
    with pytest.raises(OutcomeUnknown, match="read before writing"):
        Wire(each(Reply(200, b"[" * 100_000, {"Content-Type": "application/json"}))).send(WRITE)
