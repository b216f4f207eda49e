"""What became of each record of a write, in one form for all systems.

Belongs here: per-row outcomes as values and the classes of retries. Which code of a vendor is which class is its connector's; what is done
about them: `write_back/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class RetryClass(StrEnum):
    """What a failed row needs: the value is the letter that the journal keeps."""

    UNKNOWN = "T"
    TRANSIENT = "R"
    LOCK = "L"
    QUOTA = "Q"
    AUTH = "A"
    CONFLICT = "C"
    GONE = "G"
    ROW = "P"
    SCHEMA = "S"


@dataclass(frozen=True)
class RowResult:
    """One record of a write, in the order sent. `record_id` is the id sent, or the one the CRM gave to a new record.

    `key` is what the caller knows the row by (its id, or its external key). A success has no code; a failure has the vendor's
    code, its message, the API names it blames and the retry class.
    """

    key: str
    is_success: bool
    record_id: str | None = None
    is_created: bool = False
    code: str | None = None
    message: str | None = None
    fields: tuple[str, ...] = ()
    retry: RetryClass | None = None

    @classmethod
    def success(cls, key: str, record_id: str | None, *, is_created: bool = False) -> RowResult:
        """The record was written."""
        return cls(key, True, record_id, is_created)

    @classmethod
    def failure(
        cls,
        key: str,
        code: str,
        message: str,
        fields: Iterable[str] = (),
        *,
        retry: RetryClass = RetryClass.ROW,
        record_id: str | None = None,
    ) -> RowResult:
        """The record was refused."""
        return cls(key, False, record_id, False, code, message, tuple(fields), retry)

    @classmethod
    def unknown(cls, key: str, why: str) -> RowResult:
        """Nobody can say whether the record was written: read it."""
        return cls.failure(key, "UNKNOWN_OUTCOME", why, retry=RetryClass.UNKNOWN)
