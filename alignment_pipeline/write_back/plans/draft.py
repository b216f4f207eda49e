"""What a plan gathers while it is made, and what the journal knows at that moment.

Belongs here: reading the journal for a plan. What follows from it for a record: `updates.py` and `creates.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.journal.journal import Journal, stamp
from alignment_pipeline.journal.tables import CREATED_RECORD, OP
from alignment_pipeline.write_back.fields import bases, holds
from alignment_pipeline.write_back.fields.bases import Base
from alignment_pipeline.write_back.fields.holds import FieldKey, Hold, NewHold
from alignment_pipeline.write_back.fields.shape import Scalar
from alignment_pipeline.write_back.plans.planned import PlannedOp, Quarantined

#: The objects whose records tasks hang on.
PARENTS = ("Account", "Contact", "Lead")
_BUSY = ("INFLIGHT", "UNKNOWN", "ACKED")


@dataclass
class Draft:
    """What is being gathered."""

    ops: list[PlannedOp] = field(default_factory=list)
    holds: list[NewHold] = field(default_factory=list)
    let_go: list[FieldKey] = field(default_factory=list)
    noops: dict[str, dict[str, dict[str, Scalar]]] = field(default_factory=dict)
    quarantined: list[Quarantined] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Memory:
    """What the journal knows when the plan is made."""

    bases: Mapping[str, Mapping[str, Mapping[str, Base]]]
    holds: Mapping[FieldKey, Hold]
    accepted: Mapping[FieldKey, Scalar]
    drift: Mapping[FieldKey, Mapping[str, int]]
    busy: frozenset[tuple[str, str]]
    created: frozenset[tuple[str, str]]
    dead: Mapping[str, str]


def remember(journal: Journal, wanted: Iterable[tuple[str, str]], agreement: Agreement) -> Memory:
    """What the journal knows of the wanted records, by (object, record id)."""
    now = journal.clock.now()
    ids: dict[str, set[str]] = {}
    for object_, record_id in wanted:
        ids.setdefault(object_, set()).add(record_id)
    numbers = agreement.write_back.holds
    yesterday = stamp(now - timedelta(days=1))
    with journal.read() as connection:
        busy = connection.execute(select(OP.c.object, OP.c.record_id, OP.c.ext_key).where(OP.c.state.in_(_BUSY)))
        is_made = OP.c.ext_key.is_not(None), OP.c.state.in_(("VERIFIED", "ROLLED_BACK"))
        created = [
            *connection.execute(select(OP.c.object, OP.c.ext_key).where(*is_made)),
            *connection.execute(select(CREATED_RECORD.c.object, CREATED_RECORD.c.ext_key)),
        ]
        dead = connection.execute(
            select(OP.c.op_key, OP.c.before).where(
                OP.c.state == "DEAD", OP.c.err_class == "P", OP.c.config_hash == agreement.version, OP.c.changed_at > yesterday
            )
        )
        return Memory(
            # a create that was acknowledged has an id already, and is still known by its key
            busy=frozenset((row.object, name) for row in busy for name in (row.record_id, row.ext_key) if name),
            created=frozenset((row.object, row.ext_key) for row in created),
            dead={row.op_key: row.before for row in dead},
            bases={object_: bases.load(connection, object_, record_ids) for object_, record_ids in ids.items()},
            holds=holds.active(connection, now, agreement.version),
            accepted={**bases.rewritten_values(connection, now, numbers.flapping_days), **holds.accepted(connection, now)},
            drift=bases.drift_counts(connection, now, numbers.flapping_days),
        )
