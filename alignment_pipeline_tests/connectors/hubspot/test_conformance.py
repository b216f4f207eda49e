"""HubSpot passes the suite that every connector passes, by every way it reads."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from alignment_pipeline.connectors.calls import CallBudget
from alignment_pipeline.connectors.hubspot.extraction import HubSpotExtraction
from alignment_pipeline.connectors.streams import StreamState
from alignment_pipeline.connectors.transport import Timeouts
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore, Person
from alignment_pipeline_tests.connectors.conformance import SHORT, Adapter, Conformance, Result, SandboxAdapter
from alignment_pipeline_tests.connectors.served import STREAMS, Served


class List(SandboxAdapter):
    """Contacts by their list."""

    system, object, signed = "hubspot", "contacts", "crm/v3|account-info"
    page = r"objects/contacts\?"

    @property
    def store(self) -> HubSpotStore:
        found: HubSpotStore = self.world.world.hubspot
        return found

    def read(
        self, state: StreamState | None = None, *, timeouts: Timeouts = SHORT, budget: CallBudget | None = None, **options: Any
    ) -> Result:
        session = self.world.hubspot(is_oauth=True, timeouts=timeouts, budget=budget or CallBudget())
        (reading,) = HubSpotExtraction(session, self.states(state), **options).readings([STREAMS[self.object]])
        return Result.of(reading, session.counter)

    def fill(self, count: int, *, stamp: datetime, step: float = 1.0) -> None:
        people = (
            {"id": number, "at": stamp + timedelta(seconds=step * number), "email": f"p{number}@example.com"}
            for number in range(1, count + 1)
        )
        self.store.load({"contacts": people})

    def happen(self, *, late_seconds: int = 0) -> str:
        count = len(self.store.objects["contacts"])
        return Person(self.store, self.world.world.clock).create("contacts", {"email": f"new-{count}@example.com"}, lag=late_seconds)


class Search(List):
    """Contacts by search."""

    page = "objects/contacts/search"
    begins_at_a_watermark = True

    def read(
        self, state: StreamState | None = None, *, timeouts: Timeouts = SHORT, budget: CallBudget | None = None, **options: Any
    ) -> Result:
        now = self.world.clock.now()
        known = state or StreamState("contacts", watermark=now - timedelta(days=6), swept_at=now)
        return super().read(known, timeouts=timeouts, budget=budget, **options)


class EmailEvents(List):
    """Marketing e-mail events."""

    object, signed, page = "email_events", "email/public|account-info", "email/public"

    def fill(self, count: int, *, stamp: datetime, step: float = 1.0) -> None:
        for number in range(1, count + 1):
            self.store.happened("OPEN", "a@example.com", stamp + timedelta(seconds=step * number))

    def happen(self, *, late_seconds: int = 0) -> str:
        now = self.world.clock.now()
        if late_seconds:
            # an event of now that the log shows only later
            moment, arrives = now, now + timedelta(seconds=late_seconds)
            identity = self.store.happened("OPEN", "a@example.com", moment, visible_at=round(arrives.timestamp() * 1000))
        else:
            moment, identity = now, self.store.happened("OPEN", "a@example.com", now)
        return f"{identity}:{round(moment.timestamp() * 1000)}"


class TestList(Conformance):
    """By the list."""

    @pytest.fixture
    def adapter(self, world: Served) -> Adapter:
        return List(world)


class TestSearch(Conformance):
    """By search."""

    @pytest.fixture
    def adapter(self, world: Served) -> Adapter:
        return Search(world)


class TestEmailEvents(Conformance):
    """By the log of e-mail events."""

    @pytest.fixture
    def adapter(self, world: Served) -> Adapter:
        return EmailEvents(world)
