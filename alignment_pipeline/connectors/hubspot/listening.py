"""HubSpot's form submissions as the fast lane listens to them: one call a poll for each form that may be a hand-raise.

Belongs here: polling and single people. Whether a submission is a hand-raise is decided by staging's own rule, not here. People are read by
object, never by search, which trails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from alignment_pipeline.connectors.hubspot.object_extraction import ObjectRun
from alignment_pipeline.connectors.hubspot.runs import HubSpotSource
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.listening import Catalogue, Entry, Values
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.values import parse_stamp, stamp_text
from alignment_pipeline.contracts.systems.hubspot import HUBSPOT
from alignment_pipeline.contracts.systems.system import ActivityFeed, System
from alignment_pipeline.errors import ConfigurationError

#: Of an account on Professional; what the account really has is in the answers.
CALLS_A_DAY = 650_000
_FORMS_LIFE, _SCHEMA_LIFE = timedelta(minutes=5), timedelta(hours=1)
_FEED = next(feed for feed in HUBSPOT.feeds if feed.record == "form_submission")
_CONTACTS = next(stream for stream in HUBSPOT.streams if stream.object == "contacts")
_SUBMISSIONS = next(stream for stream in HUBSPOT.streams if stream.table == _FEED.table)
#: Values of a form that conditions of the agreement may name.
_OF_FORM = {"formId": "id", "formName": "name"}


def listen(environ: Mapping[str, str], clock: Clock, sources: Sequence[ActivitySource], catalogue: Catalogue) -> HubSpotLog:
    """The form submissions of the portal that the environment names."""
    return HubSpotLog(HubSpotSession(Credentials.from_env(environ), clock), [one for one in sources if one.record == _FEED.record])


@dataclass
class HubSpotLog:
    """The form submissions of one portal. Forms are listed every five minutes."""

    session: HubSpotSession
    sources: Sequence[ActivitySource]
    system: System = HUBSPOT
    feed: ActivityFeed = _FEED
    _forms: list[log_extraction.Row] = field(default_factory=list)
    _forms_at: datetime | None = None
    _source: HubSpotSource | None = None
    _selection: Selection | None = None
    _prepared_at: datetime | None = None

    @property
    def counter(self) -> CallCounter:
        """Calls so far."""
        return self.session.counter

    @property
    def calls_a_poll(self) -> float:
        """One for each form."""
        return float(max(len(self._forms), 1))

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
        self._contacts_pass([])
        self._hand_raise_forms()

    def token(self, since: datetime) -> str:
        """A moment: submissions bear the time when they were made."""
        return stamp_text(since)

    def poll(self, token: str) -> tuple[list[Entry], str]:
        """See `Log`. A submission without an address is left to the full run."""
        now, since = self.session.clock.now(), parse_stamp(token)
        entries = []
        for form in self._hand_raise_forms():
            for row in log_extraction.submissions(self.session, str(form["id"]), since):
                identity, moment, values = log_extraction.submission(form, row)
                if values["email"]:
                    entries.append(Entry(identity, str(values["email"]).strip().lower(), moment, values))
        return entries, stamp_text(now)

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
        """A pass over these contacts; what the portal has of properties is asked once an hour."""
        now = self.session.clock.now()
        if self._source is None or self._prepared_at is None or now - self._prepared_at >= _SCHEMA_LIFE:
            self._source = HubSpotSource(self.session, plays_crm=self.session.credentials.is_crm)
            self._selection = few.Few(self._source, _CONTACTS).chosen
            self._prepared_at = now
        return few.Few(self._source, _CONTACTS, selection=self._selection, ids=ids)

    def _hand_raise_forms(self) -> Iterator[log_extraction.Row]:
        now = self.session.clock.now()
        if self._forms_at is None or now - self._forms_at >= _FORMS_LIFE:
            self._forms = [form for form in log_extraction.forms(self.session) if self._may_be_hand_raise(form)]
            self._forms_at = now
        if not self.sources:
            raise ConfigurationError(
                "the fast lane polls HubSpot's forms, and the agreement calls none a hand-raise: look at scoring.activity_types with "
                "category hand_raise"
            )
        return iter(self._forms)

    def _may_be_hand_raise(self, form: log_extraction.Row) -> bool:
        """Whether some submission of the form can be one, by what is known of the form itself."""
        values = {name: str(form.get(key) or "") for name, key in _OF_FORM.items()}
        conditions = [{name: wanted for name, wanted in one.where.items() if name in values} for one in self.sources]
        return any(all(patterns.matches_text(values[name], wanted) for name, wanted in one.items()) for one in conditions)
