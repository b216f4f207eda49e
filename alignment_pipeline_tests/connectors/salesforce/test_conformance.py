"""Salesforce passes the suite that every connector passes, by every way it reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from alignment_pipeline.connectors.calls import CallBudget
from alignment_pipeline.connectors.salesforce.extraction import SalesforceExtraction
from alignment_pipeline.connectors.streams import StreamState
from alignment_pipeline.connectors.transport import Timeouts
from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline_tests.connectors.conformance import SHORT, Adapter, Conformance, Result, SandboxAdapter
from alignment_pipeline_tests.connectors.served import STREAMS, Served, leads


class Rest(SandboxAdapter):
    """Leads by query and queryMore."""

    system, object, signed = "salesforce", "Lead", "services/data"
    page = r"/query(All)?(\?|/)|composite/batch"
    bulk_rows_from = 10**9

    def read(
        self, state: StreamState | None = None, *, timeouts: Timeouts = SHORT, budget: CallBudget | None = None, **options: Any
    ) -> Result:
        session = self.world.salesforce(timeouts=timeouts, budget=budget or CallBudget())
        source = SalesforceExtraction(session, states=self.states(state), **{"bulk_rows_from": self.bulk_rows_from} | options)
        (reading,) = source.readings([STREAMS[self.object]])
        return Result.of(reading, session.counter)

    def fill(self, count: int, *, stamp: datetime, step: float = 1.0) -> None:
        self.world.world.salesforce.load({"Lead": leads(count, stamp=stamp, step=step)})

    def happen(self, *, late_seconds: int = 0) -> str:
        person = People(self.world.world.salesforce)
        if not late_seconds:
            return person.create("Lead", {"LastName": "New", "Company": "New"})
        first = next(iter(self.world.world.salesforce.tables["Lead"]))
        person.edit(first, {"Title": "Changed late"}, visible_after_seconds=late_seconds)
        return str(first)


class Bulk(Rest):
    """Leads by Bulk API 2.0."""

    page = r"/jobs/query/\w+/results"
    bulk_rows_from = 1


class TestRest(Conformance):
    """By REST."""

    @pytest.fixture
    def adapter(self, world: Served) -> Adapter:
        return Rest(world)


class TestBulk(Conformance):
    """By bulk jobs."""

    @pytest.fixture
    def adapter(self, world: Served) -> Adapter:
        return Bulk(world)
