"""Deletions: ids that `getDeleted` reports and no query shows any more.

Belongs here: asking the delete log, and tombstones for what it names. Soft-deleted and merged records come as rows by queryAll;
hard deletions older than the log are not noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alignment_pipeline.connectors.salesforce import soql
from alignment_pipeline.connectors.salesforce.composite import Part, path_of
from alignment_pipeline.connectors.salesforce.identifiers import api_name, id18, is_id
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.connectors.values import parse_stamp

# The log reaches back 15 days at most, and a job trims it sooner in busy organisations.
LOG_LIFE = timedelta(days=15)
_MARGIN = timedelta(minutes=10)
_UNSUPPORTED = frozenset({"INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT", "INVALID_TYPE", "NOT_FOUND", "OBJECT_NOT_FOUND"})


@dataclass(frozen=True)
class DeleteLog:
    """Id -> moment of deletion, and whether deletions may have been lost before the log begins."""

    deleted: Mapping[str, datetime] = field(default_factory=dict)
    note: str | None = None


def path(object_name: str, start: datetime, now: datetime) -> str | None:
    """The request for deletions since `start` (seconds are ignored by the API); None when the window is empty."""
    begin = max(start, now - LOG_LIFE + _MARGIN).replace(second=0, microsecond=0)
    end = now.replace(second=0, microsecond=0)
    if begin >= end:
        return None
    return path_of(
        f"/sobjects/{api_name(object_name)}/deleted/", {"start": soql.datetime_literal(begin), "end": soql.datetime_literal(end)}
    )


def read(part: Part, object_name: str, start: datetime, now: datetime) -> DeleteLog:
    """Read the answer. A log that cannot answer is a note, since queryAll has brought the soft-deleted rows anyway."""
    if not part.is_success:
        if part.code not in _UNSUPPORTED and part.status not in (400, 404, 405):
            raise SalesforceRefused(
                f"deleted {object_name}: {part.status} {part.code}: {part.detail}", status=part.status, code=part.code, detail=part.detail
            )
        return DeleteLog(note=f"the delete log did not answer ({part.code or part.status}); compare the number of records")
    body = part.body if isinstance(part.body, Mapping) else {}
    deleted = {
        id18(str(entry["id"])): parse_stamp(str(entry["deletedDate"]))
        for entry in body.get("deletedRecords") or ()
        if is_id(entry.get("id")) and entry.get("deletedDate")
    }
    earliest = body.get("earliestDateAvailable")
    is_cut = start < now - LOG_LIFE or (earliest is not None and parse_stamp(str(earliest)) > start)
    note = "deletions before the delete log begins may be unknown; compare the number of records" if is_cut else None
    return DeleteLog(deleted, note)
