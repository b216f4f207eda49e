"""Deleting a person in HubSpot: only what was looked up and agreed to, noted without a name, and here only when it is gone there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from alignment_pipeline.errors import AlignmentError, ConfigurationError, Permanent, Retryable
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import erase
from alignment_pipeline.operations import erase_elsewhere as elsewhere
from alignment_pipeline.sandbox.hubspot.settings import READ_SCOPES, HubSpotSettings
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore, Person
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline.write_back.plans import keys
from alignment_pipeline.write_back.records import deletions
from alignment_pipeline_tests.connectors.served import TEN_DAYS_AGO, Served, served
from alignment_pipeline_tests.staging.factories import raw, raw_row, staged

CONTACTS = "raw_hubspot_contacts"
ANN, OTHER = "ann@acme.example", "other@acme.example"
WORD = "the data protection officer"


@dataclass
class Office:
    """A home that knows two contacts of a portal: Ann, who is 11, and somebody else, who is 12."""

    world: Served
    home: Home
    warehouse: Warehouse

    @property
    def store(self) -> HubSpotStore:
        found: HubSpotStore = self.world.world.hubspot
        return found

    @property
    def person(self) -> Person:
        return Person(self.store, self.world.world.clock)

    def living(self) -> list[str]:
        return [one.id for one in self.store.living("contacts")]

    def knows_here(self) -> list[str]:
        listed: list[str] = self.warehouse.read(CONTACTS).record_id.to_pyarrow().to_pylist()
        return sorted(listed)

    def shown(self, wanted: str = ANN) -> Sequence[str]:
        return elsewhere.look_up(self.home, self.warehouse, wanted, "hubspot")[1].lines()

    def delete(self, wanted: str = ANN) -> int:
        """As the command does: shown, agreed to, deleted there, erased here."""
        looked_up = elsewhere.look_up(self.home, self.warehouse, wanted, "hubspot")
        with self.home.journal() as journal:
            deleted = elsewhere.delete(self.home, journal, *looked_up, by=WORD)
            erase.erase_person(self.home, self.warehouse, journal, wanted)
        return deleted

    def noted(self, record: str) -> tuple[bool, bool]:
        """Whether a record's deletion was asked for, and whether it was seen to be gone."""
        key = keys.secret(self.home.path / erase.KEY_FILE, may_make=False).encode()
        with self.home.journal() as journal:
            said = deletions.asked(journal, "hubspot", record, key=key)
        return said is not None, said is not None and said[1] is not None


def opened(world: Served, home: Home) -> Office:
    store: HubSpotStore = world.world.hubspot
    store.load({"contacts": [{"id": 11, "at": TEN_DAYS_AGO, "email": ANN}, {"id": 12, "at": TEN_DAYS_AGO, "email": OTHER}]})
    warehouse = home.warehouse()
    warehouse.append(CONTACTS, raw(CONTACTS, raw_row(CONTACTS, "11", email=ANN), raw_row(CONTACTS, "12", email=OTHER)).to_pyarrow())
    keyed = [("hubspot:11", ANN), ("hubspot:12", OTHER)]
    records = [{"source_key": key, "person_id": key, "object": "HubSpot", "record_id": key.partition(":")[2]} for key, _ in keyed]
    warehouse.replace("person_records", staged("person_records", records))
    warehouse.replace("people", staged("people", [{"person_id": key, "email": email} for key, email in keyed]))
    return Office(world, home, warehouse)


def home_of(world: Served, path: Path) -> Home:
    return Home(path=path / "home", environ=world.environment, clock=world.clock)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with served(hubspot=HubSpotStore()) as world:
        yield opened(world, home_of(world, tmp_path))


def test_a_person_is_deleted_there_and_erased_here_and_the_journal_names_nobody(office: Office) -> None:
    assert office.shown() == [f"  hubspot:11  no name, {ANN}"]

    assert office.delete() == 1

    assert (office.living(), office.knows_here(), office.store.blocked_emails) == (["12"], ["12"], set())
    assert office.noted("11") == (True, True)
    held = [path.read_bytes() for path in office.home.path.rglob("*") if path.is_file()]
    assert not any(ANN.encode() in one or b"hubspot:11" in one for one in held)


