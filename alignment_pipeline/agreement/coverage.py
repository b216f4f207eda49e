"""Coverage: open pipeline by what is still to win. One definition for marketing's promise and for the pipeline metrics.

Belongs here: the ratio and its states. Which deals are open or booked: `sla/standing/measures.py`, `pipeline_metrics/measures.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

MET, OPEN, NO_TARGET = "met", "open", "no target"


@dataclass(frozen=True)
class Coverage:
    """`value` is None when the target is met or nobody set one."""

    value: float | None
    state: str


def coverage(open_: float, target: float | None, bookings: float) -> Coverage:
    """Open by (target - bookings)."""
    if target is None:
        return Coverage(None, NO_TARGET)
    return Coverage(open_ / (target - bookings), OPEN) if target > bookings else Coverage(None, MET)
