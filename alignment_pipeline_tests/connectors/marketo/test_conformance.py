"""Marketo passes the suite that every connector passes, by every way it reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from alignment_pipeline.connectors.calls import CallBudget
from alignment_pipeline.connectors.marketo.extraction import MarketoExtraction
from alignment_pipeline.connectors.streams import StreamState
from alignment_pipeline.connectors.transport import Timeouts
from alignment_pipeline.sandbox.marketo.control import add_activities
from alignment_pipeline_tests.connectors.conformance import SHORT, Adapter, Conformance, Result, SandboxAdapter
from alignment_pipeline_tests.connectors.served import STREAMS, Served, people, visits


class Pages(SandboxAdapter):
    """Activities by paging token."""

    system, object, signed = "marketo", "activities", "rest/v1|bulk/v1"
    page = r"/rest/v1/activities\.json"
    begins_at_a_watermark = True

    def __init__(self, world: Served) -> None:
        super().__init__(world)
        self.world.world.marketo.load(people(3))

    def read(
        self, state: StreamState | None = None, *, timeouts: Timeouts = SHORT, budget: CallBudget | None = None, **options: Any
    ) -> Result:
        now = self.world.clock.now()
        known = state or StreamState("activities", watermark=now, swept_at=now)
        return self._read(known, timeouts, budget, options)

    def fill(self, count: int, *, stamp: datetime, step: float = 1.0) -> None:
        self.world.world.marketo.load([], visits(count, stamp=stamp, step=step))

    def happen(self, *, late_seconds: int = 0) -> str:
        log = self.world.world.marketo.log
        add_activities(self.world.world, [{"leadId": 1, "activityTypeId": 1, "marketoGUID": f"new-{len(log)}"}], late_seconds=late_seconds)
        return f"new-{len(log) - 1}"

    def _read(self, state: StreamState | None, timeouts: Timeouts, budget: CallBudget | None, options: dict[str, Any]) -> Result:
        session = self.world.marketo(timeouts=timeouts, budget=budget or CallBudget())
        source = MarketoExtraction(session, states=self.states(state), **{"type_ids": [1]} | options)
        (reading,) = source.readings([STREAMS["activities"]])
        return Result.of(reading, session.counter)


class Bulk(Pages):
    """Activities by bulk extract."""

    page = r"/file\.json"
    begins_at_a_watermark = False

    def read(
        self, state: StreamState | None = None, *, timeouts: Timeouts = SHORT, budget: CallBudget | None = None, **options: Any
    ) -> Result:
        return self._read(state, timeouts, budget, {"activity_days": 20, "bulk_pages_from": -1} | options)


class TestPages(Conformance):
    """By paging token."""

    @pytest.fixture
    def adapter(self, world: Served) -> Adapter:
        return Pages(world)


class TestBulk(Conformance):
    """By bulk extract."""

    @pytest.fixture
    def adapter(self, world: Served) -> Adapter:
        return Bulk(world)
