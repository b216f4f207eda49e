"""Marketo's log as the fast lane listens to it: one call a poll in most cases.

Belongs here: polling and single people. Whether a form is a hand-raise is decided by staging's own rule, not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from alignment_pipeline.agreement.activity_types import ActivitySource
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.calls import CallCounter
from alignment_pipeline.connectors.listening import RETRY, Catalogue, Entry, Values
from alignment_pipeline.connectors.marketo import activities, describe, leads
from alignment_pipeline.connectors.marketo.credentials import Credentials
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.remembered import Remembered
from alignment_pipeline.connectors.values import canonical, parse_stamp
from alignment_pipeline.contracts.systems.marketo import MARKETO
from alignment_pipeline.contracts.systems.system import ActivityFeed, System
from alignment_pipeline.errors import ConfigurationError

# 50,000 calls a day by default, counted from midnight Central Time
# (https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/rest-api#limits)
CALLS_A_DAY = 50_000
_ZONE = ZoneInfo("America/Chicago")
_LEADS = next(stream for stream in MARKETO.streams if stream.object == "leads")
_ACTIVITIES = next(stream for stream in MARKETO.streams if stream.object == "activities")


def listen(environ: Mapping[str, str], clock: Clock, sources: Sequence[ActivitySource], catalogue: Catalogue) -> MarketoLog:
    """The log of the subscription that the environment names."""
    return MarketoLog(MarketoSession(Credentials.from_env(environ), clock, retry=RETRY), sources, catalogue)


@dataclass
class MarketoLog:
    """The activities of one subscription."""

    session: MarketoSession
    sources: Sequence[ActivitySource]
    catalogue: Catalogue
    system: System = MARKETO
    feed: ActivityFeed = MARKETO.feeds[0]
    calls_a_poll: float = 1.0
    calls_a_day: int = CALLS_A_DAY
    zone: ZoneInfo = _ZONE
    remark: str | None = None
    _type_ids: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chosen = Remembered(lambda: describe.choose(_LEADS, describe.describe(self.session)))

    @property
    def counter(self) -> CallCounter:
        """Calls so far."""
        return self.session.counter

    @property
    def type_ids(self) -> list[int]:
        """Activity types to poll for. ConfigurationError when there is none, or more than one poll can ask for."""
        if not self._type_ids:
            self._type_ids = _types(self.sources, self.catalogue())
        return self._type_ids

    def prepare(self) -> None:
        """See `Log`."""
        self._chosen.at(self.session.clock)

    def token(self, since: datetime) -> str:
        """See `Log`."""
        return activities.paging_token(self.session, since)

    def poll(self, token: str) -> tuple[list[Entry], str]:
        """See `Log`. A row without id, person or date is left to the full run, which quarantines it."""
        rows, following = activities.poll(self.session, token, self.type_ids)
        return [entry for row in rows if (entry := _entry(row)) is not None], following

    def persons(self, persons: Sequence[str]) -> pa.Table:
        """See `Log`."""
        chosen = self._chosen.at(self.session.clock)
        now = self.session.clock.now()
        batches = RowBatches(_LEADS, known_at=now, fallback=now)
        rows: list[pa.RecordBatch] = []
        for lead in leads.by_ids(self.session, [int(one) for one in persons], chosen.names):
            values = {name: canonical(lead.get(name), chosen.types.get(name, "string")) for name in chosen.names}
            identity, stamp = values.get("id"), values.get(_LEADS.stamp)
            if identity is not None:
                rows += batches.add(identity, parse_stamp(stamp) if stamp else None, values)
        return batches.table(rows)

    def rows(self, values: Iterable[Values]) -> pa.Table:
        """See `Log`."""
        now = self.session.clock.now()
        batches = RowBatches(_ACTIVITIES, known_at=now, fallback=now)
        rows: list[pa.RecordBatch] = []
        for one in values:
            rows += batches.add(str(one["marketoGUID"]), parse_stamp(str(one["activityDate"])), one)
        return batches.table(rows)


def _types(sources: Sequence[ActivitySource], types: Sequence[Mapping[str, str]]) -> list[int]:
    by_name = {str(one["name"]).lower(): int(one["id"]) for one in types}
    numbers = {source.record_id if source.record_id is not None else by_name.get((source.record or "").lower()) for source in sources}
    ids = sorted(one for one in numbers if one is not None)
    if not ids or len(ids) > activities.MOST_TYPES:
        raise ConfigurationError(
            f"the fast lane polls for 1 to {activities.MOST_TYPES} Marketo activity types; the agreement's hand-raises name {len(ids)} "
            "that this subscription has: look at scoring.activity_types with category hand_raise"
        )
    return ids


def _entry(row: activities.Row) -> Entry | None:
    try:
        values = activities.row_values(row)
        guid, lead_id, date = values["marketoGUID"], values["leadId"], values["activityDate"]
        happened_at = parse_stamp(date) if date else None
    except (ValueError, OverflowError):
        return None
    if guid is None or lead_id is None or not lead_id.isdigit() or happened_at is None:
        return None
    return Entry(guid, lead_id, happened_at, values)
