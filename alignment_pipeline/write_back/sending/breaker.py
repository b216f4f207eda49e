"""Stops a run that goes wrong: errors, surprises and conflicts, judged over the last operations.

Belongs here: counting and opening. The limits: `agreement/write_back.py`. Once open it stays open over restarts, until a person
resumes with a canary (`alignment apply --resume`).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from alignment_pipeline.agreement.write_back import Breaker as Limits
from alignment_pipeline.errors import AlignmentError
from alignment_pipeline.journal import settings
from alignment_pipeline.journal.journal import Journal

_SETTING = "breaker"


class BreakerOpen(AlignmentError):
    """The run stopped itself. The message says why; nothing more is sent until a person resumes."""


class Event(StrEnum):
    """What became of one operation, as far as the breaker cares."""

    GOOD = "good"
    ERROR = "error"
    UNKNOWN_CODE = "unknown code"
    MISMATCH = "mismatch"
    CONFLICT = "conflict"
    OWNER = "owner"


Noted = tuple[int, Event]
"""An operation's id, and what became of it."""


@dataclass
class Breaker:
    """Watches one run."""

    limits: Limits
    last: deque[Event] = field(default_factory=deque)
    tally: Counter[Event] = field(default_factory=Counter)
    in_a_row: int = 0
    unknown_codes: int = 0
    owners: int = 0
    reason: str | None = None

    def note(self, events: Iterable[Event]) -> None:
        """Take in what became of a batch; `reason` is set when it was too much."""
        for event in events:
            self.last.append(event)
            self.tally[event] += 1
            if len(self.last) > self.limits.window:
                self.tally[self.last.popleft()] -= 1
            is_error = event in (Event.ERROR, Event.UNKNOWN_CODE)
            self.in_a_row = self.in_a_row + 1 if is_error else 0
            self.unknown_codes += event is Event.UNKNOWN_CODE
            self.owners += event is Event.OWNER
            self._judge()

    def note_in_order(self, op_ids: Iterable[int], noted: Iterable[Noted]) -> None:
        """The same, of operations in the order in which they were sent: refusals are told first and successes only by reading back, so
        twelve bad rows of ten thousand would stand side by side otherwise."""
        place = {op_id: at for at, op_id in enumerate(op_ids)}
        self.note(event for _, event in sorted(noted, key=lambda one: place[one[0]]))

    def trip(self, reason: str) -> None:
        """Open at once (permission, authentication, schema)."""
        self.reason = self.reason or reason

    def _judge(self) -> None:
        limits = self.limits
        if self.in_a_row >= limits.consecutive:
            self.trip(f"{self.in_a_row} operations in a row were refused")
        if self.unknown_codes > limits.unknown_codes:
            self.trip(f"{self.unknown_codes} refusals with codes nobody knows")
        if self.owners >= limits.owner_changes:
            self.trip(f"the owner of {self.owners} records changed while we wrote them (assignment rules or a flow?)")
        if len(self.last) < limits.window:
            return
        for events, pct, what in (
            ((Event.ERROR, Event.UNKNOWN_CODE), limits.error_pct, "were refused"),
            ((Event.MISMATCH,), limits.mismatch_pct, "read back differently than written"),
            ((Event.CONFLICT,), limits.conflict_pct, "were changed by people meanwhile"),
        ):
            share = 100 * sum(self.tally[event] for event in events) / len(self.last)
            if share > pct:
                self.trip(f"{share:.1f} % of the last {len(self.last)} operations {what} (limit {pct:g} %)")


def open_reason(journal: Journal) -> str | None:
    """Why the breaker is open, or None when it is closed."""
    return settings.get(journal, _SETTING) or None


def open_(journal: Journal, reason: str) -> None:
    """Open it, durably."""
    settings.put(journal, _SETTING, reason)


def close(journal: Journal) -> None:
    """Close it: the canary went well."""
    settings.put(journal, _SETTING, "")
