"""Looking at a marketing system's log: which entries are new.

Belongs here: one poll, and what is remembered of it. The calls are the connector's; whether an entry is a hand-raise is decided by
staging's own rule (`lane.py`).
"""

from __future__ import annotations

from datetime import datetime

from alignment_pipeline.connectors.listening import Log
from alignment_pipeline.errors import DataLoss, Permanent
from alignment_pipeline.fast_lane.memory import OVERLAP, HandRaise, Memory


def poll(log: Log, memory: Memory, *, now: datetime, since: datetime) -> list[HandRaise]:
    """New entries, remembered as seen; `since` is where the very first poll begins.

    Every poll asks from a token some minutes old, so that what became visible late is read; a token that the server no longer
    takes is asked for again. The caller saves the memory.
    """
    trail = memory.trail(log.system.name)
    started_at, token = trail[0] if trail else (since, "")
    try:
        token = token or log.token(since)
        entries, following = log.poll(token)
    except (Permanent, DataLoss):
        if not trail:
            raise
        trail.clear()
        token = log.token(started_at - OVERLAP)
        entries, following = log.poll(token)
    if not trail:
        trail.append((started_at, token))
    memory.polled(log.system.name, now, following)
    fresh = [one for one in entries if one.key not in memory.seen]
    memory.seen |= {one.key: now for one in fresh}
    unique = {one.key: one for one in fresh}
    return [HandRaise(one.key, log.system.name, one.person, one.happened_at, now, one.values) for one in unique.values()]
