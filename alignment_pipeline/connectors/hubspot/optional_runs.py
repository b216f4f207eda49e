"""Reading what not every portal has: members of lists, and page views.

Belongs here: what a missing scope or product means for a stream. The streams: `list_extraction.py` and `page_view_extraction.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from alignment_pipeline.connectors.hubspot.runs import DAY, Run
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotRefused
from alignment_pipeline.connectors.raw_rows import RowBatches


@dataclass
class OptionalRun(Run):
    """A stream that is empty where the token or the portal has no access. Once it has, everything is read from the beginning."""

    what = ""
    days = 185

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """The rows, or a note."""
        before = self.state
        is_first = before.watermark is None or bool(before.missing)
        first = self.now - min(self.days, self.source.activity_days) * DAY
        since = first if is_first or before.watermark is None else before.watermark - self.source.overlap
        self.state = replace(before, missing=())
        try:
            yield from self.read_since(batches, since)
        except HubSpotRefused as refused:
            if refused.status not in (403, 404):
                raise
            self.notes.append(f"{self.what} are not read: {refused}")
            self.state = replace(before, missing=refused.fields or (self.what,))

    def read_since(self, batches: RowBatches, since: datetime) -> Iterator[pa.RecordBatch]:
        """Rows since a moment."""
        raise NotImplementedError
