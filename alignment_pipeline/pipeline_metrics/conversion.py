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
from typing import NamedTuple

from alignment_pipeline.pipeline_metrics.intervals import Z

STAYS, CONVERTED, LEFT = 0, 1, 2
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
    if not waits:
        return Rate(None, 0, 0, 0)
    steps, totals = _steps(waits, within_days)
    value, variance = (totals[-1], _variance(steps, totals[-1])) if steps else (0.0, 0.0)
    lower, upper = log_log(value, variance)
    return Rate(value, sum(wait.ending == CONVERTED and wait.days <= within_days for wait in waits), len(waits), len(waits), lower, upper)


def kaplan_meier(waits: Sequence[Wait], within_days: float) -> float:
    """One minus survival, other exits treated as censored: overstates when subjects also leave otherwise; kept for comparison."""
    survival = 1.0
    for _, at_risk, converted, _ in _times(waits, within_days):
        survival *= 1 - converted / at_risk
    return 1 - survival


def incidence_curve(waits: Sequence[Wait], within_days: float = math.inf, *, about: int | None = None) -> list[tuple[float, float, float]]:
    """(days, incidence, variance) at each exit, or at about so many of them, evenly. The variance is the delta method's (Marubini and
    Valsecchi 1995); that of one point goes over all exits before it."""
    steps, totals = _steps(waits, within_days)
    every = max(1, len(steps) // about) if about else 1
    places = range(0, len(steps), every)
    return [(steps[place].days, totals[place], _variance(steps[: place + 1], totals[place])) for place in places]


class _Step(NamedTuple):
    """An exit time: incidence before it, who was at risk, how many converted and left otherwise, and the survival before it."""

    days: float
    before: float
    at_risk: int
    converted: int
    left: int
    survival: float


def _steps(waits: Sequence[Wait], within_days: float) -> tuple[list[_Step], list[float]]:
    """The exits, and the incidence after each of them."""
    survival, total = 1.0, 0.0
    steps, totals = [], []
    for days, at_risk, converted, left in _times(waits, within_days):
        steps.append(_Step(days, total, at_risk, converted, left, survival))
        total += survival * converted / at_risk
        survival *= 1 - (converted + left) / at_risk
        totals.append(total)
    return steps, totals


def _variance(steps: Sequence[_Step], total: float) -> float:
    variance = 0.0
    for _, before, at_risk, converted, left, survival in steps:
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
