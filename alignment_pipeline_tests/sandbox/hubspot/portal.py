"""An embedded portal on loopback, and the ways tests call it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.hubspot.app import hubspot_app
from alignment_pipeline.sandbox.hubspot.settings import HubSpotSettings
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore, Person
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.server import Sandbox
from alignment_pipeline.sandbox.world import World, sandbox_clock
from alignment_pipeline_tests.connectors.served import NOW

TOKEN = "pat-na1-sandbox-0001"


class InPortal:
    """Whatever has a world with HubSpot."""

    world: World

    @property
    def store(self) -> HubSpotStore:
        """The portal's records."""
        found: HubSpotStore = self.world.hubspot
        return found

    @property
    def person(self) -> Person:
        """Somebody who works in the portal."""
        return Person(self.store, self.world.clock, self.world.audit)


@dataclass
class Portal(InPortal):
    """A world with HubSpot, and its url."""

    world: World
    url: str

    def ask(self, method: str, path: str, body: Any = None, *, token: str = TOKEN, **params: Any) -> requests.Response:
        """One call."""
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, self.url + path, json=body, params=params, headers=headers, timeout=60)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """The body of a GET that succeeds."""
        answer = self.ask("GET", path, **params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def search(self, kind: str, *filters: Mapping[str, Any], **body: Any) -> requests.Response:
        """A search with one group of filters."""
        whole = {"filterGroups": [{"filters": list(filters)}] if filters else [], "sorts": [], "properties": [], "limit": 10, "after": 0}
        return self.ask("POST", f"/crm/v3/objects/{kind}/search", whole | body)

    def pointed(self, api: Any) -> Any:
        """An API group of the vendor's own client, pointed here: each group has a configuration of its own."""
        api.api_client.configuration.host = self.url
        return api


@contextmanager
def portal(**settings: Any) -> Iterator[Portal]:
    """A portal without records; search trails by 8 seconds."""
    world = World(
        sandbox_clock(NOW, base=lambda: 1_000_000.0), Faults(), SalesforceStore(), hubspot=HubSpotStore(HubSpotSettings(**settings))
    )
    with Sandbox(world, apps={"hubspot": hubspot_app}) as sandbox:
        yield Portal(world, sandbox.url("hubspot"))
