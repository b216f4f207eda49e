"""Erasing a person of HubSpot: what a merge left under old ids goes too, and what arrives later is not stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.streams import StreamState
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation import stream_states
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import erase
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.staging.factories import raw, raw_row, staged

CONTACTS, CALLS, MAILS = "raw_hubspot_contacts", "raw_hubspot_calls", "raw_hubspot_email_events"
CALL = {"hs_call_title": "Call"}


def test_ids_that_were_merged_into_a_person_are_erased_with_them_and_nothing_of_them_is_stored_again(tmp_path: Path) -> None:
    home = Home(path=tmp_path / "home", environ={}, clock=Clock())
    warehouse = home.warehouse()
    contacts = [
        raw_row(CONTACTS, "30", email="new@acme.example"),
        raw_row(CONTACTS, "10", email="old@acme.example"),
        raw_row(CONTACTS, "10", is_deleted=True, mergedInto="30"),
        raw_row(CONTACTS, "40", email="other@acme.example"),
    ]
    calls = [raw_row(CALLS, "1", contactIds="40;10", **CALL), raw_row(CALLS, "2", contactIds="40;100", **CALL)]
    warehouse.append(CONTACTS, raw(CONTACTS, *contacts).to_pyarrow())
    warehouse.append(CALLS, raw(CALLS, *calls).to_pyarrow())
    records = [{"source_key": "hubspot:30", "person_id": "hubspot:30", "object": "HubSpot", "record_id": "30"}]
    warehouse.replace("person_records", staged("person_records", records))
    warehouse.replace("people", staged("people", [{"person_id": "hubspot:30", "email": "new@acme.example"}]))
    mail = raw(MAILS, raw_row(MAILS, "m-1", recipient="old@acme.example"), raw_row(MAILS, "m-2", recipient="other@acme.example"))
    with home.journal() as journal:
        erase.erase_person(home, warehouse, journal, "new@acme.example")
        later = list(erase.Sieve(home, journal)(mail.to_pyarrow().to_batches(), MAILS))

    assert warehouse.read(CONTACTS).record_id.to_pyarrow().to_pylist() == ["40"]
    assert warehouse.read(CALLS).record_id.to_pyarrow().to_pylist() == ["2"]
    assert [row["recipient"] for batch in later for row in batch.to_pylist()] == ["other@acme.example"]


def test_an_erased_person_that_is_allowed_again_is_read_again_by_every_name(tmp_path: Path) -> None:
    home = Home(path=tmp_path / "home", environ={}, clock=Clock())
    warehouse = home.warehouse()
    contact = raw(CONTACTS, raw_row(CONTACTS, "30", email="new@acme.example")).to_pyarrow()
    warehouse.append(CONTACTS, contact)
    warehouse.replace(
        "person_records",
        staged("person_records", [{"source_key": "hubspot:30", "person_id": "hubspot:30", "object": "HubSpot", "record_id": "30"}]),
    )
    warehouse.replace("people", staged("people", [{"person_id": "hubspot:30", "email": "new@acme.example"}]))
    with home.journal() as journal:
        stream_states.save(journal, "hubspot", StreamState("contacts"))
        erase.erase_person(home, warehouse, journal, "new@acme.example")
        with pytest.raises(ConfigurationError, match="nobody known"):
            erase.erase_person(home, warehouse, journal, "another@acme.example")
        before = sum(batch.num_rows for batch in erase.Sieve(home, journal)(contact.to_batches(), CONTACTS))

        assert erase.allow_again(home, journal, "new@acme.example")

        after = sum(batch.num_rows for batch in erase.Sieve(home, journal)(contact.to_batches(), CONTACTS))
        assert (0, 1) == (before, after)
        assert {} == stream_states.load(journal, "hubspot")
        assert erase.allow_again(home, journal, "another@acme.example"), "another erasure stands by itself"


COMPANIES, DEALS, CHANGES, LEADS = "raw_hubspot_companies", "raw_hubspot_deals", "raw_hubspot_deals_changes", "raw_marketo_leads"


def crowded(home: Home) -> Warehouse:
    """Contact 151, and everybody and everything else that bears the number 151."""
    warehouse = home.warehouse()
    rows = {
        CONTACTS: [
            raw_row(CONTACTS, "151", email="new@acme.example"),
            raw_row(CONTACTS, "7", email="other@acme.example", numemployees="151"),
        ],
        COMPANIES: [raw_row(COMPANIES, "151", name="Acme")],
        DEALS: [raw_row(DEALS, "151", dealstage="s1", contactIds="7"), raw_row(DEALS, "9", dealstage="s1", contactIds="7;151")],
        CHANGES: [raw_row(CHANGES, "151:dealstage:x", objectId="151", property="dealstage", value="s1", sourceType="CRM_UI")],
        LEADS: [raw_row(LEADS, "151", email="third@acme.example")],
    }
    for name, listed in rows.items():
        warehouse.append(name, raw(name, *listed).to_pyarrow())
    keys = [("hubspot:151", "HubSpot"), ("hubspot:7", "HubSpot"), ("marketo:151", "Marketo")]
    records = [{"source_key": key, "person_id": key, "object": object_, "record_id": key.partition(":")[2]} for key, object_ in keys]
    emails = {"hubspot:151": "new@acme.example", "hubspot:7": "other@acme.example", "marketo:151": "third@acme.example"}
    warehouse.replace("person_records", staged("person_records", records))
    warehouse.replace("people", staged("people", [{"person_id": key, "email": email} for key, email in emails.items()]))
    return warehouse


def test_the_number_of_an_erased_contact_is_nobody_elses_in_any_system(tmp_path: Path) -> None:
    home = Home(path=tmp_path / "home", environ={}, clock=Clock())
    warehouse = crowded(home)
    tables = {name: warehouse.read(name).to_pyarrow() for name in (CONTACTS, COMPANIES, DEALS, CHANGES, LEADS)}
    with home.journal() as journal:
        erase.erase_person(home, warehouse, journal, "hubspot:151")
        sieve = erase.Sieve(home, journal)
        later = {name: [row for batch in sieve(table.to_batches(), name) for row in batch.to_pylist()] for name, table in tables.items()}

    left = {CONTACTS: ["7"], COMPANIES: ["151"], DEALS: ["151"], CHANGES: ["151:dealstage:x"], LEADS: ["151"]}
    assert {name: warehouse.read(name).record_id.to_pyarrow().to_pylist() for name in left} == left
    assert {name: [row["record_id"] for row in rows] for name, rows in later.items()} == left | {DEALS: ["151", "9"]}
    assert warehouse.read("person_records").source_key.to_pyarrow().to_pylist() == ["hubspot:7", "marketo:151"]


def test_a_number_that_several_systems_know_is_asked_about(tmp_path: Path) -> None:
    home = Home(path=tmp_path / "home", environ={}, clock=Clock())
    warehouse = crowded(home)
    with home.journal() as journal, pytest.raises(ConfigurationError, match=r"hubspot:151.*marketo:151"):
        erase.erase_person(home, warehouse, journal, "151")
