"""An operation as the journal has it.

Belongs here: its form. Keeping and moving operations: `ops.py`; how one is planned: `planned.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from alignment_pipeline.write_back.fields.shape import Scalar


@dataclass(frozen=True)
class Op:
    """One operation of the journal."""

    op_id: int
    op_key: str
    plan_hash: str
    run_id: str
    object: str
    record_id: str | None
    ext_field: str | None
    ext_key: str | None
    lock_parent: str | None
    action: str
    stage: int
    priority: int
    is_shared: bool
    base: Mapping[str, Scalar]
    before: Mapping[str, Scalar]
    after: Mapping[str, Scalar]
    carried: Mapping[str, Scalar]
    planned: Mapping[str, Scalar] | None
    continues: int | None
    before_modstamp: str | None
    state: str
    attempt: int
    tries: int
    mismatches: int
    not_before: str | None
    zombie_until: str | None
    sent_at: str | None
    batch_id: str | None
    err_class: str | None
    err_code: str | None
    reason_code: str | None
    reason: str | None
    depends_on: str | None
    rollback_of: int | None

    @classmethod
    def read(cls, row: Row[Any]) -> Op:
        """From a row of `op`."""
        values = row._mapping
        fields = {name: values[name] for name in cls.__dataclass_fields__}
        for name in ("base", "before", "after", "carried"):
            fields[name] = json.loads(fields[name]) if fields[name] else {}
        fields["planned"] = json.loads(fields["planned"]) if fields["planned"] else None
        fields["is_shared"] = bool(fields["is_shared"])
        return cls(**fields)

    @property
    def subject(self) -> str:
        """The record, or the key of the record to be."""
        return self.record_id or self.ext_key or ""

    @property
    def target(self) -> str:
        """The key of the record to be, or the record."""
        return self.ext_key or self.record_id or ""

    @property
    def planned_after(self) -> Mapping[str, Scalar]:
        """The values as planned; `after` has fewer when people changed some of them before the send."""
        return self.after if self.planned is None else self.planned

    @property
    def sent(self) -> dict[str, Scalar]:
        """All the fields that go over the wire."""
        return {**self.carried, **self.after}
