"""One HTTP layer under every connector: pinned host, timeouts, bounded retries, one renewal of the token, redaction, counting.

Belongs here: sending one call until it has an answer or a clear error. What a vendor's answer means is said by the `Judge` that
the vendor supplies (`salesforce/verdicts.py`, `marketo/verdicts.py`); backoff arithmetic is `retries.py`. urllib3's own retries stay
off: they would repeat PUT and DELETE blindly.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests
import urllib3
from requests.adapters import HTTPAdapter

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors import redaction
from alignment_pipeline.connectors.answers import Answer, NotJson, Unreasonable
from alignment_pipeline.connectors.calls import CallBudget, CallCounter
from alignment_pipeline.connectors.hosts import Host
from alignment_pipeline.connectors.retries import RetryPolicy, retry_after
from alignment_pipeline.errors import AlignmentError, CredentialsRefused, OutcomeUnknown, Permanent, Retryable

_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError)
#: No page of a vendor's API comes near it; files are streamed, and are as large as they are.
MOST_BYTES = 64 << 20
#: How much larger than what was sent a large file may be. CSV with mostly empty columns packs to a fiftieth; gzip can do a thousandth.
MOST_UNPACKED = 200
_PIECE = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Call:
    """One request. `endpoint` is its name in counts and messages, without ids.

    `is_repeatable` says that sending it twice does no harm (reads, and requests that change no record); a call that is not
    repeatable raises OutcomeUnknown as soon as its answer is lost. `accept` lists further statuses the caller reads itself;
    `headers_now` gives headers that differ from try to try (the Range of a broken download).
    """

    method: str
    path: str
    endpoint: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    is_repeatable: bool = True
    expects_json: bool = True
    accept: frozenset[int] = frozenset()
    is_signed: bool = True
    headers_now: Callable[[], Mapping[str, str]] = dict


@dataclass(frozen=True)
class Verdict:
    """What to do with an answer: take it (`error` None), renew the token, repeat, or raise `error`.

    `is_refusal` says that the vendor did not begin the work, so that even a write may be repeated.
    """

    error: AlignmentError | None = None
    renew: bool = False
    repeat: bool = False
    is_refusal: bool = False
    least_wait: float = 0.0


TAKE = Verdict()
Judge = Callable[[Call, Answer], Verdict]


Sink = Callable[[int], AbstractContextManager[Any]]
"""Opens the place a body is streamed to, again for each try; it gets the status (200: from the start, 206: go on)."""


class Signer(Protocol):
    """Who signs calls: gives the authorisation headers, and renews them when the vendor refused the present ones."""

    def headers(self) -> Mapping[str, str]:
        """Headers of a signed call, logging in first when need be."""

    def renew(self) -> None:
        """Forget the present token, so that the next `headers` logs in again."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait for a connection, and between two bytes of an answer. Real seconds, not the clock's."""

    connect: float = 5.0
    read: float = 60.0


