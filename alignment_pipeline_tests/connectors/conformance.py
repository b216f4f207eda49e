"""What the conformance suite needs from a connector: one stream of records, and how to read it.

Belongs here: one adapter per way of reading. A new connector adds an adapter, never a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alignment_pipeline.connectors.calls import CallBudget, CallCounter
from alignment_pipeline.connectors.marketo.extraction import MarketoExtraction
from alignment_pipeline.connectors.salesforce.extraction import SalesforceExtraction
from alignment_pipeline.connectors.streams import StreamReport, StreamState
from alignment_pipeline.connectors.transport import Timeouts
from alignment_pipeline.sandbox.marketo.control import add_activities
from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline_tests.connectors.served import STREAMS, Served, leads, people, rows_of, visits


@dataclass
class Result:
    """One reading: its rows, its report, and what it cost."""

    rows: list[dict[str, Any]]
    report: StreamReport
    counter: CallCounter


@dataclass
class Adapter:
    """One connector's stream in a served world. `page` matches the path that delivers records."""

    world: Served
    system: str = ""
    object: str = ""
    page: str = ""
    page_method: str = "GET"
    extra: dict[str, Any] = field(default_factory=dict)

    def read(self, state: StreamState | None = None, **options: Any) -> Result:
        """Read the stream with a session of its own."""
        raise NotImplementedError

    def fill(self, count: int, *, stamp: datetime, step: float = 1.0) -> None:
        """Records of the past."""
        raise NotImplementedError

    def happen(self, *, late_seconds: int = 0) -> str:
        """One new record or version now (visible later); its record id."""
        raise NotImplementedError

    def _result(self, extraction: Any, counter: CallCounter) -> Result:
        (reading,) = extraction.readings([STREAMS[self.object]])
        rows = rows_of(reading)
        return Result(rows, reading.report, counter)

    def _states(self, state: StreamState | None) -> Mapping[str, StreamState]:
        return {} if state is None else {self.object: state}


@dataclass
class SalesforceRest(Adapter):
    """Leads by query and queryMore."""

    bulk_rows_from: int = 10**9

    def __post_init__(self) -> None:
        self.system, self.object, self.page = "salesforce", "Lead", r"/query(All)?(\?|/)|composite/batch"
        self.page_method = ""

    def read(self, state: StreamState | None = None, **options: Any) -> Result:
        session = self.world.salesforce(timeouts=options.pop("timeouts", Timeouts(30.0, 60.0)), budget=options.pop("budget", CallBudget()))
        more = {"bulk_rows_from": self.bulk_rows_from} | options
        return self._result(SalesforceExtraction(session, states=self._states(state), **more), session.counter)

    def fill(self, count: int, *, stamp: datetime, step: float = 1.0) -> None:
        self.world.world.salesforce.load({"Lead": leads(count, stamp=stamp, step=step)})

    def happen(self, *, late_seconds: int = 0) -> str:
        person = People(self.world.world.salesforce)
        if not late_seconds:
            return person.create("Lead", {"LastName": "New", "Company": "New"})
        first = next(iter(self.world.world.salesforce.tables["Lead"]))
        person.edit(first, {"Title": "Changed late"}, visible_after_seconds=late_seconds)
        return first


@dataclass
class SalesforceBulk(SalesforceRest):
    """Leads by Bulk API 2.0."""

    bulk_rows_from: int = 1

    def __post_init__(self) -> None:
        self.system, self.object, self.page, self.page_method = "salesforce", "Lead", r"/jobs/query/\w+/results", "GET"


@dataclass
class MarketoPages(Adapter):
    """Activities by paging token."""

    def __post_init__(self) -> None:
        self.system, self.object, self.page = "marketo", "activities", r"/rest/v1/activities\.json"
        self.world.world.marketo.load(people(3))

    def read(self, state: StreamState | None = None, **options: Any) -> Result:
        session = self.world.marketo(timeouts=options.pop("timeouts", Timeouts(30.0, 60.0)), budget=options.pop("budget", CallBudget()))
        known = state or StreamState("activities", watermark=self.world.clock.now(), swept_at=self.world.clock.now())
        more = {"type_ids": [1]} | options
        return self._result(MarketoExtraction(session, states={"activities": known}, **more), session.counter)

    def fill(self, count: int, *, stamp: datetime, step: float = 1.0) -> None:
        self.world.world.marketo.load([], visits(count, stamp=stamp, step=step))

    def happen(self, *, late_seconds: int = 0) -> str:
        log = self.world.world.marketo.log
        add_activities(self.world.world, [{"leadId": 1, "activityTypeId": 1, "marketoGUID": f"new-{len(log)}"}], late_seconds=late_seconds)
        return f"new-{len(log) - 1}"


@dataclass
class MarketoBulk(MarketoPages):
    """Activities by bulk extract."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.page = r"/file\.json"

    def read(self, state: StreamState | None = None, **options: Any) -> Result:
        session = self.world.marketo(timeouts=options.pop("timeouts", Timeouts(30.0, 60.0)), budget=options.pop("budget", CallBudget()))
        more = {"type_ids": [1], "activity_days": 20, "bulk_pages_from": -1} | options
        return self._result(MarketoExtraction(session, states=self._states(state), **more), session.counter)


ADAPTERS: dict[str, type[Adapter]] = {
    "salesforce-rest": SalesforceRest,
    "salesforce-bulk": SalesforceBulk,
    "marketo-pages": MarketoPages,
    "marketo-bulk": MarketoBulk,
}
