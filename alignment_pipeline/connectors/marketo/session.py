"""A Marketo session: the token, the pace, and signed calls.

Belongs here: the token's life and the shape of calls. What is asked: `leads.py`, `activities.py`, `bulk_extract.py`, `writes.py`.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors import redaction
from alignment_pipeline.connectors.answers import JSON, Answer
from alignment_pipeline.connectors.calls import CallBudget, CallCounter
from alignment_pipeline.connectors.marketo.credentials import Credentials
from alignment_pipeline.connectors.marketo.verdicts import judge
from alignment_pipeline.connectors.retries import RetryPolicy
from alignment_pipeline.connectors.server_clock import ServerClock
from alignment_pipeline.connectors.transport import Call, Sink, Timeouts, Transport
from alignment_pipeline.errors import CredentialsRefused

_LEAST_LIFE = timedelta(seconds=60)
# Addresses above 8 KB are refused; the form goes into the body then.
_LONGEST_ADDRESS = 6_000
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Pace:
    """At most `calls` in any `seconds`: half of what the whole subscription may do, since others use it too."""

    calls: int = 50
    seconds: float = 20.0


@dataclass
class MarketoSession(ServerClock):
    """One API user's session. One thread each."""

    credentials: Credentials
    clock: Clock
    counter: CallCounter = field(default_factory=CallCounter)
    budget: CallBudget = field(default_factory=CallBudget)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeouts: Timeouts = field(default_factory=Timeouts)
    pace: Pace = field(default_factory=Pace)
    server_date: datetime | None = None
    _token: str | None = field(default=None, repr=False)
    _good_until: datetime | None = field(default=None, repr=False)
    _transport: Transport | None = field(default=None, repr=False)
    _recent: deque[datetime] = field(default_factory=deque, repr=False)

    def headers(self) -> Mapping[str, str]:
        """Authorisation of a signed call (`Signer`). A token with less than a minute left is renewed first."""
        if self._token is None or (self._good_until is not None and self.clock.now() >= self._good_until):
            self._log_in()
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> None:
        """Forget the token (`Signer`)."""
        self._token = None

    def send(self, call: Call, sink: Sink | None = None) -> Answer:
        """Send a call at the session's pace."""
        self._keep_pace()
        if self._transport is None:
            self._transport = self._new_transport(signed=True)
        answer = self._transport.send(call, sink)
        self.server_date = answer.date or self.server_date
        return answer

    def get(self, path: str, endpoint: str, params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """GET a JSON answer; long parameters go as a form that the server treats as a GET."""
        values = dict(params or {})
        if len(urlencode(values)) > _LONGEST_ADDRESS:
            body = urlencode(values).encode()
            answer = self.send(Call("POST", path, endpoint, params={"_method": "GET"}, headers=_FORM, body=body))
        else:
            answer = self.send(Call("GET", path, endpoint, params=values))
        content: Mapping[str, Any] = answer.json()
        return content

    def post(self, path: str, endpoint: str, body: JSON, *, is_repeatable: bool) -> Mapping[str, Any]:
        """POST a JSON body."""
        text = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
        call = Call("POST", path, endpoint, headers={"Content-Type": "application/json"}, body=text, is_repeatable=is_repeatable)
        content: Mapping[str, Any] = self.send(call).json()
        return content

    def _log_in(self) -> None:
        params = {
            "grant_type": "client_credentials",
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret,
        }
        answer = self._new_transport(signed=False).send(Call("GET", "/identity/oauth/token", "login", params=params, is_signed=False))
        body = answer.json()
        token = body.get("access_token") if isinstance(body, Mapping) else None
        if not isinstance(token, str) or not token:
            raise CredentialsRefused(f"login: {self.credentials.host.name} answered without an access_token")
        redaction.PROCESS.add(token)
        # Asked before its end, the same token comes back with the rest of its life, so a token about to end is used up first.
        life = timedelta(seconds=float(body.get("expires_in") or 0))
        self._token = token
        self._good_until = self.clock.now() + max(life - _LEAST_LIFE, min(life, timedelta(seconds=1)))

    def _new_transport(self, *, signed: bool) -> Transport:
        return Transport(
            self.credentials.host,
            judge,
            self.clock,
            signer=self if signed else None,
            counter=self.counter,
            budget=self.budget,
            retry=self.retry,
            timeouts=self.timeouts,
        )

    def _keep_pace(self) -> None:
        now = self.clock.now()
        window = timedelta(seconds=self.pace.seconds)
        while self._recent and now - self._recent[0] >= window:
            self._recent.popleft()
        if len(self._recent) >= self.pace.calls:
            self.clock.sleep((self._recent.popleft() + window - now).total_seconds())
        self._recent.append(self.clock.now())
