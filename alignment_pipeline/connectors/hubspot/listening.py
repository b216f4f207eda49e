"""HubSpot's form submissions as the fast lane listens to them: one call a poll for each form that may be a hand-raise.

Belongs here: polling and single people. Whether a submission is a hand-raise is decided by staging's own rule, not here. People are read by
object, never by search, which trails. Polls that the portal's Webhooks Journal spares: `form_signs.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from alignment_pipeline.agreement import patterns
from alignment_pipeline.agreement.activity_types import ActivitySource
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.calls import CallCounter
from alignment_pipeline.connectors.hubspot import few, log_extraction
from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.describe import Selection
from alignment_pipeline.connectors.hubspot.form_signs import FormSigns
from alignment_pipeline.connectors.hubspot.object_extraction import ObjectRun
from alignment_pipeline.connectors.hubspot.runs import HubSpotSource
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.webhooks_journal import App, WebhooksJournal
from alignment_pipeline.connectors.listening import RETRY, Catalogue, Entry, Values
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.remembered import Remembered
from alignment_pipeline.connectors.values import parse_stamp, stamp_text
from alignment_pipeline.contracts.systems.hubspot import HUBSPOT
from alignment_pipeline.contracts.systems.system import ActivityFeed, System
from alignment_pipeline.errors import ConfigurationError

#: Of an account on Professional; what the account really has is in the answers.
CALLS_A_DAY = 650_000
_FORMS_LIFE = timedelta(minutes=5)
_COSTS = 40
_FEED = next(feed for feed in HUBSPOT.feeds if feed.record == "form_submission")
_CONTACTS = next(stream for stream in HUBSPOT.streams if stream.object == "contacts")
_SUBMISSIONS = next(stream for stream in HUBSPOT.streams if stream.table == _FEED.table)
#: Values of a form that conditions of the agreement may name.
_OF_FORM = {"formId": "id", "formName": "name"}


def listen(environ: Mapping[str, str], clock: Clock, sources: Sequence[ActivitySource], catalogue: Catalogue) -> HubSpotLog:
    """The form submissions of the portal that the environment names."""
    session, app = HubSpotSession(Credentials.from_env(environ), clock, retry=RETRY), App.from_env(environ)
    signs = FormSigns(WebhooksJournal(session, app)) if app is not None else None
    return HubSpotLog(session, [one for one in sources if one.record == _FEED.record], signs)


@dataclass
class HubSpotLog:
    """The form submissions of one portal. Forms are listed every five minutes. `signs`: where the portal's journal is read, a poll asks the
    forms only when it tells of something, and every few seconds all the same."""

    session: HubSpotSession
    sources: Sequence[ActivitySource]
    signs: FormSigns | None = None
    system: System = HUBSPOT
    feed: ActivityFeed = _FEED

    def __post_init__(self) -> None:
        self._known = Remembered(self._ask)
        self._forms = Remembered(self._ask_for_forms, _FORMS_LIFE)
        self._polled = 1
        self._read_until = ""
        self._costs: deque[int] = deque(maxlen=_COSTS)

    @property
    def counter(self) -> CallCounter:
        """Calls so far."""
        return self.session.counter

    @property
    def calls_a_poll(self) -> float:
        """One for each form; what the last polls cost, where the journal spares some."""
        if self.signs is not None and self._costs:
            return sum(self._costs) / len(self._costs)
        return float(max(self._polled, 1))

    @property
    def remark(self) -> str | None:
        """See `Log`."""
        return self.signs.remark if self.signs is not None else None

    @property
    def calls_a_day(self) -> int:
        """As the last answer said."""
        return self.counter.usage.allowed if self.counter.usage is not None else CALLS_A_DAY

    @property
    def zone(self) -> ZoneInfo:
        """The account's."""
        return ZoneInfo(self.session.time_zone() or "UTC")

    def prepare(self) -> None:
        """See `Log`."""
        self._known.at(self.session.clock)
        self._hand_raise_forms()

    def token(self, since: datetime) -> str:
        """A moment: submissions bear the time when they were made."""
        return stamp_text(since)

    def poll(self, token: str) -> tuple[list[Entry], str]:
        """See `Log`. A submission without an address is left to the full run."""
        now, before = self.session.clock.now(), self.counter.total
        if self.signs is not None and not self.signs.is_due(now):
            self._costs.append(self.counter.since(before))
            return [], self._read_until or token
        entries = self._submissions(parse_stamp(token))
        if self.signs is not None:
            self.signs.polled(now)
        self._read_until = stamp_text(now)
        self._costs.append(self.counter.since(before))
        return entries, self._read_until

    def _submissions(self, since: datetime) -> list[Entry]:
        """Submissions of the forms since a moment."""
        entries = []
        for form in self._hand_raise_forms():
            for row in log_extraction.submissions(self.session, str(form["id"]), since):
                identity, moment, values = log_extraction.submission(form, row)
                if values["email"]:
                    entries.append(Entry(identity, str(values["email"]).strip().lower(), moment, values))
        return entries

    def persons(self, persons: Sequence[str]) -> pa.Table:
        """See `Log`: contacts by address."""
        given = self._contacts_pass(few.ids_by_email(self.session, persons))
        run = ObjectRun(given.source, _CONTACTS, given)
        now = self.session.clock.now()
        batches = RowBatches(_CONTACTS, known_at=now, fallback=now)
        rows = [batch for record in given.records() for batch in run.rows_of(batches, record, given.chosen)]
        return batches.table(rows)

    def rows(self, values: Iterable[Values]) -> pa.Table:
        """See `Log`."""
        now = self.session.clock.now()
        batches = RowBatches(_SUBMISSIONS, known_at=now, fallback=now)
        rows: list[pa.RecordBatch] = []
        for one in values:
            rows += batches.add(str(one["conversionId"]), parse_stamp(str(one["submittedAt"])), one)
        return batches.table(rows)

    def _contacts_pass(self, ids: Sequence[str]) -> few.Few:
        """A pass over these contacts."""
        source, selection = self._known.at(self.session.clock)
        return few.Few(source, _CONTACTS, selection=selection, ids=ids)

    def _ask(self) -> tuple[HubSpotSource, Selection]:
        source = HubSpotSource(self.session, plays_crm=self.session.credentials.is_crm)
        return source, few.Few(source, _CONTACTS).chosen

    def _ask_for_forms(self) -> list[log_extraction.Row]:
        forms = [form for form in log_extraction.forms(self.session) if self._may_be_hand_raise(form)]
        self._polled = len(forms)
        return forms

    def _hand_raise_forms(self) -> list[log_extraction.Row]:
        forms = self._forms.at(self.session.clock)
        if not self.sources:
            raise ConfigurationError(
                "the fast lane polls HubSpot's forms, and the agreement calls none a hand-raise: look at scoring.activity_types with "
                "category hand_raise"
            )
        return forms

    def _may_be_hand_raise(self, form: log_extraction.Row) -> bool:
        """Whether some submission of the form can be one, by what is known of the form itself."""
        values = {name: str(form.get(key) or "") for name, key in _OF_FORM.items()}
        conditions = [{name: wanted for name, wanted in one.where.items() if name in values} for one in self.sources]
        return any(all(patterns.matches_text(values[name], wanted) for name, wanted in one.items()) for one in conditions)
