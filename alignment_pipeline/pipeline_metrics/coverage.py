"""What has to be open by this business day, measured from past periods, and how fast pipeline turns into money.

Belongs here: the arithmetic. Coverage itself: `agreement/coverage.py`; which deals were open and won: `measures.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from alignment_pipeline.pipeline_metrics import intervals
from alignment_pipeline.pipeline_metrics.intervals import Interval

MEASURED, NO_HISTORY, NOT_REACHABLE = "measured", "no history", "not reachable"


@dataclass(frozen=True)
class PastPeriod:
    """A complete period, seen from its business day k: open then, won of that in the period, and bookings that came later."""

    open: float
    won: float
    later: float


@dataclass(frozen=True)
class Needed:
    """What has to be open. `conversion` is conv(k); `basis` is measured, no history, or not reachable.

    `bounds` are the ends of the conversion's interval, where it was measured; those of what follows from it are in `at`.
    """

    basis: str
    conversion: float | None
    later: float
    needed: float | None
    gap: float | None
    forecast: float | None
    periods: int
    bounds: Interval | None = None
    at: tuple[Needed, Needed] | None = None

    def between(self, name: str) -> tuple[float | None, float | None]:
        """Lower and upper end of one of its numbers: needed, gap or forecast; None where there is none, or no end."""
        if self.at is None:
            return None, None
        ends = [getattr(one, name) for one in self.at]
        # the least is needed with the highest conversion; with none at all there is no upper end
        return (ends[0], ends[1]) if name == "forecast" else (ends[1], ends[0])


def needed(
    past: Sequence[PastPeriod], *, target: float | None, bookings: float, open_: float, min_periods: int, win_rate: float | None
) -> Needed:
    """What has to be open, and what the period will come to. Without enough periods: by the win rate, and said so."""
    bounds: Interval | None = None
    conversion: float | None
    enough = len(past) >= min_periods
    begun = sum(one.open for one in past)
    if enough and begun:
        basis, conversion = MEASURED, sum(one.won for one in past) / begun
        later = float(median(one.later for one in past))
        bounds = intervals.of_ratio([(one.won, one.open) for one in past])
    else:
        basis, conversion, later = NO_HISTORY, win_rate, 0.0
    if conversion is None:
        return Needed(basis, None, later, None, None, None, len(past))

    def by(rate: float) -> Needed:
        return _needed(basis, rate, later, target, bookings, open_, len(past))

    usual = by(conversion)
    return usual if bounds is None else replace(usual, bounds=bounds, at=(by(bounds[0]), by(bounds[1])))


def _needed(basis: str, conversion: float, later: float, target: float | None, bookings: float, open_: float, periods: int) -> Needed:
    forecast = bookings + open_ * conversion + later
    if target is None:
        return Needed(basis, conversion, later, None, None, forecast, periods)
    missing = max(0.0, target - bookings - later)
    if missing and not conversion:
        return Needed(NOT_REACHABLE, conversion, later, None, None, forecast, periods)
    wanted = missing / conversion if conversion else 0.0
    return Needed(basis, conversion, later, wanted, wanted - open_, forecast, periods)


def velocity(open_deals: int, mean_won: float | None, win_rate: float | None, cycle_days: float | None) -> float | None:
    """N * A * W / L: money a day; None when any part is unknown."""
    if mean_won is None or win_rate is None or not cycle_days:
        return None
    return open_deals * mean_won * win_rate / cycle_days
