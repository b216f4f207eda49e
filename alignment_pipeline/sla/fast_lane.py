"""The fast lane's purse: how long to wait until the next poll, so that the day's share of API calls lasts the day.

Belongs here: one small calculation. Polling itself and what a hand-raise sets off is wiring (`defs/`); the share and the poll
times stand in the agreement's `sla.fast_lane`.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np

from alignment_pipeline.agreement.sla import FastLane
from alignment_pipeline.sla.calendars import ALWAYS, OpenTime, to_us

_SECOND = 1_000_000


def seconds_to_next_poll(
    lane: FastLane,
    *,
    now: datetime,
    resets_at: datetime,
    calls_used: int,
    calls_a_day: int,
    calls_a_poll: float,
    open_time: OpenTime = ALWAYS,
) -> float | None:
    """Seconds to wait before the next poll; None when the share is used up until `resets_at`.

    The agreement's poll times hold while the share lasts. When what is left would not reach to the reset at that pace, the open
    hours are stretched evenly first (closed hours stay at their slow pace as long as that alone fits).
    """
    left = lane.budget_share * calls_a_day - calls_used
    if left < calls_a_poll:
        return None
    edges = np.array([to_us(now), to_us(resets_at)], dtype=np.int64)
    open_seconds = float(open_time.between(edges[:1], edges[1:])[0]) / _SECOND
    closed_seconds = max(0.0, float(edges[1] - edges[0]) / _SECOND - open_seconds)
    is_open = bool(open_time.between(edges[:1], edges[:1] + 1)[0])
    polls = left / calls_a_poll
    closed_polls = min(polls, closed_seconds / lane.poll_seconds_closed)
    stretched = open_seconds / max(polls - closed_polls, 1.0)
    if is_open:
        return max(lane.poll_seconds_open, stretched)
    return max(lane.poll_seconds_closed, closed_seconds / max(polls, 1.0))
