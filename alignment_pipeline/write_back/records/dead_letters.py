"""Dead letters: operations that the CRM refused for good, listed with their reason, and replayed by planning again.

Belongs here: listing them and letting them be planned again. A stored payload is never sent again: `replay` only forgets the refusal,
and the next plan reads afresh and decides. Rows that never reached the CRM: `write_back/fields/quarantine.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select, update

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import OP
from alignment_pipeline.write_back.records.results import words


@dataclass(frozen=True)
class DeadLetter:
    """One refused operation."""

    op_id: int
    object: str
    record_id: str | None
    external_key: str | None
    code: str | None
    reason: str
    attempts: int
    first_seen: str
    last_seen: str
    plan_hash: str

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def listing(journal: Journal, *, code: str | None = None) -> list[DeadLetter]:
    """Dead letters, newest last."""
    query = select(OP).where(OP.c.state == "DEAD", OP.c.reason_code.is_distinct_from("REPLAYED"))
    if code:
        query = query.where(OP.c.err_code == code)
    with journal.read() as connection:
        rows = connection.execute(query.order_by(OP.c.changed_at, OP.c.op_id)).all()
    return [
        DeadLetter(
            op_id=row.op_id,
            object=row.object,
            record_id=row.record_id,
            external_key=row.ext_key,
            code=row.err_code,
            reason=words(row.state, row.reason_code, row.reason, row.err_code, row.err_fields),
            attempts=row.attempt,
            first_seen=row.created_at,
            last_seen=row.changed_at,
            plan_hash=row.plan_hash,
        )
        for row in rows
    ]


def replay(journal: Journal, *, code: str | None = None, ids: Collection[int] | None = None) -> int:
    """Let these be planned again; returns how many. Raises ConfigurationError when neither code nor ids are given or none fits."""
    if code is None and not ids:
        raise ConfigurationError("say which dead letters: --code CODE or --ids 1,2,3 (`alignment dead-letters` lists them)")
    chosen = [OP.c.state == "DEAD"]
    if code is not None:
        chosen.append(OP.c.err_code == code)
    if ids:
        chosen.append(OP.c.op_id.in_(list(ids)))
    with journal.begin() as connection:
        done = connection.execute(update(OP).where(*chosen).values(state="SUPERSEDED", reason_code="REPLAYED", changed_at=journal.now()))
    if done.rowcount == 0:
        raise ConfigurationError("no dead letter fits; `alignment dead-letters` lists them")
    return done.rowcount
