"""The three-way decision, row by row of its table."""

from __future__ import annotations

import pytest

from alignment_pipeline.write_back.fields.decide import NO_BASE, NOT_READ, Decision, HoldReason, Move, Unknown, decide
from alignment_pipeline.write_back.fields.shape import FieldShape, Scalar

TEXT = FieldShape(name="Note__c", type="string", length=80)
NOOP, SET, REPAIR = Decision(Move.NOOP), Decision(Move.SET), Decision(Move.REPAIR)
EDIT, FIRST = Decision(Move.LEAVE, HoldReason.HUMAN_EDIT), Decision(Move.LEAVE, HoldReason.FIRST_TOUCH)


@pytest.mark.parametrize(
    ("ours", "theirs", "base", "machine", "shared"),
    [
        ("A", "A", "B", NOOP, NOOP),
        ("A", " A ", NO_BASE, NOOP, NOOP),
        ("A", "B", "B", SET, SET),
        ("A", None, NO_BASE, SET, SET),
        ("A", "", NO_BASE, SET, SET),
        ("A", "X", NO_BASE, FIRST, FIRST),
        (None, "X", NO_BASE, FIRST, FIRST),
        ("A", "X", "B", REPAIR, EDIT),
        ("A", None, "B", REPAIR, EDIT),
        (None, "B", "B", SET, SET),
        (None, None, "B", NOOP, NOOP),
        ("A", NOT_READ, "A", NOOP, NOOP),
        ("A", NOT_READ, "B", SET, SET),
        ("A", NOT_READ, NO_BASE, SET, SET),
    ],
)
def test_base_theirs_and_ours_decide(
    ours: Scalar, theirs: Scalar | Unknown, base: Scalar | Unknown, machine: Decision, shared: Decision
) -> None:
    found = [decide(ours=ours, theirs=theirs, base=base, is_shared=is_shared, shape=TEXT) for is_shared in (False, True)]

    assert found == [machine, shared]


def test_a_released_hold_allows_exactly_the_value_that_was_seen() -> None:
    def choose(theirs: str) -> Decision:
        return decide(ours="A", theirs=theirs, base="B", is_shared=True, shape=TEXT, accepted="X")

    assert (choose("X"), choose("Y")) == (SET, EDIT)


def test_a_person_gives_a_value_back_by_emptying_it() -> None:
    def choose(theirs: str | None) -> Decision:
        return decide(ours="A", theirs=theirs, base="B", is_shared=True, shape=TEXT, edit_held="X")

    assert (choose("X"), choose(None), choose("Z")) == (EDIT, SET, EDIT)


def test_a_held_edit_stays_held_even_when_it_is_what_we_wrote_before() -> None:
    assert decide(ours="A", theirs="B", base="B", is_shared=True, shape=TEXT, edit_held="B") == EDIT


def test_an_unticked_box_is_an_empty_one() -> None:
    box = FieldShape(name="Box__c", type="boolean")

    assert decide(ours=True, theirs=False, base=NO_BASE, is_shared=False, shape=box) == SET
