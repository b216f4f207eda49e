"""Letting go of a hold allows one write over the value that was seen, and no more."""

from __future__ import annotations

from pathlib import Path

from alignment_pipeline.write_back.fields import holds
from alignment_pipeline.write_back.fields.decide import HoldReason
from alignment_pipeline_tests.write_back.office import Office, lead_id, office


def _taken_over(acme: Office) -> None:
    """A person filled the field before we did, another one let go of it, and our value stands there."""
    acme.edit(lead_id(0), Note__c="typed first")
    acme.want(lead_id(0), Note__c="ours")
    acme.run()
    (held,) = holds.listing(acme.journal)
    assert held.reason is HoldReason.FIRST_TOUCH
    holds.release(acme.journal, [held.hold_id], by="Ann")
    acme.advance(minutes=5)
    acme.run()
    assert acme.value(lead_id(0), "Note__c") == "ours"


def _typed_again(acme: Office) -> None:
    """After the takeover a person types the first value once more, and we want another one."""
    _taken_over(acme)
    acme.advance(days=1)
    acme.edit(lead_id(0), Note__c="typed first")
    acme.want(lead_id(0), Note__c="ours, newer")
    acme.run()


def test_a_value_that_is_typed_again_after_the_takeover_is_a_persons_edit(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        _typed_again(acme)

        assert acme.value(lead_id(0), "Note__c") == "typed first"
        assert [one.reason for one in holds.listing(acme.journal)] == [HoldReason.HUMAN_EDIT]


def test_it_can_be_let_go_of_a_second_time(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        _typed_again(acme)
        holds.release(acme.journal, [one.hold_id for one in holds.listing(acme.journal)], by="Ann")

        acme.run()

        assert acme.value(lead_id(0), "Note__c") == "ours, newer"
