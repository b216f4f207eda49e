"""Three values decide one field: base (last written and verified), theirs (the CRM now), ours (what it should be).

Belongs here: the decision, as a pure function, used when a plan is made and again just before each batch is sent. What a decision leads
to is `write_back/plans/plan.py` and `write_back/sending/apply.py`. Values decide, never who modified the record last: that is known per
record only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alignment_pipeline.write_back.fields.shape import FieldShape, Scalar


class Unknown(StrEnum):
    """Values that are not there to compare with."""

    NO_BASE = "no base"
    NOT_READ = "not read"


NO_BASE: Final = Unknown.NO_BASE
NOT_READ: Final = Unknown.NOT_READ


class Move(StrEnum):
    """What to do with one field."""

    NOOP = "noop"
    SET = "set"
    REPAIR = "repair"
    LEAVE = "leave"


class HoldReason(StrEnum):
    """Why a value or record is held: left as people have it."""

    HUMAN_EDIT = "HUMAN_EDIT"
    FIRST_TOUCH = "FIRST_TOUCH"
    RECORD_LOCK = "RECORD_LOCK"
    FLAPPING = "FLAPPING"
    ROLLED_BACK = "ROLLED_BACK"


@dataclass(frozen=True)
class Decision:
    """The move for one field, and why it is held when it is."""

    move: Move
    hold: HoldReason | None = None


_NOOP = Decision(Move.NOOP)
_SET = Decision(Move.SET)
_REPAIR = Decision(Move.REPAIR)


def decide(
    *,
    ours: Scalar,
    theirs: Scalar | Unknown,
    base: Scalar | Unknown,
    is_shared: bool,
    shape: FieldShape,
    accepted: Scalar | Unknown = NO_BASE,
    edit_held: Scalar | Unknown = NO_BASE,
) -> Decision:
    """The three-way decision for one field of one record.

    `accepted` is a value of theirs that a person allowed us to write over (a released hold); `edit_held` is the person's edit that
    an active HUMAN_EDIT hold protects. A value that was not read is taken to be what we last wrote: it is read before it is sent.
    """
    if isinstance(theirs, Unknown):
        same_as_base = not isinstance(base, Unknown) and shape.same(ours, base)
        return _NOOP if same_as_base else _SET
    if shape.same(theirs, ours):
        return _NOOP
    if not isinstance(accepted, Unknown) and shape.same(theirs, accepted):
        return _SET
    is_empty = shape.canonical(theirs) in (None, False)
    if not isinstance(edit_held, Unknown) and shape.same(theirs, edit_held):
        return Decision(Move.LEAVE, HoldReason.HUMAN_EDIT)
    if isinstance(base, Unknown):
        return _SET if is_empty else Decision(Move.LEAVE, HoldReason.FIRST_TOUCH)
    if shape.same(theirs, base):
        return _SET
    if not is_shared:
        return _REPAIR
    gave_back = is_empty and not isinstance(edit_held, Unknown) and shape.canonical(edit_held) not in (None, False)
    return _SET if gave_back else Decision(Move.LEAVE, HoldReason.HUMAN_EDIT)
