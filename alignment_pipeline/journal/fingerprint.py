"""Whether anything that a plan is made from has changed in the journal.

Belongs here: a few characters that differ after any plan, operation, approval, hold or setting. What the reading steps keep (states of
streams, quarantined rows, calls) is no part of it.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import func, select

from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import CREATED_RECORD, DRIFT, HOLD, OP, PLAN, SETTING, STANDING_APPROVAL, SYNCED, TOMBSTONE

_MOMENTS = {
    OP: ("changed_at",),
    SYNCED: ("at",),
    HOLD: ("since", "until", "released_at"),
    DRIFT: ("at",),
    CREATED_RECORD: ("at",),
    TOMBSTONE: ("at",),
    STANDING_APPROVAL: ("created_at", "revoked_at"),
    SETTING: ("at",),
}


def fingerprint(journal: Journal) -> str:
    """Equal as long as nothing was planned, approved, sent, held, released, erased or set."""
    facts: list[object] = []
    with journal.read() as connection:
        for table, moments in _MOMENTS.items():
            facts += connection.execute(select(func.count(), *(func.max(table.c[name]) for name in moments)).select_from(table)).one()
        states = select(PLAN.c.state, func.count(), func.max(PLAN.c.created_at), func.max(PLAN.c.approved_at)).group_by(PLAN.c.state)
        facts += [tuple(row) for row in connection.execute(states.order_by(PLAN.c.state))]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
