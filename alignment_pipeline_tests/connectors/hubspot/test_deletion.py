"""Contacts are looked up and deleted for good by their number only; no address is ever blocked."""

from __future__ import annotations

import pytest

from alignment_pipeline.connectors.deletion import ShownRecord
from alignment_pipeline.connectors.hubspot import deletion
from alignment_pipeline.errors import ConfigurationError, Permanent
from alignment_pipeline.sandbox.hubspot.settings import READ_SCOPES, HubSpotSettings
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore, Person
from alignment_pipeline_tests.connectors.served import TEN_DAYS_AGO, Served, served


def opened(world: Served) -> deletion.ContactDeletion:
    """A portal with three contacts: 11, 12 and 13."""
    store: HubSpotStore = world.world.hubspot
    store.load({"contacts": [{"id": number, "at": TEN_DAYS_AGO, "email": f"p{number}@acme.example"} for number in (11, 12, 13)]})
    return deletion.open_deletion(world.environment, world.clock)


def person(world: Served) -> Person:
    return Person(world.world.hubspot, world.world.clock)


def test_a_look_shows_living_merged_and_archived_contacts_and_leaves_out_those_that_are_gone(world: Served) -> None:
    contacts = opened(world)
    new = person(world).merge("contacts", "11", "12")
    person(world).archive("contacts", "13")

    found = contacts.look_up(["11", "12", "13", "14"])

    assert found == [
        ShownRecord(new, ("11", "12"), "", ("p11@acme.example", "p12@acme.example")),
        ShownRecord("13", ("13",), "", ("p13@acme.example",), is_archived=True),
    ]


def test_a_deletion_takes_the_contact_and_blocks_no_address(world: Served) -> None:
    contacts, store = opened(world), world.world.hubspot

    contacts.delete("11")
    contacts.delete("11")
    contacts.delete("4711")

    assert (contacts.look_up(["11"]), [one.id for one in store.living("contacts")], store.blocked_emails) == ([], ["12", "13"], set())


@pytest.mark.parametrize("name", ["p11@acme.example", "", "00Q000000000001AAA"])
def test_nothing_but_a_number_is_ever_asked_for(world: Served, name: str) -> None:
    contacts = opened(world)
    before = contacts.counter.total

    with pytest.raises(Permanent, match="by their number only"):
        contacts.look_up(["12", name])

    assert contacts.counter.total == before


def test_a_token_without_the_scope_is_refused_with_its_name() -> None:
    with served(hubspot=HubSpotStore(HubSpotSettings(tokens={"pat-na1-sandbox-0001": READ_SCOPES}))) as world:
        contacts = opened(world)

        with pytest.raises(Permanent, match=r"crm\.objects\.contacts\.write"):
            contacts.delete("11")


def test_the_writers_token_is_used_and_another_portal_is_refused(world: Served) -> None:
    with pytest.raises(ConfigurationError, match="HUBSPOT_PORTAL_ID"):
        deletion.open_deletion(world.environment | {"HUBSPOT_PORTAL_ID": "1"}, world.clock)
    with pytest.raises(Permanent):
        deletion.open_deletion(world.environment | {"HUBSPOT_WRITER_ACCESS_TOKEN": "pat-na1-other"}, world.clock)
