"""Measured clocks: a policy's clocks with the segments of their time, their due times and their states.

Belongs here: from starts to times and states. What the numbers become in tables: `sla/clocks/rows.py`; which rungs were reached:
`sla/escalation/escalations.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment_pipeline.agreement.sla_policies import Policy
from alignment_pipeline.contracts.moments import MINUTE
from alignment_pipeline.sla.arrays import Ints
from alignment_pipeline.sla.clocks import states
from alignment_pipeline.sla.clocks.clocks import Starts
from alignment_pipeline.sla.clocks.durations import Segments


@dataclass(frozen=True)
class Measured:
    """Clocks of one policy. `until` is each clock's end or now, `current` its segment then; `target` is in microseconds."""

    starts: Starts
    segments: Segments
    times: states.Times
    state: Ints
    until: Ints
    current: Ints
    target: int
    watermark: int

    def __len__(self) -> int:
        """How many clocks there are."""
        return len(self.starts.subject)

    def reach(self, share: float) -> Ints:
        """The moment at which each clock has used this share of its target, NEVER when it does not come."""
        return self.segments.reach(np.full(len(self), round(self.target * share)))


def target_of(policy: Policy) -> int:
    """A policy's target in microseconds."""
    return round(policy.target.total_minutes * MINUTE)


def measured(policy: Policy, starts: Starts, segments: Segments, *, as_of: int, watermark: int) -> Measured:
    """Times and states of clocks as of a moment; `watermark` says how far the feeds that can stop them are read."""
    target, size = target_of(policy), len(starts.subject)
    until = np.minimum(starts.end, as_of)
    # the segment that holds `until`: where a pause's cap lies ahead, it is not the last one
    begun = segments.per_clock((segments.begin <= until[segments.clock]).astype(np.int64))
    current = segments.starts[:-1] + np.maximum(begun, 1) - 1
    times = states.Times(
        due=segments.reach(np.full(size, target)),
        at_risk=segments.reach(np.full(size, round(target * policy.at_risk_share))),
        is_paused=segments.is_paused[current] & (starts.end > as_of) if size else np.zeros(0, dtype=np.bool_),
    )
    state = states.states(starts, times, as_of=as_of, watermark=watermark)
    return Measured(starts, segments, times, state, until, current, target, watermark)
