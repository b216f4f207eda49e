"""The world of one sandbox: its clock, faults, systems, audit log and call counters.

Belongs here: what the embedded systems share. Each system's data and behaviour live in its own package (`salesforce/`,
`marketo/`); serving them lives in `server.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from alignment_pipeline.clock import Clock
from alignment_pipeline.sandbox.audit import Audit, Calls
from alignment_pipeline.sandbox.faults import Faults


class ShiftableTime:
    """The machine's Unix time plus a shift that a test or a person may move, so that hours pass at once."""

    def __init__(self, base: Callable[[], float] = time.time) -> None:
        self.base = base
        self.shift = 0.0

    def __call__(self) -> float:
        return self.base() + self.shift


def sandbox_clock(moment: datetime, *, factor: float = 1.0, base: Callable[[], float] = time.time) -> Clock:
    """A clock that shows `moment` now, runs `factor` times as fast and can be moved on with `World.advance`."""
    return Clock(moment=moment.astimezone(UTC), unix=base(), factor=factor, unix_time=ShiftableTime(base))


@dataclass
class World:
    """Everything the served systems share, and their stores (`SalesforceStore`, `MarketoStore`, `HubSpotStore`); None is not served."""

    clock: Clock
    faults: Faults
    salesforce: Any
    marketo: Any = None
    audit: Audit = field(default_factory=Audit)
    calls: Calls = field(default_factory=Calls)
    hubspot: Any = None

    def __post_init__(self) -> None:
        self.salesforce.join(clock=self.clock, faults=self.faults, audit=self.audit)

    def advance(self, seconds: float) -> None:
        """Move the clock on by `seconds` of its own time. Raises TypeError when the clock is not `sandbox_clock`'s."""
        if not isinstance(self.clock.unix_time, ShiftableTime):
            raise TypeError("this clock cannot be moved: make it with sandbox_clock()")
        self.clock.unix_time.shift += seconds / self.clock.factor

    def clock_environment(self) -> str:
        """The value of ALIGNMENT_CLOCK that gives another process this clock, moves included."""
        shift = self.clock.unix_time.shift if isinstance(self.clock.unix_time, ShiftableTime) else 0.0
        return replace(self.clock, unix=self.clock.unix - shift).to_env()