@dataclass
class Transport:
    """Sends calls to one pinned host. One transport belongs to one thread."""

    host: Host
    judge: Judge
    clock: Clock
    signer: Signer | None = None
    counter: CallCounter = field(default_factory=CallCounter)
    budget: CallBudget = field(default_factory=CallBudget)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeouts: Timeouts = field(default_factory=Timeouts)
    redact: redaction.Redactor = field(default=redaction.PROCESS, repr=False)
    session: requests.Session = field(default_factory=lambda: _session(), repr=False)

    def __post_init__(self) -> None:
        # A proxy would be asked for 127.0.0.1 in vain, and ~/.netrc must never replace our Authorization header.
        self.session.trust_env = not self.host.is_loopback

    def send(self, call: Call, sink: Sink | None = None) -> Answer:
        """Send until answered. With `sink` (opened again for each try) the body of a 2xx is streamed there,
        unless it is JSON, which the judge reads.

        Raises Permanent or a kin (refused), QuotaExhausted, Retryable (gave up), OutcomeUnknown (a write whose answer was lost).
        """
        tries = hangs = 0
        renewed = False
        while True:
            self.budget.check(self.counter, self.host.name)
            signature = dict(self.signer.headers()) if self.signer and call.is_signed else {}
            tries += 1
            try:
                answer = self._once(call, signature, sink)
                verdict = self._verdict(call, answer)
            except Unreasonable as failure:
                if call.is_repeatable:
                    raise
                raise OutcomeUnknown(f"{failure}; sent, but its outcome is unknown: read before writing again") from failure
            except _FAILURES as failure:
                hangs += _is_hang(failure)
                verdict = self._lost(call, failure)
            if verdict.renew and self.signer and not renewed:
                renewed = True
                self.signer.renew()
                continue
            if verdict.renew:
                raise CredentialsRefused(f"{call.endpoint}: refused again right after a new login; not tried again") from verdict.error
            if verdict.error is None:
                return answer
            if not verdict.repeat:
                raise verdict.error
            if not (call.is_repeatable or verdict.is_refusal):
                raise OutcomeUnknown(f"{call.endpoint}: sent, but its outcome is unknown ({verdict.error}); read before writing again")
            if tries >= self.retry.tries or hangs >= self.retry.tries_of_timeouts:
                raise Retryable(f"{call.endpoint}: gave up after {tries} tries; the last: {verdict.error}") from verdict.error
            if verdict.least_wait > self.retry.longest_retry_after_seconds:
                raise Retryable(f"{call.endpoint}: the server asks to wait {verdict.least_wait:.0f} s; try again then") from verdict.error
            self.clock.sleep(self.retry.wait(tries, least=verdict.least_wait))

    def _once(self, call: Call, signature: Mapping[str, str], sink: Sink | None) -> Answer:
        self.counter.by_endpoint[call.endpoint] += 1
        response = self.session.request(
            call.method,
            self.host.url(call.path),
            params=dict(call.params) or None,
            data=call.body,
            headers={"Accept": "application/json", **call.headers, **call.headers_now(), **signature},
            timeout=(self.timeouts.connect, self.timeouts.read),
            allow_redirects=False,
            stream=True,
            auth=_keep_headers,
        )
        try:
            if sink is not None and 200 <= response.status_code < 300:
                body = _stream(_pieces(response, call.endpoint, most=None), response, sink, call.endpoint)
            else:
                body = b"".join(_pieces(response, call.endpoint, most=MOST_BYTES))
        finally:
            response.close()
        return Answer(response.status_code, response.headers, body, call.endpoint)

    def _verdict(self, call: Call, answer: Answer) -> Verdict:
        if answer.status in _REDIRECTS:
            return Verdict(
                error=Permanent(
                    f"{call.endpoint}: {self.host.name} answers with a redirect ({answer.status}); redirects are not followed. "
                    "Set the domain to the organisation's own host name."
                )
            )
        try:
            verdict = self.judge(call, answer)
        except NotJson as error:
            verdict = Verdict(error=error, repeat=True)
        asked = retry_after(answer.headers, answer.date or self.clock.now())
        if verdict.repeat and asked is not None:
            verdict = Verdict(verdict.error, repeat=True, is_refusal=verdict.is_refusal, least_wait=max(asked, verdict.least_wait))
        return verdict

    def _lost(self, call: Call, failure: Exception) -> Verdict:
        text = f"{call.endpoint}: {self.host.name}: {type(failure).__name__}: {self.redact(str(failure))[:300]}"
        if isinstance(failure, requests.exceptions.SSLError):
            return Verdict(error=Permanent(f"{text}. The certificate was not accepted; REQUESTS_CA_BUNDLE names a private authority."))
        if isinstance(failure, (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader, requests.exceptions.InvalidProxyURL)):
            return Verdict(error=Permanent(text))
        not_sent = isinstance(failure, (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError)) or _never_connected(failure)
        return Verdict(error=Retryable(text), repeat=True, is_refusal=not_sent)


def _pieces(response: requests.Response, endpoint: str, *, most: int | None) -> Iterator[bytes]:
    """The body in pieces, unpacked a little at a time. Raises Unreasonable once it is larger than `most`, or than what was sent can be."""
    size = 0
    for piece in response.iter_content(_PIECE):
        size += len(piece)
        sent = response.raw.tell() or 1
        if (most is not None and size > most) or (size > MOST_BYTES and size > MOST_UNPACKED * sent):
            raise Unreasonable(
                f"{endpoint}: {response.status_code} with a body of more than {size >> 20} MiB, unpacked from {sent >> 10} KiB; not read on"
            )
        yield piece


def _stream(pieces: Iterator[bytes], response: requests.Response, sink: Sink, endpoint: str) -> bytes:
    """Write the body to the sink. A JSON object where a file was asked for is an error with status 200: that is given back."""
    first = next(pieces, b"")
    if "json" in response.headers.get("Content-Type", "").lower() and first.lstrip()[:1] == b"{":
        body = bytearray(first)
        for piece in pieces:
            body += piece
            if len(body) > MOST_BYTES:
                raise Unreasonable(f"{endpoint}: {response.status_code} with JSON of more than {MOST_BYTES >> 20} MiB; not read on")
        return bytes(body)
    with sink(response.status_code) as target:
        target.write(first)
        for piece in pieces:
            target.write(piece)
    return b""


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _is_hang(failure: Exception) -> bool:
    """A read that timed out inside the body surfaces as requests' ConnectionError, wrapped around urllib3's ReadTimeoutError."""
    inner = failure.args[0] if failure.args else None
    return isinstance(failure, requests.Timeout) or isinstance(inner, urllib3.exceptions.ReadTimeoutError)


def _never_connected(failure: Exception) -> bool:
    """A refused or unresolvable connection carries urllib3's NewConnectionError: the request was never on the wire."""
    reason = failure.args[0] if failure.args else None
    cause = getattr(reason, "reason", reason)
    return isinstance(cause, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.NameResolutionError))


def _session() -> requests.Session:
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=2, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = "alignment_pipeline"
    bundle = os.environ.get("SSL_CERT_FILE")
    if bundle and not (os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")):
        session.verify = bundle
    return session
