"""What labels prove about a precision: bounds that hold at any look, estimates from stratified samples, and how to draw such a sample.

Belongs here: the arithmetic, without knowing what a rule is. What it does to rules: `labels.py`. Why not Wilson at every run: looked at
after each label, its lower bound falls below 90 % for a rule with 30 right of 30 (docs/adr/0036).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# The chance that a rule that is exactly as good as wanted is ever demoted, however often it is looked at. No test can be much stricter and
# still find a rule of .80 among 200 labels 95 times of 100; a rule of .99 is then demoted less than once in a thousand.
ALPHA = 0.08
# An error share that a stratum is taken to have at least, for the size of its sample: none seen is not none.
LEAST_ERROR = 0.005
LEAST_PER_STRATUM = 10


def bad(right: int, wrong: int, minimum: float) -> float:
    """The evidence, in log-odds units, that the precision is below the minimum: a test martingale against twice the error that is allowed.

    Its maximum over time passes log(1 / ALPHA) with a chance of at most ALPHA while the precision is the minimum or better (Ville 1939), so
    it may be looked at after every label.
    """
    error = 1.0 - minimum
    other = min(2 * error, (1 + error) / 2)
    return wrong * math.log(other / error) + right * math.log((1 - other) / (1 - error)) if 0 < error < 1 else 0.0


def good(right: int, wrong: int, minimum: float) -> float:
    """The evidence that the precision is the minimum or better: the same against half the error that is allowed."""
    error = 1.0 - minimum
    return wrong * math.log(0.5) + right * math.log((1 - error / 2) / (1 - error)) if 0 < error < 1 else 0.0


def is_proof(evidence: float) -> bool:
    return evidence >= math.log(1 / ALPHA)


def bounds(right: int, wrong: int) -> tuple[float, float]:
    """Between which values the precision lies: above the first (by `good`) and below the second (by `bad`), at any look."""
    return _last(lambda value: is_proof(good(right, wrong, value)), 0.0, 1.0), 1.0 - _last(
        lambda error: is_proof(bad(right, wrong, 1.0 - error)), 0.0, 1.0
    )


def _last(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The highest value for which a statement holds that holds below it, by bisection; `low` when it holds nowhere."""
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


@dataclass(frozen=True)
class Stratum:
    """Decisions that are alike: how many there are, how many of them were judged, and how many of these were right."""

    size: int
    judged: int
    right: int

    @property
    def share_right(self) -> float:
        return self.right / self.judged if self.judged else 0.0


def stratified(strata: list[Stratum]) -> tuple[float, float]:
    """The precision over all decisions and its standard error: each stratum counts by its size, not by how many of it were judged."""
    seen = [stratum for stratum in strata if stratum.judged]
    total = sum(stratum.size for stratum in seen)
    if not total:
        return 0.0, 0.0
    mean = sum(stratum.size / total * stratum.share_right for stratum in seen)
    variance = sum(
        (stratum.size / total) ** 2
        * (1 - stratum.judged / stratum.size)
        * stratum.share_right
        * (1 - stratum.share_right)
        / max(1, stratum.judged - 1)
        for stratum in seen
    )
    return mean, math.sqrt(variance)


def allocation(sizes: Mapping[str, int], shares_right: Mapping[str, float], budget: int) -> dict[str, int]:
    """How many of each stratum to judge: by size times spread (Neyman 1934), a few of each at least, never more than there are."""
    spread = {name: size * math.sqrt(_error(shares_right[name]) * (1 - _error(shares_right[name]))) for name, size in sizes.items()}
    total = sum(spread.values())
    least = max(1, min(LEAST_PER_STRATUM, budget // (2 * max(1, len(sizes)))))
    return {name: min(sizes[name], max(least, round(budget * spread[name] / total))) for name in sizes} if total else {}


def _error(share_right: float) -> float:
    return min(1 - LEAST_ERROR, max(LEAST_ERROR, 1 - share_right))
