"""Attempts: one row for each send of an operation, with what was answered, if anything was.

Belongs here: questions about past attempts. Writing them is part of the transactions of `settle.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, or_, select

from alignment_pipeline.connectors.row_results import RetryClass
from alignment_pipeline.journal.tables import ATTEMPT
from alignment_pipeline.write_back.fields.bases import chunks
from alignment_pipeline.write_back.plans.journalled import Op


def unanswered(connection: Connection, ops: Sequence[Op]) -> list[Op]:
    """Those of which the outcome of an attempt was never known: a value that is right now may be our own, come late."""
    is_unknown = or_(ATTEMPT.c.outcome.is_(None), ATTEMPT.c.outcome.startswith(f"{RetryClass.UNKNOWN.value}:"))
    op_ids: set[int] = set()
    for part in chunks(sorted({one for op in ops for one in (op.op_id, op.continues) if one is not None})):
        op_ids.update(connection.execute(select(ATTEMPT.c.op_id).where(ATTEMPT.c.op_id.in_(part), is_unknown)).scalars())
    return [op for op in ops if op.op_id in op_ids or op.continues in op_ids]
