"""Conversion of one step, in three readings that bear three names, with intervals.

Belongs here: the arithmetic over waits (how long, and how it ended). Which waits a step has: `step_waits.py`. What the readings mean and
when which is right: docs/pipeline.md (Bernhardsson 2017; convoys).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

STAYS, CONVERTED, LEFT = 0, 1, 2
Z = 1.959963984540054
_DAYS = attrgetter("days")


@dataclass(frozen=True)
class Wait:
    """One subject in a stage: days until it left or until now, how it ended, and days since it entered."""

    days: float
    ending: int
    age: float


@dataclass(frozen=True)
class Rate:
    """A share with its interval; `value` is None when there is nothing to divide."""

    value: float | None
    numerator: float
    denominator: float
    n: int
    lower: float | None = None
    upper: float | None = None


def flow_ratio(exits: int, entries: int) -> Rate:
    """Exits by entries of the same time: they are not the same subjects, so this is no conversion and has no interval."""
    return Rate(exits / entries if entries else None, exits, entries, entries)


def share(hits: int, cases: int) -> Rate:
    """A plain share with Wilson's interval."""
    if not cases:
        return Rate(None, hits, 0, 0)
    p, n = hits / cases, float(cases)
    middle, half = p + Z * Z / (2 * n), Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    scale = 1 + Z * Z / n
    return Rate(p, hits, cases, cases, max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale))


def cohort(waits: Sequence[Wait], within_days: float) -> Rate:
    """Of the subjects that entered at least `within_days` ago: the share converted in that time."""
    old = [wait for wait in waits if wait.age >= within_days]
    return share(sum(wait.ending == CONVERTED and wait.days <= within_days for wait in old), len(old))


def incidence(waits: Sequence[Wait], within_days: float) -> Rate:
    """Share converted within a time, young subjects included as far as they were seen, other exits competing (Aalen-Johansen)."""
    curve = incidence_curve(waits, within_days)
    value, variance = (curve[-1][1], curve[-1][2]) if curve else (0.0, 0.0)
    if not waits:
        return Rate(None, 0, 0, 0)
    lower, upper = log_log(value, variance)
    return Rate(value, sum(wait.ending == CONVERTED and wait.days <= within_days for wait in waits), len(waits), len(waits), lower, upper)


def kaplan_meier(waits: Sequence[Wait], within_days: float) -> float:
    """One minus survival, other exits treated as censored: overstates when subjects also leave otherwise; kept for comparison."""
    survival = 1.0
    for _, at_risk, converted, _ in _times(waits, within_days):
        survival *= 1 - converted / at_risk
    return 1 - survival


def incidence_curve(waits: Sequence[Wait], within_days: float = math.inf) -> list[tuple[float, float, float]]:
    """(days, incidence, variance) at each exit. The variance is the delta method's (Marubini and Valsecchi 1995)."""
    survival, total = 1.0, 0.0
    steps: list[tuple[float, int, int, int, float]] = []
    curve = []
    for days, at_risk, converted, left in _times(waits, within_days):
        steps.append((total, at_risk, converted, left, survival))
        total += survival * converted / at_risk
        survival *= 1 - (converted + left) / at_risk
        curve.append((days, total, _variance(steps, total)))
    return curve


def _variance(steps: Sequence[tuple[float, int, int, int, float]], total: float) -> float:
    variance = 0.0
    for before, at_risk, converted, left, survival in steps:
        exits = converted + left
        now = before + survival * converted / at_risk
        if at_risk > exits:
            variance += (total - now) ** 2 * exits / (at_risk * (at_risk - exits))
        variance += survival**2 * converted * (at_risk - converted) / at_risk**3
        variance -= 2 * (total - now) * survival * converted / at_risk**2
    return max(0.0, variance)


def log_log(value: float, variance: float) -> tuple[float, float]:
    """The interval of a share on the log(-log) scale, which never leaves 0 to 1."""
    if not 0 < value < 1 or not variance:
        return value, value
    width = Z * math.sqrt(variance) / (value * math.log(value))
    ends = (value ** math.exp(-width), value ** math.exp(width))
    return min(ends), max(ends)


def _times(waits: Sequence[Wait], within_days: float) -> list[tuple[float, int, int, int]]:
    """(days, at risk, converted, left) at each exit; subjects still there at that moment are at risk: exits go before censorings."""
    at_risk = len(waits)
    times = []
    for days, together in groupby(sorted(waits, key=_DAYS), key=_DAYS):
        group = [wait.ending for wait in together]
        converted, left = group.count(CONVERTED), group.count(LEFT)
        if (converted or left) and days <= within_days:
            times.append((days, at_risk, converted, left))
        at_risk -= len(group)
    return times
