"""Writing records: batches of updates and of creations by a unique property, each row with its own outcome.

Belongs here: requests and what their answers say of each row. What is written, and when: `write_back/`. There is no conditional write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotRefused
from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.errors import AlignmentError, OutcomeUnknown

MOST_ROWS = 100
Properties = Mapping[str, str]
Row = tuple[str, Properties]
#: Category of a refusal -> what the row needs. Others are the row's own fault.
_CLASSES = {
    "OBJECT_NOT_FOUND": RetryClass.GONE,
    "RATE_LIMITS": RetryClass.TRANSIENT,
    "MISSING_SCOPES": RetryClass.SCHEMA,
    "PROPERTY_DOESNT_EXIST": RetryClass.SCHEMA,
    "INTERNAL_ERROR": RetryClass.TRANSIENT,
}
#: What a person can look up in the vendor's documents.
KNOWN = frozenset(
    "OBJECT_NOT_FOUND VALIDATION_ERROR CONFLICT MISSING_SCOPES RATE_LIMITS PROPERTY_DOESNT_EXIST INVALID_OPTION INVALID_NUMBER "
    "INVALID_DATE READ_ONLY_VALUE DUPLICATE_ID INVALID_LONG INVALID_EMAIL INTERNAL_ERROR".split()
)


def update(session: HubSpotSession, kind: str, rows: Sequence[Row]) -> list[RowResult]:
    """Update records by id, 100 a call. An outcome for each row in order; OutcomeUnknown when an answer was lost."""
    return _in_parts(rows, lambda part: _updated(session, kind, part))


def _in_parts(rows: Sequence[Row], send: Callable[[Sequence[Row]], list[RowResult]]) -> list[RowResult]:
    """Send 100 rows a call. An error of the first call is raised; once rows were written, the others have outcomes of their own."""
    outcomes: list[RowResult] = []
    for first in range(0, len(rows), MOST_ROWS):
        part = rows[first : first + MOST_ROWS]
        try:
            outcomes += send(part)
        except OutcomeUnknown as error:
            if not first:
                raise
            outcomes += [RowResult.unknown(key, type(error).__name__) for key, _ in part]
        except AlignmentError as error:
            if not first:
                raise
            rest = rows[first:]
            return outcomes + [RowResult.failure(key, "NOT_SENT", type(error).__name__, retry=RetryClass.TRANSIENT) for key, _ in rest]
    return outcomes


def _updated(session: HubSpotSession, kind: str, rows: Sequence[Row]) -> list[RowResult]:
    inputs = [{"id": number, "properties": dict(values)} for number, values in rows]
    try:
        answer = session.write(f"/crm/v3/objects/{kind}/batch/update", f"{kind} batch update", {"inputs": inputs})
    except HubSpotRefused as refused:
        if len(rows) == 1:
            return [_refused(rows[0][0], refused)]
        if refused.status != 400:
            raise
        # one wrong value refuses the whole batch, which then has written nothing
        middle = len(rows) // 2
        return [*_updated(session, kind, rows[:middle]), *_updated(session, kind, rows[middle:])]
    written = {str(record.get("id")) for record in answer.get("results") or ()}
    errors = _errors(answer, "ids")
    return [_outcome(number, written, errors) for number, _ in rows]


def upsert(session: HubSpotSession, kind: str, key: str, rows: Sequence[Row]) -> list[RowResult]:
    """Create or update records by a unique property, 100 a call. A success bears HubSpot's id."""
    return _in_parts(rows, lambda part: _upserted(session, kind, key, part))


def _upserted(session: HubSpotSession, kind: str, key: str, rows: Sequence[Row]) -> list[RowResult]:
    inputs = [{"id": value, "idProperty": key, "objectWriteTraceId": value, "properties": dict(values)} for value, values in rows]
    try:
        answer = session.write(f"/crm/v3/objects/{kind}/batch/upsert", f"{kind} batch upsert", {"inputs": inputs})
    except HubSpotRefused as refused:
        if len(rows) == 1:
            return [_refused(rows[0][0], refused)]
        if refused.status not in (400, 409):
            raise
        middle = len(rows) // 2
        return [*_upserted(session, kind, key, rows[:middle]), *_upserted(session, kind, key, rows[middle:])]
    records = {str((one.get("properties") or {}).get(key)): one for one in answer.get("results") or ()}
    errors = _errors(answer, "objectWriteTraceId")
    outcomes = []
    for value, _ in rows:
        record = records.get(value)
        if record is not None:
            outcomes.append(RowResult.success(value, str(record["id"]), is_created=bool(record.get("new"))))
        elif value in errors:
            outcomes.append(_failed(value, errors[value]))
        else:
            outcomes.append(RowResult.unknown(value, "the answer has no result for this row"))
    return outcomes


def _outcome(number: str, written: set[str], errors: Mapping[str, Mapping[str, Any]]) -> RowResult:
    if number in written:
        return RowResult.success(number, number)
    if number in errors:
        return _failed(number, errors[number])
    # a record that was merged answers by another id: reading it decides
    return RowResult.unknown(number, "the answer has no result for this row")


def _errors(answer: Mapping[str, Any], name: str) -> dict[str, Mapping[str, Any]]:
    """Errors of a 207 by the ids that they name."""
    by_id: dict[str, Mapping[str, Any]] = {}
    for error in answer.get("errors") or ():
        for identity in (error.get("context") or {}).get(name) or ():
            by_id[str(identity)] = error
    return by_id


def _failed(key: str, error: Mapping[str, Any]) -> RowResult:
    inner: Mapping[str, Any] = next(iter(error.get("errors") or ()), {})
    code = str(inner.get("code") or error.get("category") or "UNKNOWN")
    fields = tuple(str(name) for name in (inner.get("context") or {}).get("propertyName") or ())
    return RowResult.failure(key, code, str(error.get("message") or ""), fields, retry=_CLASSES.get(code, RetryClass.ROW))


def _refused(key: str, refused: HubSpotRefused) -> RowResult:
    code = refused.reason or refused.code or f"HTTP_{refused.status}"
    kind = RetryClass.GONE if refused.status == 404 else _CLASSES.get(code, RetryClass.ROW)
    return RowResult.failure(key, code, refused.detail or str(refused), refused.fields, retry=kind)
