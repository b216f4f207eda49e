"""What tests ask of the outbox."""

from __future__ import annotations

from sqlalchemy import func, select

from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import OUTBOX


def unsent(journal: Journal) -> int:
    """How many messages have not been delivered yet."""
    with journal.read() as connection:
        return connection.execute(select(func.count()).select_from(OUTBOX).where(OUTBOX.c.sent_at.is_(None))).scalar_one()
