"""What Salesforce's answers say of each record of a write.

Belongs here: the retry class of every error code, and the shapes of errors. The outcome of a row as a value: `connectors/row_results.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.connectors.salesforce.identifiers import id18, is_id

_CLASSES: dict[RetryClass, str] = {
    RetryClass.TRANSIENT: "SERVER_UNAVAILABLE UNKNOWN_EXCEPTION REQUEST_RUNNING_TOO_LONG ALL_OR_NONE_OPERATION_ROLLED_BACK "
    "BATCH_PROCESSING_HALTED",
    RetryClass.LOCK: "UNABLE_TO_LOCK_ROW",
    RetryClass.QUOTA: "REQUEST_LIMIT_EXCEEDED TXN_SECURITY_METERING_ERROR STORAGE_LIMIT_EXCEEDED LIMIT_EXCEEDED",
    RetryClass.AUTH: "INVALID_SESSION_ID",
    RetryClass.CONFLICT: "PRECONDITION_FAILED",
    RetryClass.GONE: "ENTITY_IS_DELETED NOT_FOUND INVALID_CROSS_REFERENCE_KEY MALFORMED_ID CANNOT_UPDATE_CONVERTED_LEAD",
    RetryClass.SCHEMA: "INVALID_FIELD INVALID_FIELD_FOR_INSERT_UPDATE INVALID_TYPE INSUFFICIENT_ACCESS INSUFFICIENT_ACCESS_OR_READONLY "
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY INVALIDENTITY FUNCTIONALITY_NOT_ENABLED API_DISABLED_FOR_ORG",
}
_CLASS_OF = {code: kind for kind, codes in _CLASSES.items() for code in codes.split()}
# A trigger or flow error can wrap a lock or a governor limit, which a smaller batch gets past.
_WRAPPED_LOCK = re.compile(
    r"UNABLE_TO_LOCK_ROW|unable to obtain exclusive access|Apex CPU time limit|System\.LimitException|Apex heap size"
    r"|Too many (SOQL|SOSL|DML|query rows|query locator rows|future calls|queueable|callouts|email invocations|async|fields describes)"
    r"|CPU_TIME_LIMIT|Maximum stack depth",
    re.IGNORECASE,
)


def retry_class(code: str, message: str = "") -> RetryClass:
    """The class of an error code. A code nobody knows is the row's own fault until more of them say otherwise."""
    if _WRAPPED_LOCK.search(message):
        return RetryClass.LOCK
    return _CLASS_OF.get(code, RetryClass.ROW)


def failure(key: str, code: str, message: str, fields: Iterable[str] = (), *, retry: RetryClass | None = None) -> RowResult:
    """A refused record, with the class of its code unless another is given."""
    record_id = id18(key) if is_id(key) else None
    return RowResult.failure(key, code, message, fields, retry=retry or retry_class(code, message), record_id=record_id)


def error_of(body: Any) -> tuple[str, str, tuple[str, ...]]:
    """Code, message and fields of the first error in any of the shapes Salesforce uses; empty strings when there is none."""
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, Mapping):
        return "", "", ()
    inner = first.get("errors")
    if isinstance(inner, list) and inner and isinstance(inner[0], Mapping):
        first = inner[0]
    code = first.get("statusCode") or first.get("errorCode") or first.get("exceptionCode") or first.get("error") or ""
    message = first.get("message") or first.get("exceptionMessage") or first.get("error_description") or ""
    fields = first.get("fields") or ()
    return str(code), str(message), tuple(str(name) for name in fields) if isinstance(fields, list) else ()
