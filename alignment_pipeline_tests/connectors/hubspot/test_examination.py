"""What the doctor finds in a portal: one system for each field, properties that are missing, scopes by their names."""

from __future__ import annotations

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.connectors.findings import Finding
from alignment_pipeline.connectors.hubspot import examination, preparation
from alignment_pipeline.sandbox.hubspot.properties import Property
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline_tests.connectors.served import TEN_DAYS_AGO, Served

DEFAULT, ALONE = loader.load(loader.default_path()), loader.load(loader.example_path("hubspot_only"))


def found(world: Served, subject: str, agreement: Agreement, *, is_alone: bool = False) -> list[Finding]:
    """The findings about one subject."""
    environ = {name: value for name, value in world.environment.items() if not (is_alone and name.startswith("SALESFORCE_"))}
    return [one for one in examination.examine(environ, world.clock, agreement) if one.subject == subject]


def synced(world: Served) -> HubSpotStore:
    store: HubSpotStore = world.world.hubspot
    store.load({"contacts": [{"id": 11, "at": TEN_DAYS_AGO, "email": "a@acme.example", "salesforceleadid": "00QQy000100008hMAA"}]})
    return store


def test_a_field_that_the_native_sync_maps_too_is_refused(world: Served) -> None:
    store = synced(world)
    assert [one.status for one in found(world, "native sync", DEFAULT)] == ["ok"]

    store.definitions.add("contacts", Property("alignment_stage__c", is_defined=False))
    (refused,) = found(world, "native sync", DEFAULT)
    assert refused.status == "fail" and "contacts.alignment_stage__c" in refused.text and "field mappings" in refused.fix


def test_a_portal_that_is_synced_with_an_unconnected_salesforce_is_no_crm(world: Served) -> None:
    synced(world)
    (refused,) = found(world, "native sync", ALONE, is_alone=True)
    assert refused.status == "fail" and "SALESFORCE_DOMAIN" in refused.fix


def test_without_a_native_sync_nothing_is_said_of_it(world: Served) -> None:
    assert found(world, "native sync", DEFAULT) == []


def test_missing_properties_are_named_and_made_ones_are_not(world: Served) -> None:
    (missing,) = found(world, "properties", ALONE, is_alone=True)
    assert missing.status == "fail" and "--prepare" in missing.fix
    session = world.hubspot()
    preparation.make(session, preparation.missing(session, ALONE.crm))
    (there,) = found(world, "properties", ALONE, is_alone=True)
    assert there.status == "ok"


def journal(world: Served, **change: str) -> dict[str, Finding]:
    """What is found of the Webhooks Journal, with its app's credentials."""
    environ = world.environment | world.world.hubspot.journal_environment() | change
    named = {"webhooks journal", "journal subscription"}
    return {one.subject: one for one in examination.examine(environ, world.clock, DEFAULT) if one.subject in named}


def test_a_journal_that_is_not_configured_is_no_fault(world: Served) -> None:
    (unused,) = found(world, "webhooks journal", DEFAULT)
    assert unused.status == "ok" and "not used" in unused.text


def test_a_journal_is_used_and_useless_without_a_subscription(world: Served) -> None:
    store: HubSpotStore = world.world.hubspot
    assert {name: one.status for name, one in journal(world).items()} == {"webhooks journal": "ok", "journal subscription": "warn"}

    store.changes.subscribe("0-1", ["CREATE", "UPDATE"], ["recent_conversion_date"], TEN_DAYS_AGO)
    assert {name: one.status for name, one in journal(world).items()} == {"webhooks journal": "ok", "journal subscription": "ok"}


def test_a_journal_that_refuses_is_a_warning_since_forms_are_polled_without_it(world: Served) -> None:
    (refused,) = journal(world, HUBSPOT_JOURNAL_CLIENT_SECRET="wrong").values()
    assert refused.status == "warn" and "HUBSPOT_JOURNAL_CLIENT_SECRET" in refused.text and "polls every form" in refused.fix
