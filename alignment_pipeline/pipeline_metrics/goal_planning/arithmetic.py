"""The chain from a target back to deals, with lags, small numbers and draws.

Belongs here: formulas. Where the rates come from: `plan_inputs.py`; the lines of a plan: `plan_lines.py`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

Z90 = (10, 50, 90)


@dataclass(frozen=True)
class Share:
    """Hits of cases."""

    hits: float
    cases: float

    @property
    def value(self) -> float | None:
        return self.hits / self.cases if self.cases else None


def shrunk(own: Share, parent: float, weight: float) -> float:
    """A small scope's rate, drawn towards its parent's as if `weight` more cases had gone as the parent's do."""
    return (own.hits + weight * parent) / (own.cases + weight)


def deals_needed(need: float, *, amount: float, win_rate: float, in_time: float) -> float | None:
    """Deals to create, of which only a part is won in time. None when no number of deals would do."""
    if need <= 0:
        return 0.0
    worth = amount * win_rate * in_time
    return need / worth if worth > 0 else None


def whole(number: float | None) -> int | None:
    """People and deals are whole: rounded up, a hundred-millionth's noise left aside."""
    return None if number is None else math.ceil(number - 1e-9)


def share_in_time(lags: Sequence[float], today: date, last: date) -> float | None:
    """Mean share of won deals whose lag fits into what is left, for deals created evenly over the business days left."""
    if not lags:
        return None
    ordered = sorted(lags)
    days = [today + timedelta(days=number) for number in range(1, (last - today).days + 1)]
    left = [(last - day).days for day in days if day.weekday() < 5]
    return sum(bisect_right(ordered, one) for one in left) / len(ordered) / len(left) if left else 0.0


def drawn_rates(own: Share, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draws of a rate from its hits and misses (Jeffreys' prior)."""
    return rng.beta(own.hits + 0.5, own.cases - own.hits + 0.5, draws)


def percentiles(values: np.ndarray) -> tuple[float, float, float]:
    """P10, P50, P90."""
    low, middle, high = (float(one) for one in np.percentile(values, Z90))
    return low, middle, high


def tornado(base: dict[str, float], ends: dict[str, tuple[float, float]], need: float) -> list[tuple[str, float | None, float | None]]:
    """For each of amount, win_rate and in_time: the deals needed with its lower and its higher value, the others as they are."""
    bars = []
    for name, (low, high) in ends.items():
        bars.append((name, deals_needed(need, **(base | {name: low})), deals_needed(need, **(base | {name: high}))))
    return bars
