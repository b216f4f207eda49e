"""Single values that the journal remembers: the breaker, the journal's own identity.

Belongs here: reading and writing `setting`. Stream states and the outbox are `outbox_and_streams.py`.
"""

from __future__ import annotations

from sqlalchemy import select

from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import SETTING


def get(journal: Journal, name: str) -> str | None:
    """The value, None when it was never set."""
    with journal.read() as connection:
        value: str | None = connection.execute(select(SETTING.c.value).where(SETTING.c.name == name)).scalar()
    return value


def put(journal: Journal, name: str, value: str) -> None:
    """Set the value."""
    with journal.begin() as connection:
        journal.upsert(connection, SETTING, [{"name": name, "value": value, "at": journal.now()}])
