"""Reading who joined which list: one call, and one for each 250 people who joined a list since the last run.

Belongs here: the rows, and how far each list was read. That somebody left a list is not told by HubSpot, and is no activity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from alignment_pipeline.connectors.hubspot import lists
from alignment_pipeline.connectors.hubspot.optional_runs import OptionalRun
from alignment_pipeline.connectors.hubspot.runs import DAY
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotRefused
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.values import parse_stamp, stamp_text

#: Pages of a list that every run may read: the one where the last run ended, and the next.
_FREE = 2
#: Further pages in one run, of all lists together; of the lists that are not through then, the next run reads on.
MOST_PAGES = 100


@dataclass
class MembershipRun(OptionalRun):
    """Members of lists by when they joined. Small lists come first, so that a large one holds up none."""

    what = "lists"
    _left = 0

    def read_since(self, batches: RowBatches, since: datetime) -> Iterator[pa.RecordBatch]:
        """See `OptionalRun`."""
        before, self._left = self.state, MOST_PAGES
        positions: dict[str, str] = {}
        unfinished: list[lists.ContactList] = []
        for one in sorted(lists.listed(self.session), key=lambda one: (one.size or 0, one.id)):
            known = before.positions.get(one.id)
            if known is not None:
                positions[one.id] = known
            is_quiet = one.last_added_at is not None and one.last_added_at < since
            if is_quiet and one.id not in before.unfinished:
                continue
            is_through, floor = True, self._floor(known, since, is_begun=one.id in before.unfinished)
            for page, may_go_on in self._pages(one, known):
                positions[one.id] = _position(page, known)
                for number, moment in page.members:
                    if moment >= floor:
                        yield from self._add(batches, one, number, moment)
                is_through = page.is_last
                if not may_go_on:
                    break
            unfinished += [] if is_through else [one]
        self.state = replace(before, positions=positions, unfinished=tuple(one.id for one in unfinished))
        if unfinished:
            self.notes.append(f"{len(unfinished)} long lists are not read to their end yet; the next run reads on")

    def _pages(self, one: lists.ContactList, known: str | None) -> Iterator[tuple[lists.Page, bool]]:
        """Pages of a list from where it was read to, and whether another one may be read in this run."""
        for number, page in enumerate(self._from_position(one, known), start=1):
            self._left -= number > _FREE
            yield page, number < _FREE or self._left > 0

    def _from_position(self, one: lists.ContactList, known: str | None) -> Iterator[lists.Page]:
        """From the beginning where the position is of no use any more: then people left the list, or it was made anew."""
        if known is not None:
            moment, _, cursor = known.partition("|")
            pages = lists.pages(self.session, one.id, cursor)
            try:
                first = next(pages)
                if first.members and first.members[0][1] <= parse_stamp(moment):
                    yield first
                    yield from pages
                    return
            except HubSpotRefused as refused:
                if refused.status not in (400, 404):
                    raise
        yield from lists.pages(self.session, one.id)

    def _floor(self, known: str | None, since: datetime, *, is_begun: bool) -> datetime:
        """From which moment on members are new here. Many may have joined in one moment, as by an import."""
        horizon = self.now - min(self.days, self.source.activity_days) * DAY
        if known is None:
            return horizon
        moment = parse_stamp(known.partition("|")[0])
        return max(horizon, moment if is_begun else min(moment + timedelta.resolution, since))

    def _add(self, batches: RowBatches, one: lists.ContactList, number: str, moment: datetime) -> Iterator[pa.RecordBatch]:
        text = stamp_text(moment)
        values = {"listId": one.id, "recordId": number, "membershipTimestamp": text, "listName": one.name, "processingType": one.processing}
        yield from batches.add(f"{one.id}:{number}:{text}", moment, values)


def _position(page: lists.Page, known: str | None) -> str:
    """The moment up to which a list was read, and the cursor of the page that ends there."""
    if not page.members:
        return known or f"{stamp_text(datetime.fromtimestamp(0, tz=UTC))}|"
    return f"{stamp_text(page.members[-1][1])}|{page.cursor}"
