"""What came of every intended change, as the `write_results` table.

Belongs here: the journal's operations as rows of the contract. The words for a person are made here from codes, so that no text of a
CRM's error message (which may quote a value) leaves the journal.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.contracts.field_updates import WRITE_RESULTS
from alignment_pipeline.journal.journal import Journal, from_stamp
from alignment_pipeline.write_back.plans.ops import last_run_states

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


def write_results(journal: Journal, *, run_ids: Collection[str] | None = None) -> ibis.Table:
    """The `write_results` table: of the runs that planned them, or of all."""
    rows = [_row(row) for row in last_run_states(journal, run_ids)]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=WRITE_RESULTS.schema))


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
