"""What came of every intended change, as the `write_results` table.

Belongs here: the journal's operations as rows of the contract. The words for a person are made here from codes, so that no text of a
CRM's error message (which may quote a value) leaves the journal.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.contracts.field_updates import WRITE_RESULTS
from alignment_pipeline.journal.journal import Journal, from_stamp
from alignment_pipeline.write_back.plans.ops import changed_since

#: A transaction that began earlier may end later: so much is read again.
_OVERLAP = timedelta(hours=1)
_WORDS = {
    "ALREADY_RIGHT": "the CRM had this value already",
    "RECORD_GONE": "the record was deleted or merged away",
    "HELD": "held: a person's edit, a locked record or a value that flaps",
    "KEPT_CHANGED_SINCE": "kept: somebody changed it after the run that is rolled back",
    "KEY_NOT_UNIQUE": "several records hold this key; a person must decide",
    "FOUND_BY_KEY": "a record with this key was there already",
    "CHANGED_JUST_NOW": "somebody changed the record this very second; tried again",
    "CHANGED_MEANWHILE": "somebody changed the record while it was written",
    "CHANGED_AFTER": "somebody changed the value right after it was written",
    "READS_BACK_DIFFERENT": "the CRM stored another value than was written (a trigger or flow?)",
    "DID_NOT_STICK": "the CRM acknowledged the value and did not keep it; tried again",
    "NOT_APPLIED": "the write did not arrive; tried again",
    "CAME_LATE": "sent without an answer; found applied later",
    "NEWER_PLAN": "a newer plan took its place",
}


def write_results(journal: Journal, *, since: datetime | None = None) -> ibis.Table:
    """The `write_results` table: of operations that changed since a moment, or of all."""
    rows = [_row(row) for row in changed_since(journal, since)]
    # nullable, as the columns of a published table are
    schema = pa.schema([field.with_nullable(True) for field in WRITE_RESULTS.schema])
    return ibis.memtable(pa.Table.from_pylist(rows, schema=schema))


def updated(journal: Journal, published: ibis.Table, *, keep_from: datetime) -> ibis.Table:
    """The published table with what changed since, without what ended before `keep_from`: only changed operations are read."""
    latest = published.agg(at=published.changed_at.max()).to_pyarrow().column("at")[0].as_py()
    changed = write_results(journal, since=latest - _OVERLAP if latest else None)
    if latest is None:
        return changed
    names = list(WRITE_RESULTS.names)
    rest = published.filter(published.changed_at >= ibis.timestamp(keep_from.isoformat())).anti_join(changed, "op_key")
    return rest.select(*names).union(changed.select(*names))


def words(state: str, reason_code: str | None, reason: str | None, err_code: str | None, err_fields: str | None) -> str:
    """One sentence about an operation."""
    if err_code and state in ("DEAD", "RETRY", "UNKNOWN", "GONE", "CONFLICT"):
        names = ", ".join(json.loads(err_fields or "[]"))
        return f"{err_code} on {names}" if names else err_code
    return _WORDS.get(reason_code or "", reason or "")


def _row(row: Any) -> dict[str, Any]:
    return {
        "op_key": row.op_key,
        "run_id": row.run_id,
        "plan_hash": row.plan_hash,
        "object": row.object,
        "record_id": row.record_id,
        "state": row.state,
        "fields": json.dumps(sorted(json.loads(row.after))),
        "error_code": row.err_code,
        "reason": words(row.state, row.reason_code, row.reason, row.err_code, row.err_fields)[:255],
        "changed_at": from_stamp(row.changed_at),
    }
