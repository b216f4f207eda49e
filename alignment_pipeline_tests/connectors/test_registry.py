"""The registry of connectors is whole: every system has one entry, and nothing of it contradicts the contracts."""

from __future__ import annotations

import pytest

from alignment_pipeline.connectors import registry
from alignment_pipeline.connectors.connector import Connector
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.systems.registry import MARKETING, STREAMS, SYSTEMS


def test_every_system_has_a_connector_and_every_connector_a_system() -> None:
    assert list(registry.CONNECTORS) == list(SYSTEMS)
    assert all(registry.CONNECTORS[name].system is system for name, system in SYSTEMS.items())


@pytest.mark.parametrize("connector", registry.CONNECTORS.values(), ids=lambda one: one.system.name)
def test_a_connector_is_configured_by_any_of_its_variables_and_by_no_other(connector: Connector) -> None:
    others = {name: "x" for one in registry.CONNECTORS.values() if one is not connector for name in one.variables}

    assert not connector.is_configured(others)
    assert all(connector.is_configured({name: "x"}) for name in connector.configured_by)
    assert connector.configured_by[0] in connector.variables
    assert connector.is_required or connector.without


def test_streams_have_tables_of_their_own_with_a_contract() -> None:
    tables = [stream.table for stream in STREAMS]

    assert len(set(tables)) == len(tables)
    assert all(CONTRACTS[stream.table].columns for stream in STREAMS)
    assert all(stream.system == name for name, system in SYSTEMS.items() for stream in system.streams)


def test_feeds_and_people_of_marketing_systems_name_fields_that_are_read() -> None:
    fields = {stream.table: set(stream.fields) for stream in STREAMS}
    for system in MARKETING:
        if system.people is None:
            assert not system.feeds
            continue
        synced = {name for name in (system.people.lead_id, system.people.contact_id) if name}
        assert {system.people.email, *synced} <= fields[system.people.table]
        for feed in system.feeds:
            named = {name for name in (feed.person, feed.moment, feed.type_id, feed.attributes, *feed.values) if name}
            assert named <= fields[feed.table], f"{feed.table} has no {', '.join(sorted(named - fields[feed.table]))}"
            assert feed.record is not None or feed.catalogue in fields


def test_known_codes_are_those_of_all_connectors() -> None:
    assert {"STRING_TOO_LONG", "1003"} <= registry.KNOWN_CODES
