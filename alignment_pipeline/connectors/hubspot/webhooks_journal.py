"""HubSpot's Webhooks Journal: what changed in the portal, told in files that an app fetches.

Belongs here: the app's token, the calls, and reading a file. When its news makes the forms worth a poll: `form_signs.py`.
Facts and doubts: docs/adr/0080-the-webhooks-journal-says-when-to-poll.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from alignment_pipeline.connectors import redaction
from alignment_pipeline.connectors.answers import Answer
from alignment_pipeline.connectors.calls import CallCounter
from alignment_pipeline.connectors.credentials import secret
from alignment_pipeline.connectors.hosts import Host
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotJudge
from alignment_pipeline.connectors.retries import RetryPolicy
from alignment_pipeline.connectors.transport import TAKE, Call, Signer, Timeouts, Transport, Verdict
from alignment_pipeline.errors import ConfigurationError, CredentialsRefused, Permanent, Retryable

VARIABLES = ("HUBSPOT_JOURNAL_CLIENT_ID", "HUBSPOT_JOURNAL_CLIENT_SECRET")
READ, SUBSCRIPTIONS = "developer.webhooks_journal.read", "developer.webhooks_journal.subscriptions.read"
#: Hosts of the files. No document names them; its examples show S3.
FILE_HOSTS = ("amazonaws.com", "hubspot.com", "hubapi.com")
#: Entries that one call asks for.
ENTRIES = 10
_VERSION = "2026-03"
_JOURNAL, _SUBSCRIPTIONS = f"/webhooks-journal/journal-local/{_VERSION}", f"/webhooks-journal/subscriptions/{_VERSION}"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_LEAST_LIFE = timedelta(seconds=60)
# the forms can be polled without the journal, so it is not waited for
_ONCE, _SHORT = RetryPolicy(tries=1), Timeouts(connect=2.0, read=3.0)
Event = Mapping[str, Any]


@dataclass(frozen=True)
class App:
    """The app of HubSpot's developer platform that is installed in the portal and has subscribed to its contacts."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> App | None:
        """None where no journal is configured. ConfigurationError where half of it is."""
        given = [secret(environ, name) for name in VARIABLES]
        missing = [name for name, value in zip(VARIABLES, given, strict=True) if value is None]
        if len(missing) == len(VARIABLES):
            return None
        if missing:
            raise ConfigurationError(f"{missing[0]} is not set. HubSpot's Webhooks Journal needs both {' and '.join(VARIABLES)}")
        return cls(*(str(value) for value in given))


@dataclass(frozen=True)
class JournalEntry:
    """One entry: where it stands in the journal, and where its file is."""

    offset: str
    url: str


