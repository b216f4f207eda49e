"""What schedules and the fast lane wrote within the last 24 hours without a person: the guard and standing approvals count it in.

Belongs here: reading those operations from the journal, and what counts as emptied. The limits: `guard.py` and `approval.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, select

from alignment_pipeline.journal.journal import stamp
from alignment_pipeline.journal.tables import OP, PLAN
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.fields.shape import Scalar
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.plans.planned import Values

#: A day, less an hour: a run of every morning sends some minutes after it began, and must not count what yesterday's sent.
WINDOW = timedelta(hours=23)


class Change(Protocol):
    """An operation, planned or journalled, as far as counting goes."""

    @property
    def object(self) -> str: ...

    @property
    def subject(self) -> str: ...

    @property
    def action(self) -> str: ...

    @property
    def base(self) -> Values: ...

    @property
    def before(self) -> Values: ...

    @property
    def after(self) -> Values: ...

    @property
    def rollback_of(self) -> int | None: ...


@dataclass(frozen=True)
class Counted:
    """Distinct records changed by more than ageing, records created, values emptied."""

    records: int
    creates: int
    cleared: int


def recent(connection: Connection, now: datetime, *, except_plan: str) -> list[Op]:
    """Operations of plans that nobody signed (a standing approval covered them), sent within the window."""
    sent = (OP.c.sent_at > stamp(now - WINDOW), PLAN.c.approved_by.is_(None), OP.c.plan_hash != except_plan)
    rows = connection.execute(select(OP).join(PLAN, PLAN.c.plan_hash == OP.c.plan_hash).where(*sent).order_by(OP.c.op_id)).all()
    return [Op.read(row) for row in rows]


def count(ops: Iterable[Change], rules: FieldRules) -> Counted:
    """Count them, in a plan and before it."""
    ops = list(ops)
    updates = [op for op in ops if op.action != "create"]
    return Counted(
        records=len({(op.object, op.subject) for op in updates if is_material(op, rules)}),
        creates=len(ops) - len(updates),
        cleared=sum(len(cleared(op)) for op in updates),
    )


def is_material(op: Change, rules: FieldRules) -> bool:
    """Whether more than ageing changes."""
    return any(not rules.is_routine(op.object, name, op.before.get(name), value) for name, value in op.after.items())


def cleared(op: Change) -> Sequence[str]:
    """Fields that had a value and get none."""
    if op.rollback_of is not None:
        return []
    return [name for name, value in op.after.items() if is_empty(value) and not is_empty(op.before.get(name, op.base.get(name)))]


def is_empty(value: Scalar) -> bool:
    """The CRM stores an empty or blank text as nothing."""
    return value is None or (isinstance(value, str) and not value.strip())