def test_what_the_journal_notes_survives_a_crash_before_the_answer(office: Office) -> None:
    office.world.fault("answer", system="hubspot", path="gdpr-delete", status=403, count=1, content={"category": "MISSING_SCOPES"})
    with pytest.raises(AlignmentError):
        office.delete()

    assert (office.noted("11"), office.living(), office.knows_here()) == ((True, False), ["11", "12"], ["11", "12"])
    assert office.delete() == 1
    assert office.noted("11") == (True, True)


def test_an_answer_that_proves_nothing_erases_nothing_here(office: Office) -> None:
    office.world.fault("answer", system="hubspot", path="gdpr-delete", status=204, count=1)

    with pytest.raises(Retryable, match="still shows hubspot:11"):
        office.delete()

    assert (office.noted("11"), office.knows_here()) == ((True, False), ["11", "12"])
    assert (office.delete(), office.noted("11")) == (1, (True, True))


def test_a_contact_that_is_gone_there_already_is_erased_here(office: Office) -> None:
    office.person.erase("contacts", "11")

    assert office.shown() == ["  1 of their records here: gone there already"]
    assert (office.delete(), office.knows_here()) == (0, ["12"])


def test_a_merge_is_followed_and_an_address_of_somebody_else_stops_it(office: Office) -> None:
    office.person.merge("contacts", "11", "12")

    with pytest.raises(ConfigurationError, match=f"{OTHER}.*alignment run"):
        office.shown()

    assert len(office.living()) == 1


def test_a_merge_between_the_look_and_the_word_deletes_nothing(office: Office) -> None:
    looked_up = elsewhere.look_up(office.home, office.warehouse, ANN, "hubspot")
    office.person.merge("contacts", "11", "12")

    with office.home.journal() as journal, pytest.raises(ConfigurationError, match="look again"):
        elsewhere.delete(office.home, journal, *looked_up, by=WORD)

    assert len(office.living()) == 1


def test_an_archived_contact_is_deleted_where_hubspot_finds_it(office: Office) -> None:
    office.person.archive("contacts", "11")

    assert office.shown() == [f"  hubspot:11  no name, {ANN}, archived"]
    assert (office.delete(), office.knows_here()) == (1, ["12"])


def test_an_archived_contact_that_hubspot_does_not_find_is_left_to_a_person(tmp_path: Path) -> None:
    with served(hubspot=HubSpotStore(HubSpotSettings(erases_archived=False))) as world:
        office = opened(world, home_of(world, tmp_path))
        office.person.archive("contacts", "11")

        with pytest.raises(Retryable, match="restored there, and deleted for good by hand"):
            office.delete()

        assert office.knows_here() == ["11", "12"]


def test_a_token_that_may_not_write_deletes_nothing_and_says_what_it_lacks(tmp_path: Path) -> None:
    with served(hubspot=HubSpotStore(HubSpotSettings(tokens={"pat-na1-sandbox-0001": READ_SCOPES}))) as world:
        office = opened(world, home_of(world, tmp_path))

        with pytest.raises(Permanent, match=r"crm\.objects\.contacts\.write"):
            office.delete()

        assert (office.living(), office.knows_here()) == (["11", "12"], ["11", "12"])


def test_more_records_than_one_person_has_are_not_deleted_by_one_word(office: Office) -> None:
    rows = [
        {"source_key": f"hubspot:{number}", "person_id": "hubspot:11", "object": "HubSpot", "record_id": str(number)}
        for number in range(11, 22)
    ]
    office.warehouse.replace("person_records", staged("person_records", rows))

    with pytest.raises(ConfigurationError, match="11 records of HubSpot"):
        office.shown()


def test_somebody_unknown_is_looked_up_nowhere(office: Office) -> None:
    with pytest.raises(ConfigurationError, match="nobody who is called"):
        office.shown("nobody@acme.example")

    assert office.store.blocked_emails == set()


def test_a_system_that_is_not_connected_is_refused(office: Office) -> None:
    alone = Home(path=office.home.path, environ={}, clock=office.home.clock)

    with pytest.raises(ConfigurationError, match="HUBSPOT_ACCESS_TOKEN"):
        elsewhere.look_up(alone, office.warehouse, ANN, "hubspot")
