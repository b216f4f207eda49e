"""The read rule: what a record, read now, says of an operation that was sent.

Belongs here: the decision. now = after: verified. now = before: not applied, or undone. Anything else: somebody came in between.
An unknown outcome is only called "not applied" when nothing can arrive late any more. Moving states: `settle.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alignment_pipeline.connectors.crm import Record
from alignment_pipeline.journal.journal import stamp
from alignment_pipeline.write_back.fields.decide import HoldReason
from alignment_pipeline.write_back.fields.holds import NewHold
from alignment_pipeline.write_back.fields.shape import Scalar
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.sending.breaker import Event
from alignment_pipeline.write_back.sending.context import OWNER, Run
from alignment_pipeline.write_back.sending.recheck import modstamp, scalar


@dataclass
class ReadVerdict:
    """The operation's new state, and what it means for the rest."""

    state: str
    reason_code: str | None = None
    not_before: str | None = None
    events: list[Event] = field(default_factory=list)
    holds: list[NewHold] = field(default_factory=list)
    rewritten: list[tuple[str, str, str, str, Scalar]] = field(default_factory=list)


def read_rule(run: Run, op: Op, record: Record | None, owners: Mapping[str, Any], now: datetime) -> ReadVerdict:
    """Judge one operation by its record as read now (None: it is gone)."""
    if op.action == "create":
        return _create(op, record, now)
    if record is None:
        return ReadVerdict("GONE", "RECORD_GONE")
    differing = [name for name, value in op.after.items() if not _same(run, op, name, record, value)]
    was = owners.get(op.record_id or "")
    owner_moved = was is not None and OWNER not in op.after and was != record.get(OWNER)
    if not differing:
        return ReadVerdict("VERIFIED", events=[Event.OWNER if owner_moved else Event.GOOD])
    unapplied = [name for name in differing if _same(run, op, name, record, op.before.get(name))]
    is_shared = any(run.rules.is_shared(op.object, name) for name in differing)
    if op.state == "ACKED":
        return _after_acknowledgement(run, op, record, differing, len(unapplied) == len(differing), is_shared)
    if op.zombie_until is not None and stamp(now) < op.zombie_until:
        return ReadVerdict(op.state if op.state == "UNKNOWN" else "UNKNOWN", not_before=op.zombie_until)
    if len(unapplied) < len(differing):
        return ReadVerdict("CONFLICT", "CHANGED_MEANWHILE", events=[Event.CONFLICT])
    if is_shared and modstamp(record) != op.before_modstamp and not _never_arrived(run, op, record):
        # applied and taken back by a person, or never applied: a person's edit is worth more than ours
        return ReadVerdict("HELD", "CHANGED_MEANWHILE", events=[Event.CONFLICT], holds=_edits(run, op, record, differing))
    return ReadVerdict("RETRY", "NOT_APPLIED")


def _never_arrived(run: Run, op: Op, record: Record) -> bool:
    """Whether a field that rides along still has its former value: every write of ours sets it, and whoever undoes ours leaves it."""
    return any(
        _same(run, op, name, record, op.before.get(name)) and not _same(run, op, name, record, sent) for name, sent in op.carried.items()
    )


def _after_acknowledgement(run: Run, op: Op, record: Record, differing: list[str], is_unapplied: bool, is_shared: bool) -> ReadVerdict:
    if is_shared:
        return ReadVerdict("CONFLICT", "CHANGED_AFTER", events=[Event.CONFLICT], holds=_edits(run, op, record, differing))
    limit = run.numbers.holds.rewrite_limit
    seen = [run.drift.get((op.object, op.record_id or "", name), {}).get("rewritten", 0) for name in differing]
    if is_unapplied and op.mismatches + 1 + max(seen) < limit:
        return ReadVerdict("RETRY", "DID_NOT_STICK", events=[Event.MISMATCH])
    rewritten = [(op.object, op.record_id or "", name, "rewritten", scalar(record.get(name))) for name in differing]
    flapping = [
        NewHold(op.object, op.record_id or "", name, HoldReason.FLAPPING, scalar(record.get(name)))
        for name, times in zip(differing, seen, strict=True)
        if times + 1 >= limit or is_unapplied
    ]
    return ReadVerdict("CONFLICT", "READS_BACK_DIFFERENT", events=[Event.MISMATCH], holds=flapping, rewritten=rewritten)


def _create(op: Op, record: Record | None, now: datetime) -> ReadVerdict:
    if record is not None:
        return ReadVerdict("VERIFIED", events=[Event.GOOD])
    if op.state == "ACKED":
        return ReadVerdict("CONFLICT", "CHANGED_AFTER", events=[Event.CONFLICT])
    if op.zombie_until is not None and stamp(now) < op.zombie_until:
        return ReadVerdict("UNKNOWN", not_before=op.zombie_until)
    return ReadVerdict("RETRY", "NOT_APPLIED")


def _edits(run: Run, op: Op, record: Record, names: list[str]) -> list[NewHold]:
    return [
        NewHold(op.object, op.record_id or "", name, HoldReason.HUMAN_EDIT, scalar(record.get(name)))
        for name in names
        if run.rules.is_shared(op.object, name)
    ]


def _same(run: Run, op: Op, name: str, record: Record, value: Scalar) -> bool:
    return run.rules.shape(op.object, name).same(scalar(record.get(name)), value)
