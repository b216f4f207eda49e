"""Reading which pages contacts visited, where the portal keeps that (an Enterprise edition).

Belongs here: the calls and the rows. Sources differ on whether the endpoint answers for all contacts at once: where it wants one contact,
those are asked for who visited something since the last run, the longest ago first, so many a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from alignment_pipeline.connectors.hubspot import objects
from alignment_pipeline.connectors.hubspot.objects import next_page, results
from alignment_pipeline.connectors.hubspot.optional_runs import OptionalRun
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotRefused
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.values import canonical, parse_stamp, stamp_text
from alignment_pipeline.errors import Retryable

EVENT, LAST_VISIT = "e_visited_page", "hs_analytics_last_timestamp"
_PAGE, _WINDOW = 100, timedelta(days=1)
#: Contacts that are asked for in one run where each costs a call.
MOST_CONTACTS = 300
_OF_EVENT = {"url": ("hs_url", "url"), "title": ("hs_title", "hs_page_title", "title"), "referrer": ("hs_referrer", "referrer")}


@dataclass
class PageViewRun(OptionalRun):
    """Visits of pages."""

    what = "page views"
    days = 30

    def read_since(self, batches: RowBatches, since: datetime) -> Iterator[pa.RecordBatch]:
        """See `OptionalRun`."""
        try:
            yield from self._of_all(batches, since)
        except HubSpotRefused as refused:
            if refused.status != 400:
                raise
            yield from self._one_by_one(batches, since)

    def mark_of(self, mark: datetime) -> datetime:
        """As long as contacts are left to be asked for, everything is read from where it began."""
        before = self.source.state(self.stream.object).watermark
        return mark if self.state.load_end is None else before or self.now - self.days * timedelta(days=1)

    def _of_all(self, batches: RowBatches, since: datetime) -> Iterator[pa.RecordBatch]:
        """Day by day: pages of one query come in no order that is promised."""
        low = since
        while low < self.now:
            high = min(low + _WINDOW, self.now)
            yield from self._rows(
                batches, {"occurredAfter": stamp_text(low), "occurredBefore": stamp_text(high + timedelta(milliseconds=1))}
            )
            low = high

    def _one_by_one(self, batches: RowBatches, since: datetime) -> Iterator[pa.RecordBatch]:
        begun = self.state.load_end or since
        self.state = replace(self.state, load_end=None)
        visitors = objects.changed(self.session, "contacts", LAST_VISIT, begun, [LAST_VISIT])
        for asked, record in enumerate(visitors):
            if asked == MOST_CONTACTS:
                self.state = replace(self.state, load_end=parse_stamp(str(record["properties"][LAST_VISIT])))
                self.notes.append(f"page views of {MOST_CONTACTS} contacts were read, the others follow with the next run")
                return
            yield from self._rows(batches, {"objectId": str(record["id"]), "occurredAfter": stamp_text(since)})

    def _rows(self, batches: RowBatches, conditions: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
        after: str | None = None
        params = {"objectType": "contact", "eventType": EVENT, "limit": str(_PAGE)} | dict(conditions)
        while True:
            page = self.session.get("/events/v3/events", "page views", params | ({"after": after} if after else {}))
            for row in results(page, "page views"):
                yield from self._add(batches, row)
            following = next_page(page)
            if following is None:
                return
            if following == after:
                raise Retryable("page views: the cursor does not move on")
            after = following

    def _add(self, batches: RowBatches, row: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
        given = row.get("properties") or {}
        try:
            moment, identity, contact = parse_stamp(str(row["occurredAt"])), str(row["id"]), str(row["objectId"])
        except (KeyError, ValueError, OverflowError) as error:
            batches.refuse(str(row.get("id")), f"page view cannot be read: {error}", {"id": str(row.get("id"))})
            return
        values = {"id": identity, "objectId": contact, "occurredAt": stamp_text(moment)}
        texts = {
            own: next((canonical(given[name], "string") for name in names if given.get(name)), None) for own, names in _OF_EVENT.items()
        }
        yield from batches.add(identity, moment, values | texts)
