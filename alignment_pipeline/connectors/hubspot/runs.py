"""What the readings of all HubSpot streams share: the source they read from, and how one reading goes.

Belongs here: settings of a source, the frame of a reading. The streams are `object_extraction.py`, `history_extraction.py`,
`log_extraction.py` and `metadata_extraction.py`; `extraction.py` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa

from alignment_pipeline.connectors.hubspot.objects import next_page, results
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.streams import StreamReport, StreamState
from alignment_pipeline.contracts.systems.system import RawStream

#: The search index trails writes by seconds to minutes.
OVERLAP = timedelta(minutes=15)
DAY = timedelta(days=1)


@dataclass
class HubSpotSource:
    """One portal, and how it is to be read.

    `states`: object -> state of the last finished reading. `custom_fields`: object -> further properties to read. `activity_days`: how
    far back the first load of the logs goes. `history`: object -> further properties whose history is read. `plays_crm`: it is the only
    CRM, so that it fills the CRM's tables too (`crm_extraction.py`). `company_ids`: further properties that hold ids of companies.
    """

    session: HubSpotSession
    states: Mapping[str, StreamState] = field(default_factory=dict)
    custom_fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    overlap: timedelta = OVERLAP
    activity_days: int = 185
    history: Mapping[str, Sequence[str]] = field(default_factory=dict)
    plays_crm: bool = False
    company_ids: frozenset[str] = frozenset()
    facts: Any = None
    _owners: dict[bool, list[Mapping[str, Any]]] = field(default_factory=dict, repr=False)

    def state(self, stream: str) -> StreamState:
        """Where a stream's last reading ended."""
        return self.states.get(stream) or StreamState(stream)

    def of_owners(self, *, is_archived: bool) -> list[Mapping[str, Any]]:
        """Owners, asked for once a run."""
        if is_archived not in self._owners:
            listed: list[Mapping[str, Any]] = []
            after: str | None = None
            while True:
                params = {"limit": "500", "archived": "true" if is_archived else "false"} | ({"after": after} if after else {})
                page = self.session.get("/crm/v3/owners", "owners", params)
                listed += results(page, "owners")
                after = next_page(page)
                if after is None:
                    break
            self._owners[is_archived] = listed
        return self._owners[is_archived]

    @cached_property
    def pipelines(self) -> list[Mapping[str, Any]]:
        """Deal pipelines with their stages, asked for once a run."""
        return results(self.session.get("/crm/v3/pipelines/deals", "deal pipelines"), "deal pipelines")

    def meet_server(self) -> None:
        """Have an answer that shows the server's clock; the account is asked once, which also checks the portal."""
        if self.session.server_date is None:
            self.session.portal_id()


@dataclass
class Run:
    """What the readings of all streams share."""

    source: HubSpotSource
    stream: RawStream

    def __post_init__(self) -> None:
        self.session = self.source.session
        self.state = self.source.state(self.stream.object)
        self.notes: list[str] = []
        self.missing: tuple[str, ...] = ()
        self.drift: tuple[str, ...] = ()
        self.census: frozenset[str] | None = None

    def __call__(self) -> Iterator[pa.RecordBatch | StreamReport]:
        """The batches, then the report."""
        session = self.session
        started, calls = session.clock.now(), session.counter.total
        self.source.meet_server()
        self.now, mark = session.latest_now, session.earliest_now
        learned = session.clock.now()
        batches = RowBatches(self.stream, known_at=None if self.state.watermark is None else learned, fallback=learned)
        yield from self.read(batches)
        yield from batches.flush()
        yield StreamReport(
            stream=self.stream,
            state=replace(self.state, watermark=self.mark_of(mark)),
            method="rest" if batches.rows else "unchanged",
            started_at=started,
            rows=batches.rows,
            deleted=batches.deleted,
            repaired=batches.repaired,
            calls=session.counter.since(calls),
            missing_fields=self.missing,
            drift=self.drift,
            quarantined=tuple(batches.quarantined),
            notes=tuple(self.notes),
            census=self.census,
        )

    def mark_of(self, mark: datetime) -> datetime:
        """The watermark of the finished reading."""
        return mark

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """Add the stream's rows to the batches and set `state` for the next run."""
        raise NotImplementedError


Reader = Callable[[HubSpotSource, RawStream], Run]
