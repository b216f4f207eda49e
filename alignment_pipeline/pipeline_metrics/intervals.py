"""95 % intervals of means, medians, ratios of sums, and of products of such numbers.

Belongs here: the arithmetic. Intervals of shares and of incidences: `conversion.py`; of a plan, by draws: `goal_planning/`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Interval = tuple[float, float]
Z = 1.959963984540054
# Student's t for 95 %, by degrees of freedom: past periods are at most 16
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)


def of_mean(cases: Sequence[int]) -> Interval | None:
    """Of the mean of cases that cannot be below 0; None for one case.

    Whole numbers, so that the sums are exact and the interval does not depend on the order of the cases.
    """
    n, total = len(cases), sum(cases)
    if n < 2:
        return None
    variance = (n * sum(case * case for case in cases) - total * total) / (n * (n - 1))
    mean, half = total / n, Z * math.sqrt(variance / n)
    return max(0.0, mean - half), mean + half


def of_median(ordered: Sequence[float]) -> Interval | None:
    """Two of the cases, by the binomial distribution of how many lie below the median; None where the cases are too few for any."""
    n = len(ordered)
    half = Z * math.sqrt(n) / 2
    first, last = round(n / 2 - half) - 1, round(n / 2 + half)
    return (ordered[first], ordered[last]) if first >= 0 and last < n else None


def of_ratio(pairs: Sequence[tuple[float, float]]) -> Interval | None:
    """Of sum above / sum below over a few pairs, by how far each pair is from the common ratio (linearised, Student's t).

    None where all pairs are alike, as when nothing was ever above: that says nothing of how they vary.
    """
    n, below = len(pairs), sum(pair[1] for pair in pairs)
    if n < 2 or not below:
        return None
    ratio = sum(pair[0] for pair in pairs) / below
    squares = sum((above - ratio * under) ** 2 for above, under in pairs)
    if not squares:
        return None
    half = _T[min(n - 1, len(_T)) - 1] * math.sqrt(n / (n - 1) * squares) / below
    return max(0.0, ratio - half), ratio + half


def of_product(value: float | None, parts: Sequence[Interval | None]) -> Interval | None:
    """Of a product or quotient of numbers that were measured apart, on the scale of their logarithms; None when a part reaches 0."""
    if not value:
        return None
    widths = [math.log(part[1] / part[0]) / 2 if part is not None and part[0] > 0 else None for part in parts]
    known = [width for width in widths if width is not None]
    if len(known) < len(widths):
        return None
    half = math.sqrt(sum(width * width for width in known))
    return value * math.exp(-half), value * math.exp(half)
