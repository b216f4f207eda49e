"""Reading activities: bulk windows at first, paging tokens afterwards.

Belongs here: which stretch is read by which way, and the rows. The pages: `activities.py`; the jobs: `bulk_extract.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from alignment_pipeline.connectors.marketo import activities
from alignment_pipeline.connectors.marketo.bulk_extract import BulkExtract, Request, windows
from alignment_pipeline.connectors.marketo.runs import OVERLAP, Run
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.values import parse_stamp

_DAY = timedelta(days=1)


@dataclass
class ActivityRun(Run):
    """One reading of the activities. `borders`: moments at which a GUID may come twice; None where any may."""

    borders: frozenset[datetime] | None = None

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """Everything since the watermark less an overlap; each activity once (by its GUID, as far as one run goes)."""
        types = self.extraction.chosen_types()
        if not types:
            self.notes.append("the subscription has none of the wanted activity types")
            return
        before = self.state
        start, by_bulk = self._stretch()
        self.is_bulk = by_bulk
        rows = self._bulk(start, types) if by_bulk else self._paged(start, types)
        given: set[str] = set()
        for row in rows:
            yield from self._add(batches, row, given)
        self._learn(before.watermark, start, batches.rows)

    def _stretch(self) -> tuple[datetime, bool]:
        """Where to begin, and whether by bulk. A load that died before its end goes on with the windows it had."""
        mark = self.state.watermark
        if mark is None:
            begun = [job.start for job in self.state.jobs if job.start is not None]
            default = self.extraction.since or self.now.replace(hour=0, minute=0, second=0) - self.extraction.activity_days * _DAY
            self._load_end()
            return min(begun, default=default), True
        start = mark - self.overlap()
        pages = (self.state.rows_per_day or 0.0) * ((self.now - start) / _DAY) / activities.PAGE_ROWS
        return start, pages > self.extraction.bulk_pages_from

    def _load_end(self) -> None:
        """The end of the first load is fixed at its begin, so that a resumed one asks for the same windows."""
        if self.state.load_end is None or self.now - self.state.load_end > 6 * _DAY:
            self.state = replace(self.state, load_end=self.now)
        else:
            self.now = self.state.load_end

    def _bulk(self, start: datetime, types: list[int]) -> Iterator[Mapping[str, Any]]:
        columns = ("marketoGUID", "leadId", "activityDate", "activityTypeId", "campaignId", "primaryAttributeValueId")
        request = Request("activities", (*columns, "primaryAttributeValue", "attributes"), "createdAt", {"activityTypeIds": types})
        extract = BulkExtract(self.session, request, self.note_jobs)
        stretches = windows(start, self.now)
        # Whether a window holds its last second is nowhere promised: what is stamped on a border may come twice.
        self.borders = frozenset(begin for begin, _ in stretches)
        return extract.rows(stretches, self.state.jobs)

    def _paged(self, start: datetime, types: list[int]) -> Iterator[Mapping[str, Any]]:
        token = activities.paging_token(self.session, start)
        for page in activities.since(self.session, token, types):
            yield from page

    def _add(self, batches: RowBatches, row: Mapping[str, Any], given: set[str]) -> Iterator[pa.RecordBatch]:
        try:
            values = activities.row_values(row)
            stamp = values["activityDate"]
            moment = parse_stamp(stamp) if stamp else None
        except (ValueError, OverflowError) as error:
            batches.refuse(row.get("marketoGUID"), f"activity cannot be read: {error}", {"marketoGUID": str(row.get("marketoGUID"))})
            return
        guid = values["marketoGUID"]
        absent = [name for name in self.stream.required if values.get(name) is None]
        if guid is None or absent:
            batches.refuse(guid, f"activity without {', '.join(absent)}", values)
            return
        if self.borders is None or moment in self.borders:
            if guid in given:
                return
            given.add(guid)
        yield from batches.add(guid, moment, values)

    def _learn(self, mark: datetime | None, start: datetime, rows: int) -> None:
        """Keep the rate of arrivals, and when the whole day was last looked through again."""
        days = max((self.now - start) / _DAY, 1.0)
        is_sweep = mark is None or start <= mark - OVERLAP
        self.state = replace(self.state, rows_per_day=rows / days, swept_at=self.now if is_sweep else self.state.swept_at, load_end=None)
