"""Status codes of refused rows, by what they mean for the row.

Belongs here: the codes that a person can look up and put right in the record. What is done about each: `results.py` (retry
class) and `write_back/sending/`.
"""

from __future__ import annotations

VALIDATION = frozenset({"FIELD_CUSTOM_VALIDATION_EXCEPTION", "FIELD_INTEGRITY_EXCEPTION", "FIELD_FILTER_VALIDATION_EXCEPTION"})
VALUE = frozenset(
    {
        "INVALID_EMAIL_ADDRESS",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "JSON_PARSER_ERROR",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "REQUIRED_FIELD_MISSING",
        "STRING_TOO_LONG",
        "UNWRITABLE_VALUE",
    }
)
DUPLICATE = frozenset({"DUPLICATES_DETECTED", "DUPLICATE_EXTERNAL_ID", "DUPLICATE_VALUE"})
GONE = frozenset({"CANNOT_UPDATE_CONVERTED_LEAD", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "NOT_FOUND"})
BLOCKED = frozenset({"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "ENTITY_IS_LOCKED", "NUM_RECORDS_REACHED", "UNABLE_TO_LOCK_ROW"})

ACCESS = frozenset({"INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "INSUFFICIENT_ACCESS_OR_READONLY"})

KNOWN = VALIDATION | VALUE | DUPLICATE | GONE | BLOCKED | ACCESS
"""Refusals with any other code count for the circuit breaker as unknown."""
