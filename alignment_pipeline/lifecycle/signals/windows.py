"""How long and how much an activity counts for a criterion.

Belongs here: the window and its decay as steps in whole days. Sums over many activities: `crossings.py`.
"""

from __future__ import annotations

import numpy as np

from alignment_pipeline.agreement.engagement import Decay
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.lifecycle.signals.events import Ints


def kernel(measure: Measure, decay: Decay) -> list[tuple[int, float]]:
    """How much of an activity counts from which day after it: (days, share), the share changing at midnight UTC; ends with 0."""
    end = measure.days + 1
    if not measure.decayed:
        return [(0, 1.0), (end, 0.0)]
    end = min(end, decay.horizon_days + 1)
    if decay.step_days is None or decay.step_pct is None:
        return [(0, 1.0), (end, 0.0)]
    steps = [(0, 1.0)]
    for number in range(1, end):
        share = max(0.0, 1.0 - decay.step_pct / 100.0 * number)
        if number * decay.step_days >= end or share == 0.0:
            end = min(end, number * decay.step_days)
            break
        steps.append((number * decay.step_days, share))
    return [*steps, (end, 0.0)]


def portion(amounts: Ints, share: float) -> Ints:
    """A share of the amounts, rounded half up to whole micro-points."""
    if share == 1.0:
        return amounts
    if share == 0.0:
        return np.zeros(len(amounts), dtype=np.int64)
    return np.floor(amounts.astype(np.float64) * share + 0.5).astype(np.int64)
