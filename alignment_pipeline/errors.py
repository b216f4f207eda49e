"""Errors, chosen by what the caller can do about them.

Belongs here: the few exception types that cross package borders. Row-level outcomes are values, not exceptions
(see `connectors/salesforce/results.py`). What the command line prints for each, and its exit code, lives in `cli/main.py`.
"""

from __future__ import annotations

from collections.abc import Sequence


class AlignmentError(Exception):
    """Base of every error this project raises on purpose. The message says what, where and what to do."""

    exit_code = 1


class ConfigurationError(AlignmentError):
    """Wrong usage, environment or agreement: a person must change something before any run can succeed."""

    exit_code = 2


class RowsRefused(ConfigurationError):
    """Rows of a file that a person wrote cannot be used. All of them are named, so that one correction is enough."""

    MOST = 20

    def __init__(self, file: str, problems: Sequence[tuple[int, str]]) -> None:
        listed = [f"  line {line}: {text}" for line, text in sorted(problems)[: self.MOST]]
        left = len(problems) - len(listed)
        if left:
            listed.append(f"  and {left} more")
        rows = "1 row" if len(problems) == 1 else f"{len(problems)} rows"
        super().__init__("\n".join([f"{file}: {rows} cannot be used; nothing was read:", *listed]))


class ApprovalRequired(AlignmentError):
    """A plan waits for a person's approval, or the guard blocked it."""

    exit_code = 3


class AnotherWriter(AlignmentError):
    """Another process holds the lease: start again when it has ended."""

    exit_code = 75


class Retryable(AlignmentError):
    """The outside failed in a way that passes (timeouts, 429, 5xx): the same call may succeed later."""


class OutcomeUnknown(Retryable):
    """A write was sent and its answer was lost: read before writing again."""


class QuotaExhausted(AlignmentError):
    """The day's API budget is used up: stop cleanly, keep the watermark, go on after the reset."""


class Permanent(AlignmentError):
    """The outside refused for good (other 4xx, bad mapping, missing permission): repeating does not help."""


class CredentialsRefused(Permanent):
    """Login was refused. Never retried: repeated failures lock the user."""

    exit_code = 2


class DataLoss(AlignmentError):
    """Bytes that should be there are not (truncated page, checksum mismatch, corrupt file)."""
