"""The last look before sending: read the records again and decide every field again.

Belongs here: what becomes of each operation of a batch, given its record as it is this moment. Sending what is left: `send.py`.
What people changed since the plan was made is dropped here; what they change after this look is caught by the condition on the
write (shared fields) and by verification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from alignment_pipeline.connectors.crm import Record
from alignment_pipeline.connectors.values import parse_stamp
from alignment_pipeline.journal.journal import stamp
from alignment_pipeline.write_back.fields import naming
from alignment_pipeline.write_back.fields.bases import Base
from alignment_pipeline.write_back.fields.decide import NO_BASE, HoldReason, Move, decide
from alignment_pipeline.write_back.fields.field_rules import CREATABLE
from alignment_pipeline.write_back.fields.holds import NewHold
from alignment_pipeline.write_back.fields.shape import Scalar
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.sending.context import MODSTAMP, OWNER, Run


@dataclass
class Look:
    """What the last look found. `send` holds operations narrowed to the fields that are still to be written."""

    send: list[Op] = field(default_factory=list)
    noops: list[Op] = field(default_factory=list)
    gone: list[Op] = field(default_factory=list)
    held: list[Op] = field(default_factory=list)
    kept: list[Op] = field(default_factory=list)
    existing: list[Op] = field(default_factory=list)
    doubled: list[Op] = field(default_factory=list)
    later: list[Op] = field(default_factory=list)
    holds: list[NewHold] = field(default_factory=list)
    right: dict[str, dict[str, Scalar]] = field(default_factory=dict)
    drift: list[tuple[str, str, str, str, Scalar]] = field(default_factory=list)
    owners: dict[str, Any] = field(default_factory=dict)


def fields_to_read(run: Run, object_: str, ops: Sequence[Op]) -> list[str]:
    """Everything that the decision and the verification look at."""
    names = {name for op in ops for name in (*op.after, *op.carried)}
    names.update(name for op in ops if op.reason_code == "ROLLBACK_CREATE" for name in op.base)
    names.update(run.rules.lock_fields(object_))
    if run.has_owner(object_):
        names.add(OWNER)
    return [*sorted(names), MODSTAMP]


def read(run: Run, object_: str, ops: Sequence[Op]) -> dict[str, Record | None]:
    """The records of updates as they are now."""
    ids = [op.record_id for op in ops if op.record_id]
    return run.crm.reader.read_by_ids(object_, ids, fields_to_read(run, object_, ops))


def look_at_updates(run: Run, ops: Sequence[Op], records: Mapping[str, Record | None], bases: Mapping[str, Mapping[str, Base]]) -> Look:
    """Decide every field of every update again."""
    look = Look()
    for op in ops:
        record = records.get(op.record_id or "")
        if record is None or (op.rollback_of is None and record.get("Id", op.record_id) != op.record_id):
            # merged away: the next plan is for what it became. A rollback follows it, and restores what is still as we wrote it
            look.gone.append(op)
            continue
        look.owners[op.record_id or ""] = record.get(OWNER)
        if op.rollback_of is None and run.rules.is_locked(op.object, {name: scalar(value) for name, value in record.items()}):
            look.held.append(op)
            look.holds.append(NewHold(op.object, op.record_id or "", "*", HoldReason.RECORD_LOCK))
            continue
        keep = _undo(run, op, record, look) if op.rollback_of is not None else _fields(run, op, record, bases, look)
        if keep is not None:
            look.send.append(_narrowed(op, keep, record))
    return look


def look_at_creates(ops: Sequence[Op], there: Mapping[str, Sequence[Record]]) -> Look:
    """A record that holds the key already is the one we wanted: nothing is sent, nothing of it is changed."""
    look = Look()
    for op in ops:
        records = there.get(op.ext_key or "", ())
        if len(records) > 1:
            look.doubled.append(op)
        elif records:
            look.existing.append(replace(op, record_id=str(records[0]["Id"])))
        else:
            look.send.append(op)
    return look


def _fields(run: Run, op: Op, record: Record, bases: Mapping[str, Mapping[str, Base]], look: Look) -> dict[str, Scalar] | None:
    record_id = op.record_id or ""
    known = bases.get(record_id, {})
    keep: dict[str, Scalar] = {}
    drifted: list[tuple[str, Scalar]] = []
    held = 0
    for name, ours in op.after.items():
        key = (op.object, record_id, name)
        theirs = scalar(record.get(name))
        hold = run.holds.get(key)
        decision = decide(
            ours=ours,
            theirs=theirs,
            base=known[name].value if name in known else NO_BASE,
            is_shared=run.rules.is_shared(op.object, name),
            shape=run.rules.shape(op.object, name),
            accepted=run.accepted.get(key, NO_BASE),
            edit_held=hold.value_seen if hold is not None and hold.reason is HoldReason.HUMAN_EDIT else NO_BASE,
        )
        reason = decision.hold
        if decision.move is Move.REPAIR and run.rules.is_flapping(run.drift.get(key, {})):
            reason = HoldReason.FLAPPING
        if reason is not None:
            held += 1
            look.holds.append(NewHold(op.object, record_id, name, reason, theirs))
        elif decision.move is Move.NOOP:
            look.right.setdefault(record_id, {})[name] = ours
        else:
            keep[name] = ours
            if decision.move is Move.REPAIR:
                drifted.append((name, theirs))
    if not keep:
        (look.held if held else look.noops).append(op)
        return None
    look.drift += [(op.object, record_id, name, "drift", theirs) for name, theirs in drifted]
    return keep


def _undo(run: Run, op: Op, record: Record, look: Look) -> dict[str, Scalar] | None:
    """A rollback restores only what still is as we wrote it (`op.base`)."""
    keep: dict[str, Scalar] = {}
    touched = False
    for name, restored in op.after.items():
        shape = run.rules.shape(op.object, name)
        theirs = scalar(record.get(name))
        if shape.same(theirs, restored):
            look.right.setdefault(op.record_id or "", {})[name] = restored
        elif shape.same(theirs, op.base.get(name)):
            keep[name] = restored
        else:
            touched = True
            if op.object not in CREATABLE and not run.rules.is_carried(op.object, name):
                look.holds.append(NewHold(op.object, op.record_id or "", name, HoldReason.ROLLED_BACK, theirs))
    if op.reason_code == "ROLLBACK_CREATE" and not touched:
        others = (name for name in op.base if name not in op.after)
        touched = any(not _is_as_sent(run, op, name, scalar(record.get(name))) for name in others)
    if op.reason_code == "ROLLBACK_CREATE" and touched:
        keep = {}
    if not keep:
        (look.kept if touched else look.noops).append(op)
        return None
    return keep


def _is_as_sent(run: Run, op: Op, name: str, theirs: Scalar) -> bool:
    ours = op.base[name]
    return naming.may_be(ours, theirs) if naming.named_in([ours]) else run.rules.shape(op.object, name).same(theirs, ours)


def _narrowed(op: Op, keep: Mapping[str, Scalar], record: Record) -> Op:
    read_back = {name: scalar(record.get(name)) for name in (*keep, *op.carried)}
    planned = op.planned_after
    return replace(op, after=dict(keep), planned=None if keep == planned else planned, before=read_back, before_modstamp=modstamp(record))


def modstamp(record: Record) -> str | None:
    """The record's SystemModstamp as the journal writes moments."""
    text = record.get(MODSTAMP)
    return stamp(parse_stamp(str(text))) if text else None


def scalar(value: Any) -> Scalar:
    """A vendor's JSON value as a plain scalar."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)
