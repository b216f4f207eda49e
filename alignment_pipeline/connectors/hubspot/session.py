"""A HubSpot session: the token, the pace, and signed calls.

Belongs here: the token's life, the shape of calls, and how fast they go. What is asked: `objects.py`, `log_extraction.py`, `describe.py`.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors import redaction
from alignment_pipeline.connectors.answers import JSON, Answer
from alignment_pipeline.connectors.calls import CallBudget, CallCounter
from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotJudge
from alignment_pipeline.connectors.retries import RetryPolicy
from alignment_pipeline.connectors.server_clock import ServerClock
from alignment_pipeline.connectors.transport import Call, Sink, Timeouts, Transport
from alignment_pipeline.errors import ConfigurationError, CredentialsRefused, Retryable

_LEAST_LIFE = timedelta(seconds=60)
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON = {"Content-Type": "application/json"}


@dataclass
class Pace:
    """At most `calls` in any `seconds`: below what the vendor allows, since other apps and people search too."""

    calls: int
    seconds: float
    _recent: deque[datetime] = field(default_factory=deque, repr=False)

    def keep(self, clock: Clock) -> None:
        """Wait until one more call fits."""
        now, window = clock.now(), timedelta(seconds=self.seconds)
        while self._recent and now - self._recent[0] >= window:
            self._recent.popleft()
        if len(self._recent) >= self.calls:
            clock.sleep((self._recent.popleft() + window - now).total_seconds())
        self._recent.append(clock.now())


@dataclass
class HubSpotSession(ServerClock):
    """One app's session in one portal. One thread each."""

    credentials: Credentials
    clock: Clock
    counter: CallCounter = field(default_factory=CallCounter)
    budget: CallBudget = field(default_factory=CallBudget)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeouts: Timeouts = field(default_factory=Timeouts)
    pace: Pace = field(default_factory=lambda: Pace(90, 10.0))
    search_pace: Pace = field(default_factory=lambda: Pace(4, 1.05))
    server_date: datetime | None = None
    _token: str | None = field(default=None, repr=False)
    _good_until: datetime | None = field(default=None, repr=False)
    _transport: Transport | None = field(default=None, repr=False)
    _account: Mapping[str, Any] | None = field(default=None, repr=False)

    def headers(self) -> Mapping[str, str]:
        """Authorisation of a signed call (`Signer`). OAuth tokens are renewed by the clock: a 401 is no sure sign of their end."""
        if self.credentials.access_token is not None:
            return {"Authorization": f"Bearer {self.credentials.access_token}"}
        if self._token is None or (self._good_until is not None and self.clock.now() >= self._good_until):
            self._log_in()
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> None:
        """Forget the token (`Signer`)."""
        self._token = None

    def send(self, call: Call, sink: Sink | None = None, *, is_search: bool = False) -> Answer:
        """Send a call at the session's pace."""
        (self.search_pace if is_search else self.pace).keep(self.clock)
        if self._transport is None:
            self._transport = self._new_transport(signed=True)
        answer = self._transport.send(call, sink)
        self.server_date = answer.date or self.server_date
        return answer

    def get(self, path: str, endpoint: str, params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """GET a JSON object."""
        return _object(self.send(Call("GET", path, endpoint, params=dict(params or {}))), endpoint)

    def ask(self, path: str, endpoint: str, body: JSON, *, is_search: bool = False) -> Mapping[str, Any]:
        """POST a JSON body that changes no record, so that it may be repeated (searches, batch reads)."""
        return _object(self.send(Call("POST", path, endpoint, headers=_JSON, body=_encode(body)), is_search=is_search), endpoint)

    def write(self, path: str, endpoint: str, body: JSON, *, method: str = "POST", is_repeatable: bool = False) -> Mapping[str, Any]:
        """Send a body that changes records. OutcomeUnknown when the answer is lost and the call may not be repeated."""
        call = Call(method, path, endpoint, headers=_JSON, body=_encode(body), is_repeatable=is_repeatable)
        answer = self.send(call)
        return {} if answer.status == 204 or not answer.body else _object(answer, endpoint)

    def portal_id(self) -> str:
        """The portal's id. ConfigurationError when HUBSPOT_PORTAL_ID names another one."""
        portal = str(self._details().get("portalId") or "")
        expected = self.credentials.expected_portal_id
        if expected is not None and expected != portal:
            raise ConfigurationError(f"HUBSPOT_PORTAL_ID is {expected}, but the token belongs to portal {portal}")
        return portal

    def time_zone(self) -> str | None:
        """The account's time zone, None where it names none that is known."""
        try:
            return ZoneInfo(str(self._details().get("timeZone") or "")).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None

    def _details(self) -> Mapping[str, Any]:
        """What the account says of itself, asked once."""
        if self._account is None:
            self._account = self.get("/account-info/v3/details", "account")
        return self._account

    def _log_in(self) -> None:
        given = self.credentials
        form = {
            "grant_type": "refresh_token",
            "client_id": str(given.client_id),
            "client_secret": str(given.client_secret),
            "refresh_token": str(given.refresh_token),
        }
        call = Call("POST", "/oauth/v1/token", "login", headers=_FORM, body=urlencode(form).encode(), is_signed=False)
        body = self._new_transport(signed=False).send(call).json()
        token = body.get("access_token") if isinstance(body, Mapping) else None
        if not isinstance(token, str) or not token:
            raise CredentialsRefused(f"login: {given.host.name} answered without an access_token")
        redaction.PROCESS.add(token)
        self._token = token
        self._good_until = self.clock.now() + timedelta(seconds=float(body.get("expires_in") or 1_800)) - _LEAST_LIFE

    def _new_transport(self, *, signed: bool) -> Transport:
        return Transport(
            self.credentials.host,
            HubSpotJudge(self.counter, is_static=self.credentials.is_static),
            self.clock,
            signer=self if signed else None,
            counter=self.counter,
            budget=self.budget,
            retry=self.retry,
            timeouts=self.timeouts,
        )


def _object(answer: Answer, endpoint: str) -> Mapping[str, Any]:
    body = answer.json()
    if not isinstance(body, Mapping):
        raise Retryable(f"{endpoint}: the answer is no object")
    return body


def _encode(body: JSON) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
