"""The journal by its real names: the API on one host, files on another, both over TLS."""

from __future__ import annotations

import pytest

from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.webhooks_journal import App, WebhooksJournal
from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore, Person
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.tls.gateway import Gateway
from alignment_pipeline.sandbox.world import World, sandbox_clock
from alignment_pipeline_tests.connectors.served import NOW


def test_a_file_is_fetched_over_tls_from_its_own_host_and_without_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    store = HubSpotStore()
    world = World(sandbox_clock(NOW, base=lambda: 1_000_000.0), Faults(), SalesforceStore(), hubspot=store)
    store.changes.subscribe("0-1", ["CREATE"], [], NOW)
    with Gateway(world) as gateway:
        environ = gateway.product_environment() | store.journal_environment()
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        app = App.from_env(environ)
        assert app is not None
        journal = WebhooksJournal(HubSpotSession(Credentials.from_env(environ), world.clock), app)
        Person(store, world.clock).create("contacts", {"email": "a@acme.example"})
        world.advance(2)
        (entry,) = journal.latest()
        events = journal.events(entry)

    assert entry.url.startswith("https://hubspot-webhooks-journal.s3.amazonaws.com/")
    assert [(one["action"], one["objectTypeId"]) for one in events] == [("CREATE", "0-1")]
