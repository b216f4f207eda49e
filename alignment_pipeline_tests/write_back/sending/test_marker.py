"""A journal belongs to one organisation and goes on from where it was: a lost or old one never overwrites a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.lease import FAST, FULL
from alignment_pipeline.write_back.records import adopt
from alignment_pipeline.write_back.sending.marker import JournalLost
from alignment_pipeline_tests import postgres
from alignment_pipeline_tests.write_back import restored
from alignment_pipeline_tests.write_back.office import Office, lead_id, office

ANOTHER = "00D000000000099AAA"


def test_what_was_sent_to_one_organisation_is_not_decided_by_reading_another(tmp_path: Path) -> None:
    """A copied sandbox has the same ids: there the record is missing, and the outcome would be taken for 'gone'."""
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.fault("cut_after", method="PATCH", path="composite/sobjects$")
        stopped = acme.run(patience_seconds=0)
        first, acme.crm.organization_id = acme.crm.organization_id, ANOTHER
        planned = acme.plan()
        acme.people.delete(lead_id(0))
        calls = acme.crm.calls()

        with pytest.raises(ConfigurationError, match=f"this journal is organisation {first}'s"):
            planned.apply()

        assert acme.crm.calls() == calls and acme.states() == dict(stopped.states)


def test_a_refused_run_does_not_give_the_journal_away(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        first, acme.crm.organization_id = acme.crm.organization_id, ANOTHER
        refused = acme.plan()
        with pytest.raises(Exception, match="approve"):
            refused.apply()
        acme.crm.organization_id = first

        assert acme.run().states == {"VERIFIED": 1}


def after_a_person_edited(acme: Office, tmp_path: Path, *, lane: str = FULL) -> Path:
    """A copy of the journal from before the last writes; since then a person has typed over one of them."""
    acme.want(lead_id(0), Note__c="first")
    acme.run()
    copy = restored.copied(acme, tmp_path / "copy.sqlite")
    acme.advance(hours=1)
    acme.want(lead_id(0), Note__c="second")
    acme.run(lane=lane)
    acme.edit(lead_id(0), Note__c="first")
    acme.want(lead_id(0), Note__c="third")
    return copy


def assert_refused(acme: Office, *, lane: str = FULL) -> None:
    """However often it is tried, and whichever lane tries it."""
    for number in range(7):
        acme.advance(minutes=30)
        acme.want(lead_id(1), Score__c=number + 1)
        with pytest.raises(JournalLost, match="old copy"):
            acme.run(lane=lane)
    assert acme.value(lead_id(0), "Note__c") == "first"


@pytest.mark.parametrize("lane", [FULL, FAST])
def test_a_copy_restored_into_a_fresh_home_applies_nothing(lane: str, tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        copy = after_a_person_edited(acme, tmp_path)
        restored.restore_into_a_fresh_home(acme, copy, tmp_path / "fresh")

        assert_refused(acme, lane=lane)


def test_the_refusal_of_a_copy_restored_in_place_does_not_wear_off(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        copy = after_a_person_edited(acme, tmp_path)
        restored.restore_in_place(acme, copy)

        assert_refused(acme)


def test_a_copy_from_before_writes_of_the_fast_lane_applies_nothing(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        copy = after_a_person_edited(acme, tmp_path, lane=FAST)
        restored.restore_in_place(acme, copy)

        assert_refused(acme)


def test_postgresql_in_a_fresh_container_applies_nothing_without_its_data_or_with_an_old_copy(tmp_path: Path) -> None:
    with postgres.served(tmp_path) as server:
        first = restored.database(server, "first")
        with office(tmp_path / "office", journal_url=first) as acme:
            acme.want(lead_id(0), Note__c="first")
            acme.run()
            acme.journal.close()
            old = restored.database(server, "old", like="first")
            restored.open_in_a_fresh_container(acme, first, tmp_path / "moved")
            acme.advance(hours=1)
            acme.want(lead_id(0), Note__c="second")
            assert acme.run().states == {"VERIFIED": 1}, "a database that is whole goes on, wherever the home is"
            acme.edit(lead_id(0), Note__c="first")
            acme.want(lead_id(0), Note__c="third")

            for name, url in (("empty", restored.database(server, "empty")), ("copied", old)):
                restored.open_in_a_fresh_container(acme, url, tmp_path / name)
                for _ in range(3):
                    acme.advance(minutes=30)
                    with pytest.raises(JournalLost):
                        acme.run()
            assert acme.value(lead_id(0), "Note__c") == "first"


def test_a_second_home_on_an_organisation_hears_who_wrote_before_its_first_write(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.run()
        acme.journal.close()
        acme.home = tmp_path / "second"
        acme.journal = Journal.open(str(acme.home / "journal.db"), home=acme.home, clock=acme.clock)
        acme.want(lead_id(1), Score__c=2)
        before = len(acme.writes())

        with pytest.raises(JournalLost, match=r"was synced at 2026-11-20 12:00:00 UTC by .*another installation writes"):
            acme.run()
        assert len(acme.writes()) == before


def test_an_adoption_is_the_way_on_and_keeps_every_human_edit(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(1), Note__c="to be emptied by a person")
        copy = after_a_person_edited(acme, tmp_path)
        acme.edit(lead_id(1), Note__c=None)
        restored.restore_in_place(acme, copy)

        found = adopt.adopt(acme.journal, lambda: acme.judged()[0], crm=acme.crm, agreement=acme.agreement)
        acme.want(lead_id(2), Score__c=3)
        done = acme.run()

        assert dict(found.holds) == {"FIRST_TOUCH": 1, "HUMAN_EDIT": 1}
        assert done.states == {"VERIFIED": 1}
        assert [acme.value(lead_id(number), "Note__c") for number in (0, 1)] == ["first", None]
