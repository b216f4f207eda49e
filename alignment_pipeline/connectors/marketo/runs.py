"""What the readings of all Marketo streams share: the source they read from, and how one reading goes.

Belongs here: settings of a source, the frame of a reading. The streams are `lead_extraction.py`, `activity_extraction.py` and
`type_extraction.py`; `extraction.py` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from alignment_pipeline.connectors.marketo import activities
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.streams import Job, StreamReport, StreamState
from alignment_pipeline.contracts.systems.system import RawStream

OVERLAP = timedelta(days=1)
SHORT_OVERLAP = timedelta(minutes=30)
_NOT_EXTRACTABLE = 37


def _forget(_: StreamState) -> None:
    """No place to keep job ids: a run that dies leaves its jobs unused."""


@dataclass
class MarketoSource:
    """One subscription, and how it is to be read.

    `states` and `remember`: as in Salesforce's extraction. `since`: how far back the first load goes (activities; leads go back to
    the oldest one when None). `type_ids`: activity types to read, None for all. `bulk_pages_from`: where paging costs more than
    a bulk job; `longest_overlap_pages`: how many pages the day's overlap may cost in each run (a busier subscription re-reads half
    an hour, and the whole day once a day).
    """

    session: MarketoSession
    states: Mapping[str, StreamState] = field(default_factory=dict)
    remember: Callable[[StreamState], None] = _forget
    custom_fields: Sequence[str] = ()
    type_ids: Sequence[int] | None = None
    since: datetime | None = None
    activity_days: int = 185
    bulk_pages_from: int = 60
    longest_overlap_pages: int = 30
    _types: list[Mapping[str, Any]] | None = field(default=None, repr=False)

    def types(self) -> list[Mapping[str, Any]]:
        """The activity types, asked once a run."""
        if self._types is None:
            self._types = activities.types(self.session)
        return self._types

    def known_types(self) -> set[int]:
        """The ids of all types that the subscription has."""
        return {int(one["id"]) for one in self.types()}

    def chosen_types(self) -> list[int]:
        """The ids to read: the wanted ones that the subscription has; never Delete Lead, which has an endpoint of its own."""
        known = self.known_types() - {_NOT_EXTRACTABLE}
        return sorted(known if self.type_ids is None else known & set(self.type_ids))


@dataclass
class Run:
    """What the readings of all streams share."""

    extraction: MarketoSource
    stream: RawStream

    def __post_init__(self) -> None:
        self.session = self.extraction.session
        self.state = self.extraction.states.get(self.stream.object) or StreamState(self.stream.object)
        self.notes: list[str] = []
        self.missing: tuple[str, ...] = ()
        self.is_bulk = False

    def __call__(self) -> Iterator[pa.RecordBatch | StreamReport]:
        """The batches, then the report."""
        session = self.session
        started, calls = session.clock.now(), session.counter.total
        self._meet_server()
        self.now, mark = session.latest_now, session.earliest_now
        is_first, learned = self.state.watermark is None, session.clock.now()
        batches = RowBatches(self.stream, known_at=None if is_first else learned, fallback=learned)
        yield from self.read(batches)
        yield from batches.flush()
        yield StreamReport(
            stream=self.stream,
            state=replace(self.state, watermark=min(mark, self.now), jobs=()),
            method="bulk" if self.is_bulk else "rest" if batches.rows else "unchanged",
            started_at=started,
            rows=batches.rows,
            deleted=batches.deleted,
            repaired=batches.repaired,
            calls=session.counter.since(calls),
            missing_fields=self.missing,
            quarantined=tuple(batches.quarantined),
            notes=tuple(self.notes),
        )

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """Add the stream's rows to the batches and set `state` for the next run."""
        raise NotImplementedError

    def note_jobs(self, jobs: Sequence[Job]) -> None:
        """Persist living jobs before they are waited for."""
        self.state = replace(self.state, jobs=tuple(jobs))
        self.extraction.remember(self.state)

    def overlap(self) -> timedelta:
        """How far behind the watermark rows are read again: a day where that is cheap or due, else half an hour."""
        pages = (self.state.rows_per_day or 0.0) / activities.PAGE_ROWS
        is_due = self.state.swept_at is None or self.now - self.state.swept_at >= OVERLAP
        return OVERLAP if pages <= self.extraction.longest_overlap_pages or is_due else SHORT_OVERLAP

    def _meet_server(self) -> None:
        """Have an answer that shows the server's clock; the first stream of a run asks for the activity types."""
        if self.session.server_date is None:
            self.extraction.types()
