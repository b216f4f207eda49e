"""Quarantine: rows that cannot be written as they are, each with its reason, counted and never dropped silently.

Belongs here: keeping and listing them. Refused operations (dead letters) are `write_back/records/dead_letters.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import QUARANTINE


@dataclass(frozen=True)
class QuarantinedRow:
    """One row with its reason, how often it was seen and when."""

    source: str
    row_hash: str
    reason: str
    record_id: str | None
    n: int
    first: str
    last: str

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def put(journal: Journal, connection: Connection, rows: Iterable[tuple[str, str, str, str]]) -> None:
    """Keep (source, row hash, reason, record); seen again it is counted."""
    now = journal.now()
    wanted = {(source, row_hash, reason[:200]): record_id for source, row_hash, reason, record_id in rows}
    if not wanted:
        return
    there = {
        (row.source, row.row_hash, row.reason): row.n
        for row in connection.execute(select(QUARANTINE.c.source, QUARANTINE.c.row_hash, QUARANTINE.c.reason, QUARANTINE.c.n))
    }
    fresh = []
    for key, record_id in wanted.items():
        source, row_hash, reason = key
        if key in there:
            chosen = (QUARANTINE.c.source == source, QUARANTINE.c.row_hash == row_hash, QUARANTINE.c.reason == reason)
            connection.execute(update(QUARANTINE).where(*chosen).values(n=there[key] + 1, last=now))
        else:
            fresh.append(
                {"source": source, "row_hash": row_hash, "reason": reason, "record_id": record_id[:80], "n": 1, "first": now, "last": now}
            )
    if fresh:
        connection.execute(QUARANTINE.insert(), fresh)


def listing(journal: Journal) -> list[QuarantinedRow]:
    """Everything in quarantine, newest last."""
    query = select(QUARANTINE).order_by(QUARANTINE.c.first, QUARANTINE.c.source, QUARANTINE.c.row_hash)
    with journal.read() as connection:
        return [QuarantinedRow(**row._mapping) for row in connection.execute(query)]
