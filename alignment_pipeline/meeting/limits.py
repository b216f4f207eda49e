"""Control limits: which differences between weeks are news and which are noise.

Belongs here: the p-chart for shares (as counts out of counts) and the XmR chart for weekly counts and amounts. Which number uses
which: `numbers.py`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Fewer weeks before this one say nothing about what is usual.
LEAST_WEEKS = 4
_SIGMAS = 3.0
# 3 / d2 of moving ranges of two (Wheeler's XmR chart)
_XMR = 2.66


@dataclass(frozen=True)
class Limits:
    """What is usual: centre, and the bounds outside which a value is news."""

    chart: str
    centre: float
    lower: float
    upper: float

    def signal(self, value: float | None) -> str:
        """`above`, `below`, or nothing."""
        if value is None or self.lower <= value <= self.upper:
            return ""
        return "above" if value > self.upper else "below"


def p_chart(before: Sequence[tuple[float, float]], n: float) -> Limits | None:
    """Limits, in percent, of a share of `n` cases, from (hits, cases) of the weeks before; None with too few weeks or cases."""
    known = [(hits, cases) for hits, cases in before if cases]
    if len(known) < LEAST_WEEKS or n <= 0:
        return None
    share = sum(hits for hits, _ in known) / sum(cases for _, cases in known)
    width = _SIGMAS * math.sqrt(share * (1 - share) / n)
    return Limits("p", 100 * share, 100 * max(0.0, share - width), 100 * min(1.0, share + width))


def xmr_chart(before: Sequence[float], *, most: float = math.inf) -> Limits | None:
    """Limits of a weekly number, from the weeks before; None with too few of them. Nothing counted is negative, no share above `most`."""
    if len(before) < LEAST_WEEKS:
        return None
    centre = sum(before) / len(before)
    ranges = [abs(later - earlier) for earlier, later in itertools.pairwise(before)]
    width = _XMR * sum(ranges) / len(ranges)
    return Limits("XmR", centre, max(0.0, centre - width), min(most, centre + width))
