"""States: what a clock's times mean as of a moment, given how far its feed is read.

Belongs here: the eight states. The sentence that says why: `sla/clocks/reasons.py`. The times come from `sla/clocks/clocks.py` and
`sla/clocks/durations.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment_pipeline.sla.arrays import NEVER, Flags, Ints
from alignment_pipeline.sla.clocks.clocks import Starts

STATES: tuple[str, ...] = ("pending", "at_risk", "met", "met_late", "breached", "paused", "cancelled", "unknown")
PENDING, AT_RISK, MET, MET_LATE, BREACHED, PAUSED, CANCELLED, UNKNOWN = range(8)


@dataclass(frozen=True)
class Times:
    """Due and at-risk times of clocks, and whether each is paused now."""

    due: Ints
    at_risk: Ints
    is_paused: Flags


def states(clocks: Starts, times: Times, *, as_of: int, watermark: int) -> Ints:
    """State of each clock. A promise is broken, or kept late, only once activities have been synced past the due time: until then a
    touch in time may still arrive, and the state is unknown."""
    stopped = (clocks.stop < NEVER) & (clocks.stop <= clocks.cancel)
    cancelled = ~stopped & (clocks.cancel < NEVER)
    is_past = times.due <= as_of
    is_proven = times.due < watermark
    late = np.where(is_proven, MET_LATE, UNKNOWN)
    running = np.where(
        is_past,
        np.where(is_proven, BREACHED, UNKNOWN),
        np.where(times.is_paused, PAUSED, np.where(times.at_risk <= as_of, AT_RISK, PENDING)),
    )
    return np.where(cancelled, CANCELLED, np.where(stopped, np.where(clocks.stop <= times.due, MET, late), running))
