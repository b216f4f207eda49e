"""Both embedded systems on loopback, and this project's clients pointed at them. Waiting moves the clock on and costs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.hubspot.credentials import Credentials as HubSpotCredentials
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.marketo.credentials import Credentials as MarketoCredentials
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.salesforce.credentials import Credentials, Role
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.streams import Reading
from alignment_pipeline.connectors.transport import Timeouts
from alignment_pipeline.contracts.systems.registry import STREAMS as ALL_STREAMS
from alignment_pipeline.sandbox.faults import Fault, Faults
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline.sandbox.marketo.settings import MarketoSettings
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.server import Sandbox
from alignment_pipeline.sandbox.world import World, sandbox_clock

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
TEN_DAYS_AGO = NOW - timedelta(days=10)
STREAMS = {stream.object: stream for stream in ALL_STREAMS}


class Served:
    """A world on loopback. `clock` shows the world's time; its `sleep` advances the world."""

    def __init__(self, sandbox: Sandbox, world: World) -> None:
        self.sandbox = sandbox
        self.world = world
        self.clock: Clock = replace(world.clock, wait=lambda seconds: world.advance(seconds * world.clock.factor))

    @property
    def environment(self) -> dict[str, str]:
        return self.sandbox.environment()

    def salesforce(self, role: Role = "reader", **options: Any) -> SalesforceSession:
        """A session of its own, with short time-outs."""
        environ = options.pop("environ", None) or self.environment
        return SalesforceSession(Credentials.from_env(environ, role), self.clock, **({"timeouts": Timeouts(30.0, 60.0)} | options))

    def marketo(self, **options: Any) -> MarketoSession:
        """A session of its own, with short time-outs."""
        return MarketoSession(MarketoCredentials.from_env(self.environment), self.clock, **({"timeouts": Timeouts(30.0, 60.0)} | options))

    def hubspot(self, *, is_oauth: bool = False, **options: Any) -> HubSpotSession:
        """A session of its own, with short time-outs; by a static token, or by OAuth."""
        environ = dict(self.environment)
        if is_oauth:
            client_id, (client_secret, refresh) = next(iter(self.world.hubspot.settings.oauth_clients.items()))
            del environ["HUBSPOT_ACCESS_TOKEN"]
            environ |= {"HUBSPOT_CLIENT_ID": client_id, "HUBSPOT_CLIENT_SECRET": client_secret, "HUBSPOT_REFRESH_TOKEN": refresh}
        return HubSpotSession(HubSpotCredentials.from_env(environ), self.clock, **({"timeouts": Timeouts(30.0, 60.0)} | options))

    def fault(self, kind: str, **options: Any) -> None:
        """Switch a fault on; `body` is what it answers with, `sent` what the request's body must match."""
        own = {name: options.pop(name) for name in ("system", "method", "path", "count", "skip", "every") if name in options}
        if "sent" in options:
            own["body"] = options.pop("sent")
        self.world.faults.add(Fault(kind, **own, options=options))


@contextmanager
def served(*, hubspot: HubSpotStore | None = None, **settings: Any) -> Iterator[Served]:
    """A fresh world; `settings` are Marketo's. HubSpot is served where a store is given."""
    store = MarketoStore(MarketoSettings(**({"short_page_every": 0} | settings)))
    world = World(sandbox_clock(NOW, base=lambda: 1_000_000.0), Faults(), SalesforceStore(), store, hubspot=hubspot)
    with Sandbox(world) as sandbox:
        yield Served(sandbox, world)


def rows_of(reading: Reading) -> list[dict[str, Any]]:
    """All rows of a reading."""
    return [row for batch in reading for row in batch.to_pylist()]


def leads(
    count: int, *, first: int = 1, stamp: datetime = NOW - timedelta(days=10), step: float = 1.0, **values: Any
) -> list[dict[str, Any]]:
    """Salesforce leads as an organisation holds them, `step` seconds apart."""
    return [
        {
            "LastName": f"Person {number}",
            "Company": "Example",
            "Status": "Open - Not Contacted",
            "Email": f"p{number}@example.com",
            "CreatedDate": stamp + timedelta(seconds=step * number),
            **values,
        }
        for number in range(first, first + count)
    ]


def visits(count: int, *, first: int = 1, stamp: datetime = TEN_DAYS_AGO, step: float = 1.0) -> list[dict[str, Any]]:
    """Marketo page visits, `step` seconds apart."""
    return [
        {
            "marketoGUID": str(number),
            "leadId": 1 + number % 3,
            "activityTypeId": 1,
            "activityDate": (stamp + timedelta(seconds=step * number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "primaryAttributeValueId": 7,
            "primaryAttributeValue": "pricing",
            "attributes": [{"name": "Webpage URL", "value": f"/pricing?n={number}"}, {"name": "Client IP Address", "value": None}],
        }
        for number in range(first, first + count)
    ]


def people(count: int, **values: Any) -> list[dict[str, Any]]:
    """Marketo leads."""
    common = {"createdAt": "2026-09-01T08:00:00Z", "updatedAt": "2026-11-01T08:00:00Z", "isAnonymous": False}
    return [{"id": number, "email": f"p{number}@example.com"} | common | values for number in range(1, count + 1)]


def by_id(rows: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """record_id -> the row that came last."""
    return {row["record_id"]: row for row in rows}
