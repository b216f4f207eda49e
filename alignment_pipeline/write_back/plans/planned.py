"""A plan and its operations, as values.

Belongs here: their form, their keys and the plan's hash. How a plan is made: `plan.py`; how it is kept: `ops.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from alignment_pipeline.agreement.field_map import MARKETO_LEAD
from alignment_pipeline.journal.digest import digest
from alignment_pipeline.write_back.fields.holds import FieldKey, NewHold
from alignment_pipeline.write_back.fields.naming import People
from alignment_pipeline.write_back.fields.shape import Scalar

Values = Mapping[str, Scalar]
STAGES: Mapping[str, int] = {"Account": 0, "Lead": 1, "Contact": 1, MARKETO_LEAD: 3}
CREATE_STAGE = 2


@dataclass(frozen=True)
class PlannedOp:
    """One record's change, or one record's creation. `carried` fields ride along and are no change by themselves.

    `reason` is that of the most urgent field, for the journal; `reasons` has each field's own, for the preview. Texts hold ids for names
    (`fields/naming.py`); `people` are these names, for the preview.
    """

    object: str
    record_id: str | None
    after: Values
    stage: int
    priority: int = 100
    is_shared: bool = False
    base: Values = field(default_factory=dict)
    before: Values = field(default_factory=dict)
    carried: Values = field(default_factory=dict)
    carried_before: Values = field(default_factory=dict)
    ext_field: str | None = None
    ext_key: str | None = None
    lock_parent: str | None = None
    depends_on: str | None = None
    before_modstamp: str | None = None
    reason_code: str = "CHANGED"
    reason: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)
    people: People = field(default_factory=dict)
    base_op_id: int | None = None
    rollback_of: int | None = None

    @property
    def action(self) -> str:
        """`create`, `clear` (nothing but emptying) or `set`."""
        if self.ext_key is not None:
            return "create"
        return "clear" if all(value is None for value in self.after.values()) else "set"

    @property
    def subject(self) -> str:
        """The record, or the key of the record to be."""
        return self.record_id or self.ext_key or ""

    @property
    def target(self) -> str:
        """The key of the record to be, or the record: what stays the same when a created record gets its id."""
        return self.ext_key or self.record_id or ""

    @property
    def planned_after(self) -> Values:
        """The values as planned."""
        return self.after

    def key(self, org_id: str) -> str:
        """The intent's key: the same intent on the same base has the same key, however often it is planned."""
        content = [org_id, self.object, self.subject, sorted(self.after.items()), self.base_op_id, self.rollback_of]
        return digest(content)


@dataclass(frozen=True)
class Quarantined:
    """A desired value that no plan may send, with the reason."""

    object: str
    record_id: str
    field: str
    reason: str
    row_hash: str


@dataclass(frozen=True)
class Plan:
    """Everything a plan says. `noops` are values found to be right already: they become the base when the plan is saved."""

    plan_hash: str
    run_id: str
    kind: str
    org_id: str
    config_hash: str
    code_version: str
    as_of: datetime
    ops: Sequence[PlannedOp]
    holds: Sequence[NewHold] = ()
    let_go: Sequence[FieldKey] = ()
    noops: Mapping[str, Mapping[str, Values]] = field(default_factory=dict)
    quarantined: Sequence[Quarantined] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    managed: Mapping[str, int] = field(default_factory=dict)
    desired: Mapping[str, int] = field(default_factory=dict)
    rollback_of: str | None = None

    def counts(self) -> dict[str, Any]:
        """Numbers for people and for `plan.stats`."""
        by_object: dict[str, dict[str, int]] = {}
        for op in self.ops:
            counted = by_object.setdefault(op.object, {"records": 0, "fields": 0, "cleared": 0, "created": 0})
            counted["created" if op.action == "create" else "records"] += 1
            counted["fields"] += len(op.after)
            counted["cleared"] += 0 if op.action == "create" else sum(value is None for value in op.after.values())
        return {
            "objects": {name: by_object[name] for name in sorted(by_object)},
            "operations": len(self.ops),
            "holds": _tally(hold.reason.value for hold in self.holds),
            "already_right": sum(len(fields) for records in self.noops.values() for fields in records.values()),
            "quarantined": len(self.quarantined),
            "skipped": dict(sorted(self.skipped.items())),
            "managed": dict(sorted(self.managed.items())),
            "desired": dict(sorted(self.desired.items())),
        }


class Hashed(Protocol):
    """An operation, planned or journalled, as far as the plan's hash goes."""

    @property
    def object(self) -> str: ...

    @property
    def target(self) -> str: ...

    @property
    def ext_field(self) -> str | None: ...

    @property
    def planned_after(self) -> Values: ...

    @property
    def carried(self) -> Values: ...

    @property
    def is_shared(self) -> bool: ...

    @property
    def rollback_of(self) -> int | None: ...


def plan_hash(ops: Iterable[Hashed], *, org_id: str, config_hash: str) -> str:
    """SHA-256 of the canonical operations, the agreement's version and the organisation; the order of the input does not matter."""
    return digest([org_id, config_hash, sorted(canonical(op) for op in ops)])


def canonical(op: Hashed) -> str:
    """An operation as the plan's hash takes it: everything that is sent, and to which record."""
    values = [sorted(op.planned_after.items()), sorted(op.carried.items())]
    return json.dumps([op.object, op.target, op.ext_field, *values, op.is_shared, op.rollback_of], ensure_ascii=True)


def _tally(items: Iterable[str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for item in items:
        counted[item] = counted.get(item, 0) + 1
    return dict(sorted(counted.items()))
