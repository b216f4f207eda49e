"""When the forms are to be polled, where the portal's Webhooks Journal says what changed.

Belongs here: reading the journal's news as signs of a submission, and doing without them. The journal shows no submissions; who sent a form
in is created or gets another date of conversion. The journal's calls are `webhooks_journal.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alignment_pipeline.connectors.hubspot.verdicts import HubSpotRefused
from alignment_pipeline.connectors.hubspot.webhooks_journal import ENTRIES, Event, JournalEntry, WebhooksJournal
from alignment_pipeline.errors import Permanent, QuotaExhausted, Retryable

CONTACTS = "0-1"
#: Properties of a contact that a submission changes.
CONVERSIONS = frozenset(
    "recent_conversion_date recent_conversion_event_name num_conversion_events first_conversion_date first_conversion_event_name".split()
)
#: Without a sign the forms are polled so often: how late the journal is, nobody promises.
SAFETY = timedelta(seconds=10)
#: After a sign they are polled so long: a submission may show later than the contact's change.
AWAKE = timedelta(seconds=10)
_REST = timedelta(seconds=60)
_FAILURES = (Permanent, Retryable, QuotaExhausted)


@dataclass
class FormSigns:
    """The journal's news as signs. While the journal cannot be read, the forms are always due, and `remark` says why."""

    journal: WebhooksJournal
    remark: str | None = None
    _offset: str | None = None
    _is_placed: bool = False
    _polled_at: datetime | None = None
    _awake_until: datetime | None = None
    _rests_until: datetime | None = field(default=None, repr=False)

    def is_due(self, now: datetime) -> bool:
        """Whether the forms are to be polled now."""
        if not self._is_placed:
            self._place(now)
            return True
        if self._polled_at is None or now - self._polled_at >= SAFETY or (self._awake_until is not None and now < self._awake_until):
            return True
        return self._is_told(now)

    def polled(self, at: datetime) -> None:
        """The forms were polled."""
        self._polled_at = at

    def _place(self, now: datetime) -> None:
        """Go to the end of the journal: what it told before is in the poll that follows."""
        if self._rests_until is not None and now < self._rests_until:
            return
        try:
            entries = self.journal.latest()
        except _FAILURES as error:
            self._lose(now, error)
            return
        self._offset = entries[-1].offset if entries else None
        self._is_placed, self.remark = True, None

    def _is_told(self, now: datetime) -> bool:
        """Whether the journal tells of something that may be a submission."""
        try:
            entries, is_whole = self._news()
        except _FAILURES as error:
            self._lose(now, error)
            return True
        if not entries:
            return False
        self._offset, self.remark = entries[-1].offset, None
        # what is skipped may be anything, and the next look goes to the end
        self._is_placed = is_whole
        is_told = not is_whole or any(self._is_sign(one) for one in entries)
        if is_told:
            self._awake_until = now + AWAKE
        return is_told

    def _news(self) -> tuple[list[JournalEntry], bool]:
        """Entries since the last look, and whether they are all. 404 is documented for an old offset, and might stand for no news as well:
        the last entry decides."""
        if self._offset is None:
            return self.journal.latest(), False
        try:
            entries = self.journal.after(self._offset)
            return entries, len(entries) < ENTRIES
        except HubSpotRefused as refused:
            if refused.status != 404:
                raise
        return [one for one in self.journal.latest() if one.offset != self._offset], False

    def _is_sign(self, entry: JournalEntry) -> bool:
        """A file that cannot be read may tell of anything."""
        try:
            events = self.journal.events(entry)
        except _FAILURES as error:
            self.remark = f"the forms were polled because a file of the webhooks journal could not be read: {error}"
            return True
        portal = self.journal.session.portal_id()
        return any(str(one.get("portalId") or portal) == portal and _may_be_submission(one) for one in events)

    def _lose(self, now: datetime, error: Exception) -> None:
        self._is_placed, self._rests_until = False, now + _REST
        self.remark = f"the webhooks journal cannot be read, so the forms are polled as without it: {error}"


def _may_be_submission(event: Event) -> bool:
    if str(event.get("objectTypeId") or CONTACTS) != CONTACTS:
        return False
    action, changed = str(event.get("action") or ""), event.get("propertyChanges")
    if action == "UPDATE":
        # an event that does not say what changed, in the form that is known, may be one
        return not isinstance(changed, Mapping) or not changed or bool(CONVERSIONS & set(changed))
    return action == "CREATE"
