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
        later = list(erase.Sieve(home, journal)(mail.to_pyarrow().to_batches()))

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
        before = sum(batch.num_rows for batch in erase.Sieve(home, journal)(contact.to_batches()))

        assert erase.allow_again(home, journal, "new@acme.example")

        after = sum(batch.num_rows for batch in erase.Sieve(home, journal)(contact.to_batches()))
        assert (0, 1) == (before, after)
        assert {} == stream_states.load(journal, "hubspot")
        assert erase.allow_again(home, journal, "another@acme.example"), "another erasure stands by itself"
