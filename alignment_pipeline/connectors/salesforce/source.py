"""What the readings of all Salesforce streams share: the session, the states, and the settings of reading.

Belongs here: one organisation as a source. A stream's reading is `stream_run.py`; `extraction.py` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from alignment_pipeline.connectors import streams
from alignment_pipeline.connectors.salesforce.bulk_query import BulkQuery
from alignment_pipeline.connectors.salesforce.describe import Describer
from alignment_pipeline.connectors.salesforce.preparation import Prepared
from alignment_pipeline.connectors.salesforce.selection import Selection
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.salesforce.windows import WindowReader
from alignment_pipeline.connectors.streams import Job, StreamState

LOOKBACK = timedelta(minutes=15)
BULK_ROWS_FROM = 8_000


def _forget(_: StreamState) -> None:
    """No place to keep job ids: a run that dies leaves its jobs unused."""


@dataclass
class SalesforceSource:
    """One organisation, and how it is to be read.

    `states`: object -> state of the last finished reading (or of a died one, with its jobs). `remember` is called with a state
    whose jobs must survive a crash; its watermark is still the old one. `custom_fields`: object -> further API names to read.
    """

    session: SalesforceSession
    states: Mapping[str, StreamState] = field(default_factory=dict)
    remember: Callable[[StreamState], None] = _forget
    custom_fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    lookback: timedelta = LOOKBACK
    bulk_rows_from: int = BULK_ROWS_FROM
    bulk: BulkQuery | None = None
    describer: Describer | None = None

    def __post_init__(self) -> None:
        self.bulk = self.bulk or BulkQuery(self.session)
        self.describer = self.describer or Describer(self.session)

    def reader(self, selection: Selection, note_job: Callable[[Job | None], None]) -> WindowReader:
        """The reader of one selection's windows."""
        assert self.bulk is not None
        return WindowReader(self.session, selection, self.bulk, note_job)

    def note(self, one: Prepared, job: Job | None) -> None:
        """Persist a job before it is waited for; None forgets them all."""
        one.state = replace(streams.with_job(one.state, job), load_end=one.mark) if job is not None else replace(one.state, jobs=())
        self.remember(one.state)
