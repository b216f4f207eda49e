"""Reading leads: bulk windows at first and once a day, changed ones by id in between; and the deletion and merging of leads.

Belongs here: which leads are read by which way, and the rows. The single steps: `leads.py`, `activities.py`, `bulk_extract.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Literal

import pyarrow as pa

from alignment_pipeline.connectors import streams
from alignment_pipeline.connectors.marketo import activities, describe, leads
from alignment_pipeline.connectors.marketo.bulk_extract import LONGEST_WINDOW, BulkExtract, Request, windows, windows_back
from alignment_pipeline.connectors.marketo.id_set import IdSet
from alignment_pipeline.connectors.marketo.runs import Run
from alignment_pipeline.connectors.marketo.verdicts import MarketoRefused
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.values import canonical, parse_stamp
from alignment_pipeline.contracts.systems.marketo import MERGED_INTO
from alignment_pipeline.errors import QuotaExhausted
from alignment_pipeline.wording import moments

# Score changes and merges change leads without a Change Data Value activity.
_MERGE = 32
_SILENT_TYPES = frozenset({22, _MERGE})
_DELETED_AT_FIRST = timedelta(days=30)
_CHANGE_OVERLAP = timedelta(hours=1)
_SWEEP = timedelta(days=1)
_WEEKLY = timedelta(days=7)
_UNLOGGED = frozenset({"id", "createdAt", "updatedAt"})
# A database in which nothing was updated for so long counts as empty.
_QUIET = timedelta(days=2 * 366)
# Files of bulk jobs are kept for 7 days: an older load begins again.
_FILES_LIVE = timedelta(days=6)
_UNSUPPORTED_FILTER = "1035"
_UPDATE_FILTER = "the filter updatedAt"
_NO_UPDATE_FILTER = "this subscription cannot filter leads by update: read whole by creation"


class _TooMany(Exception):
    """More leads have changed than reading them one by one is worth."""


@dataclass
class LeadRun(Run):
    """One reading of the leads."""

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """All leads, or the changed ones, then tombstones of the deleted ones and of those that were merged away."""
        self.selection = describe.choose(self.stream, describe.describe(self.session), self.extraction.custom_fields)
        self.missing = self.selection.missing
        self.given = IdSet()
        self.swept_at = self.state.swept_at
        self.lacks_update_filter = _UPDATE_FILTER in self.state.missing
        before = self.state
        new = sorted(set(self.selection.types) - set(before.field_types)) if before.field_types and before.watermark else []
        if new:
            self.notes.append(f"read again, since {', '.join(new)} became visible or wanted")
        self.notes += streams.drift(before.field_types, self.selection.types)
        for row in self._rows(before.watermark, is_reload=bool(new)):
            yield from self._add(batches, row)
        yield from self._tombstones(batches, before.watermark)
        self.state = replace(
            self.state,
            field_types=dict(self.selection.types),
            missing=(*self.missing, *((_UPDATE_FILTER,) if self.lacks_update_filter else ())),
            swept_at=self.swept_at,
            load_end=None,
        )

    def _rows(self, mark: datetime | None, *, is_reload: bool) -> Iterator[Mapping[str, Any]]:
        if mark is None or is_reload:
            return self._everything()
        since = min(mark, self.state.swept_at or mark) - _CHANGE_OVERLAP
        if self._is_due():
            swept = self._swept(since)
            try:
                first = next(swept, None)
            except QuotaExhausted as exhausted:
                self.notes.append(f"the daily sweep of all leads waits, only logged changes were read ({exhausted})"[:250])
                self.swept_at, self.is_bulk = self.state.swept_at, False
            else:
                return chain([first], swept) if first is not None else iter(())
        try:
            ids = self._changed(mark)
        except _TooMany:
            return self._swept(since)
        return leads.by_ids(self.session, ids, self.selection.names)

    def _is_due(self) -> bool:
        """Whether all leads are to be swept: daily, or weekly where a sweep has to read them all."""
        every = _WEEKLY if self.lacks_update_filter else _SWEEP
        return self.state.swept_at is None or self.now - self.state.swept_at >= every

    def _everything(self) -> Iterator[Mapping[str, Any]]:
        """The whole database. Its windows hang on `load_end`, so that a load that died goes on with the same jobs."""
        if self.state.load_end is None or self.now - self.state.load_end > _FILES_LIVE:
            self.state = replace(self.state, load_end=self.now, jobs=())
        else:
            self.now = self.state.load_end
        self.is_bulk, self.swept_at = True, self.now
        try:
            yield from self._whole("updatedAt")
        except MarketoRefused as refused:
            if refused.code != _UNSUPPORTED_FILTER:
                raise
            self.notes.append(_NO_UPDATE_FILTER)
            self.lacks_update_filter = True
            yield from self._whole("createdAt")

    def _whole(self, date_filter: Literal["createdAt", "updatedAt"]) -> Iterator[Mapping[str, Any]]:
        """Windows backwards from now, as far as the oldest creation goes: of the leads read, and of ids below the lowest of them."""
        extract = self._extract(date_filter)
        end, lowest, oldest = self.now, 0, self.now
        reach = self.extraction.since or end - LONGEST_WINDOW
        while True:
            wanted = list(windows_back(end, reach))
            for row in extract.rows(wanted, self.state.jobs):
                identity = str(row.get("id") or "")
                lowest = min(int(identity), lowest or int(identity)) if identity.isdigit() else lowest
                oldest = min(oldest, _created(row) or oldest)
                yield row
            end = wanted[-1][0] if wanted else end
            if self.extraction.since is not None:
                return
            if not lowest and self.now - end < _QUIET:
                reach = end - LONGEST_WINDOW
                continue
            reach = min(oldest, (leads.earliest_below(self.session, lowest) if lowest else None) or oldest)
            if reach >= end:
                self.notes.append(f"leads go back to {moments.day(end)}; no older ones were found")
                return

    def _swept(self, start: datetime) -> Iterator[Mapping[str, Any]]:
        """Leads updated since `start`, by bulk; the whole database where the subscription cannot filter by update."""
        self.is_bulk, self.swept_at = True, self.now
        if self.lacks_update_filter:
            yield from self._whole("createdAt")
            return
        try:
            yield from self._extract("updatedAt").rows(windows(start, self.now), self.state.jobs)
        except MarketoRefused as refused:
            if refused.code != _UNSUPPORTED_FILTER:
                raise
            self.notes.append(_NO_UPDATE_FILTER)
            self.lacks_update_filter = True
            yield from self._whole("createdAt")

    def _extract(self, date_filter: Literal["createdAt", "updatedAt"]) -> BulkExtract:
        return BulkExtract(self.session, Request("leads", self.selection.names, date_filter), self.note_jobs)

    def _changed(self, mark: datetime) -> list[int]:
        """Ids of leads that are new or changed since the watermark less an hour. _TooMany when a bulk job is cheaper."""
        token = activities.paging_token(self.session, mark - _CHANGE_OVERLAP)
        silent = sorted(_SILENT_TYPES & set(self.extraction.chosen_types()))
        pages = chain(self._change_pages(token), activities.since(self.session, token, silent))
        ids: set[int] = set()
        for number, page in enumerate(pages, start=1):
            ids.update(int(row["leadId"]) for row in page if row.get("leadId") is not None)
            if number > self.extraction.bulk_pages_from:
                raise _TooMany
        return sorted(ids)

    def _change_pages(self, token: str) -> Iterator[list[Mapping[str, Any]]]:
        """Pages of changed leads. A field whose changes are not logged is refused by name (1006) and left to the daily sweep."""
        names = [name for name in self.selection.names if name not in _UNLOGGED]
        while names:
            pages = activities.lead_changes(self.session, token, names)
            try:
                first = next(pages)
            except MarketoRefused as refused:
                blamed = set(re.findall(r"\w+", refused.detail)) & set(names)
                if refused.code != "1006" or not blamed:
                    raise
                names = [name for name in names if name not in blamed]
                continue
            return chain([first], pages)
        raise _TooMany

    def _tombstones(self, batches: RowBatches, mark: datetime | None) -> Iterator[pa.RecordBatch]:
        """Leads deleted or merged long before the first load were never ours, so it looks back a month only."""
        start = self.now - _DELETED_AT_FIRST if mark is None else mark - self.overlap()
        token = activities.paging_token(self.session, start)
        yield from self._deletions(batches, token)
        if _MERGE in self.extraction.known_types():
            yield from self._merges(batches, token)

    def _merges(self, batches: RowBatches, token: str) -> Iterator[pa.RecordBatch]:
        """The other leads of each merge are gone without a deletion; their tombstones name the winner."""
        for page in activities.since(self.session, token, [_MERGE]):
            for row in page:
                winner = str(row.get("leadId") or "")
                if not winner or not row.get("activityDate"):
                    batches.refuse(row.get("leadId"), "merge without lead or date", {"marketoGUID": str(row.get("marketoGUID"))})
                    continue
                moment = parse_stamp(str(row["activityDate"]))
                for loser in activities.merged_ids(row):
                    if loser != winner:
                        yield from batches.add(loser, moment, {"id": loser, MERGED_INTO: winner}, is_deleted=True)

    def _deletions(self, batches: RowBatches, token: str) -> Iterator[pa.RecordBatch]:
        for page in activities.deleted_leads(self.session, token):
            for row in page:
                if row.get("leadId") is None or not row.get("activityDate"):
                    batches.refuse(row.get("leadId"), "deletion without lead or date", {"marketoGUID": str(row.get("marketoGUID"))})
                    continue
                moment = parse_stamp(str(row["activityDate"]))
                yield from batches.add(str(row["leadId"]), moment, {"id": str(row["leadId"])}, is_deleted=True)

    def _add(self, batches: RowBatches, row: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
        values: dict[str, str | None] = {}
        try:
            for name in self.selection.names:
                values[name] = canonical(row.get(name), self.selection.types.get(name, "string"))
            stamp = values.get(self.stream.stamp)
            moment = parse_stamp(stamp) if stamp else None
        except (ValueError, OverflowError) as error:
            batches.refuse(row.get("id"), f"lead cannot be read: {error}", values)
            return
        identity = values.get("id")
        if identity is None or not identity.isdecimal():
            batches.refuse(identity, "lead without an id", values)
            return
        # Windows come newest first, and a lead may stand in two of them: its newest is kept.
        if not self.given.add(int(identity)):
            return
        custom = {name: values.pop(name) for name in self.selection.custom}
        yield from batches.add(identity, moment, values, custom=custom)


def _created(row: Mapping[str, Any]) -> datetime | None:
    try:
        return parse_stamp(str(row["createdAt"])) if row.get("createdAt") else None
    except (ValueError, OverflowError):
        return None