@dataclass
class WebhooksJournal:
    """The journal of one portal. Each call is tried once and for a few seconds. Its calls count with the session's."""

    session: HubSpotSession
    app: App
    scope: str = READ
    _token: str | None = field(default=None, repr=False)
    _good_until: datetime | None = field(default=None, repr=False)
    _transport: Transport | None = field(default=None, repr=False)
    _files: dict[str, Transport] = field(default_factory=dict, repr=False)

    def headers(self) -> Mapping[str, str]:
        """Authorisation by the app's own token (`Signer`): the portal's is not accepted here."""
        if self._token is None or (self._good_until is not None and self.session.clock.now() >= self._good_until):
            self._log_in()
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> None:
        """Log in again next time (`Signer`)."""
        self._token = None

    def latest(self) -> list[JournalEntry]:
        """The last entry; none in an empty journal."""
        return self._entries(f"{_JOURNAL}/batch/latest/1")

    def after(self, offset: str) -> list[JournalEntry]:
        """Up to `ENTRIES` entries after one. HubSpotRefused 404 where that one is older than three days."""
        return self._entries(f"{_JOURNAL}/batch/{quote(offset, safe='')}/next/{ENTRIES}")

    def events(self, entry: JournalEntry) -> list[Event]:
        """The events of an entry's file. Permanent or Retryable where the file is not where it may be, or cannot be read."""
        parts = _parts(entry.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        answer = self._of_host(parts).send(Call("GET", path, "journal file", is_signed=False))
        body = answer.json()
        events = body.get("journalEvents") if isinstance(body, Mapping) else None
        if not isinstance(events, list) or not all(isinstance(one, Mapping) for one in events):
            raise Permanent(f"journal file: no list of events ({answer.fingerprint})")
        return events

    def subscriptions(self) -> list[Event]:
        """What the app has subscribed to in this portal; needs the scope `SUBSCRIPTIONS`."""
        rows = self._get(_SUBSCRIPTIONS, {}).get("results")
        mine = (one for one in rows if isinstance(one, Mapping)) if isinstance(rows, list) else ()
        return [one for one in mine if str(one.get("portalId")) == self.session.portal_id()]

    def _entries(self, path: str) -> list[JournalEntry]:
        rows = self._get(path, {"installPortalId": self.session.portal_id()}).get("results") or []
        if not isinstance(rows, list):
            raise Retryable("journal: the answer has no list of entries")
        return [JournalEntry(str(one["currentOffset"]), str(one.get("url") or "")) for one in rows if _is_entry(one)]

    def _get(self, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        if self._transport is None:
            self._transport = self._new_transport(self)
        answer = self._transport.send(Call("GET", path, "journal", params=params))
        body = {} if answer.status == 204 else answer.json()
        if not isinstance(body, Mapping):
            raise Retryable("journal: the answer is no object")
        return body

    def _log_in(self) -> None:
        """A token of the app itself."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.app.client_id,
            "client_secret": self.app.client_secret,
            "scope": self.scope,
        }
        call = Call("POST", "/oauth/v1/token", "journal login", headers=_FORM, body=urlencode(form).encode(), is_signed=False)
        body = self._new_transport(None).send(call).json()
        token = body.get("access_token") if isinstance(body, Mapping) else None
        if not isinstance(token, str) or not token:
            raise CredentialsRefused("journal login: the answer has no access_token")
        redaction.PROCESS.add(token)
        self._token = token
        self._good_until = self.session.clock.now() + timedelta(seconds=float(body.get("expires_in") or 1_800)) - _LEAST_LIFE

    def _new_transport(self, signer: Signer | None) -> Transport:
        # what its answers say of usage is the app's, not the portal's
        judge = HubSpotJudge(CallCounter(), is_static=False, login=VARIABLES)
        host, clock, counter = self.session.credentials.host, self.session.clock, self.session.counter
        return Transport(host, judge, clock, signer=signer, counter=counter, retry=_ONCE, timeouts=_SHORT)

    def _of_host(self, parts: SplitResult) -> Transport:
        """Unsigned calls to a file's host: https, of an allowed name. This machine only where the API itself is here."""
        try:
            host = Host.parse(f"{parts.scheme}://{parts.netloc}", suffixes=FILE_HOSTS, setting="the address of a journal file")
        except ConfigurationError as error:
            raise Permanent(f"{error}; it was not fetched") from error
        if host.is_loopback and not self.session.credentials.host.is_loopback:
            raise Permanent("the address of a journal file is on this machine; it was not fetched")
        if host.name not in self._files:
            self._files[host.name] = Transport(host, _of_file, self.session.clock, retry=_ONCE, timeouts=_SHORT)
        return self._files[host.name]


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise Permanent(f"the address of a journal file cannot be read ({error}); it was not fetched") from error


def _is_entry(row: Any) -> bool:
    return isinstance(row, Mapping) and isinstance(row.get("currentOffset"), str) and bool(row["currentOffset"])


def _of_file(call: Call, answer: Answer) -> Verdict:
    """A file is there, or its address is no longer good."""
    if answer.status == 200:
        return TAKE
    text = f"{call.endpoint}: {answer.status} ({answer.fingerprint})"
    return Verdict(error=Retryable(text) if answer.status >= 500 else Permanent(f"{text}: its address has expired or is refused"))


def subscribed(subscriptions: Sequence[Event], object_type: str) -> list[Event]:
    """Living subscriptions to records of a type."""
    return [one for one in subscriptions if str(one.get("objectTypeId")) == object_type and not one.get("deletedAt")]
