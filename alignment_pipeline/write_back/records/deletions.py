"""What connected systems were asked to delete for good: noted before the call, and again when the record was seen to be gone.

Belongs here: the notes, which name nobody (an HMAC of the record, by the key of erasures). The calls: `connectors/deletion.py`.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update

from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import DELETION
from alignment_pipeline.write_back.records.erase import subject_hmac


def ask(journal: Journal, system: str, records: Collection[str], *, key: bytes, by: str) -> None:
    """Note that these records are about to be deleted, and on whose word."""
    at = journal.now()
    rows = [
        {"system": system, "subject_hmac": subject_hmac(key, f"{system}:{one}"), "asked_by": by, "asked_at": at, "gone_at": None}
        for one in records
    ]
    with journal.begin() as connection:
        journal.upsert(connection, DELETION, rows)


def gone(journal: Journal, system: str, records: Collection[str], *, key: bytes) -> None:
    """Note that these records were looked for afterwards and are gone."""
    marks = [subject_hmac(key, f"{system}:{one}") for one in records]
    with journal.begin() as connection:
        theirs = (DELETION.c.system == system) & DELETION.c.subject_hmac.in_(marks) & DELETION.c.gone_at.is_(None)
        connection.execute(update(DELETION).where(theirs).values(gone_at=journal.now()))


def asked(journal: Journal, system: str, record: str, *, key: bytes) -> tuple[str, str | None] | None:
    """When a record's deletion was asked for, and when it was seen to be gone; None when it never was."""
    mark = subject_hmac(key, f"{system}:{record}")
    query = select(DELETION.c.asked_at, DELETION.c.gone_at).where(DELETION.c.system == system, DELETION.c.subject_hmac == mark)
    with journal.read() as connection:
        row = connection.execute(query).first()
    return (row.asked_at, row.gone_at) if row is not None else None
