"""A logged-in session: signed calls below `/services/data/vNN.0` of the pinned host.

Belongs here: the token's life and the paths. What is asked over it: `describe.py`, `rest_query.py`, `bulk_query.py`, `writes.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.answers import JSON, Answer
from alignment_pipeline.connectors.calls import CallBudget, CallCounter
from alignment_pipeline.connectors.retries import RetryPolicy
from alignment_pipeline.connectors.salesforce.credentials import Credentials
from alignment_pipeline.connectors.salesforce.identifiers import id18, is_id
from alignment_pipeline.connectors.salesforce.login import Login, log_in
from alignment_pipeline.connectors.salesforce.values import wire_value
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceJudge
from alignment_pipeline.connectors.server_clock import ServerClock
from alignment_pipeline.connectors.transport import Call, Sink, Timeouts, Transport
from alignment_pipeline.errors import ConfigurationError

CLIENT = {"Sforce-Call-Options": "client=alignment_pipeline"}
_JSON = {"Content-Type": "application/json; charset=UTF-8"}


@dataclass
class SalesforceSession(ServerClock):
    """One user's session. It logs in when first used, and once more whenever the token is refused. One thread each."""

    credentials: Credentials
    clock: Clock
    counter: CallCounter = field(default_factory=CallCounter)
    budget: CallBudget = field(default_factory=CallBudget)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeouts: Timeouts = field(default_factory=Timeouts)
    _login: Login | None = field(default=None, repr=False)
    _transport: Transport | None = field(default=None, repr=False)
    serves_batches: bool = True
    server_date: datetime | None = None

    def headers(self) -> Mapping[str, str]:
        """Authorisation of a signed call (`Signer`)."""
        return {"Authorization": f"Bearer {self.login().token}"}

    def renew(self) -> None:
        """Forget the token (`Signer`)."""
        self._login = None

    def login(self) -> Login:
        """The present login, made now when there is none."""
        if self._login is None:
            anonymous = Transport(
                self.credentials.host,
                SalesforceJudge(self.counter),
                self.clock,
                counter=self.counter,
                budget=self.budget,
                retry=self.retry,
                timeouts=self.timeouts,
            )
            self._login = log_in(self.credentials, anonymous)
        return self._login

    @property
    def base(self) -> str:
        """`/services/data/vNN.0`."""
        return f"/services/data/v{self.credentials.api_version}"

    def send(self, call: Call, sink: Sink | None = None) -> Answer:
        """Send a call whose path is absolute on the host."""
        if self._transport is None:
            self._transport = Transport(
                self.login().host,
                SalesforceJudge(self.counter),
                self.clock,
                signer=self,
                counter=self.counter,
                budget=self.budget,
                retry=self.retry,
                timeouts=self.timeouts,
            )
        answer = self._transport.send(call, sink)
        self.server_date = answer.date or self.server_date
        return answer

    def get(self, path: str, endpoint: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """GET a path below `base`."""
        return self.send(Call("GET", self.base + path, endpoint, params=params or {}, headers={**CLIENT, **(headers or {})}))

    def follow(self, link: str, endpoint: str) -> Answer:
        """GET a link that the server supplied, on the pinned host only."""
        path = self.login().host.rejoin(link, under="/services/data/")
        return self.send(Call("GET", path, endpoint, headers=CLIENT))

    def ask(self, path: str, endpoint: str, body: JSON) -> Answer:
        """POST a JSON body that changes no record, so that it may be repeated (batches of reads, job creation)."""
        return self.send(Call("POST", self.base + path, endpoint, headers={**CLIENT, **_JSON}, body=_encode(body)))

    def write(
        self,
        method: str,
        path: str,
        endpoint: str,
        body: JSON,
        *,
        headers: Mapping[str, str] | None = None,
        accept: frozenset[int] = frozenset(),
    ) -> Answer:
        """Send a JSON body that changes records: never repeated blindly, never with assignment rules."""
        every = {**CLIENT, **_JSON, "Sforce-Auto-Assign": "FALSE", **(headers or {})}
        return self.send(Call(method, self.base + path, endpoint, headers=every, body=_encode(body), is_repeatable=False, accept=accept))

    @property
    def organization_id(self) -> str:
        """The organisation's 18-character id: from the login, or asked for (one call)."""
        known = self.login().organization_id
        if known:
            return known
        records = self.get("/query", "organization", params={"q": "SELECT Id FROM Organization"}).json().get("records") or [{}]
        org_id = str(records[0].get("Id"))
        if not is_id(org_id):
            raise ConfigurationError("The organisation does not tell its id; the integration user needs read access to Organization")
        return id18(org_id)

    def check_organization(self) -> None:
        """Raise ConfigurationError when SALESFORCE_ORG_ID names another organisation than the one that answered."""
        expected = self.credentials.expected_organization_id
        if expected is None:
            return
        if not is_id(expected) or id18(expected) != self.organization_id:
            raise ConfigurationError(
                f"SALESFORCE_ORG_ID is {expected}, but {self.login().host.name} is organisation {self.organization_id}; nothing was written"
            )

    def limits(self) -> dict[str, Any]:
        """`GET /limits`: name -> {Max, Remaining}."""
        body: dict[str, Any] = self.get("/limits", "limits").json()
        return body


def _encode(body: JSON) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=wire_value).encode("utf-8")
