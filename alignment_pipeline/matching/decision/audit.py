"""An audit: which decisions people judge, so that what they say is a measure of all.

Belongs here: strata and the draw. How many of each: `precision.py`; files for people: `operations/review.py`.
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alignment_pipeline.matching.decision import precision

# Confidences at which a new stratum begins.
BANDS = (0.5, 0.8, 0.95)


@dataclass(frozen=True)
class Drawn:
    """One decision that was drawn, and the chance with which it was."""

    row: Mapping[str, Any]
    probability: float


def stratum(row: Mapping[str, Any]) -> str:
    """The kind of evidence, the decision and the band of confidence: decisions that are right or wrong about equally often."""
    return f"{row['method']} {row['decision']} {bisect.bisect_right(BANDS, row['confidence'])}"


def draw(rows: Iterable[Mapping[str, Any]], budget: int, *, seed: str) -> list[Drawn]:
    """About `budget` of the decisions (person_id, method, decision, confidence), every one with a chance that is known and above 0.

    Large and doubtful strata give most. The draw depends on the seed and the ids alone; its order says nothing of confidence.
    """
    strata: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        strata.setdefault(stratum(row), []).append(row)
    likely = {name: sum(row["confidence"] for row in members) / len(members) for name, members in strata.items()}
    counts = precision.allocation({name: len(members) for name, members in strata.items()}, likely, budget)
    drawn = [
        Drawn(row, count / len(strata[name]))
        for name, count in counts.items()
        for row in sorted(strata[name], key=lambda row: _chance(seed, row))[:count]
    ]
    return sorted(drawn, key=lambda one: _chance(f"{seed} order", one.row))


def weighted(labels: Sequence[tuple[bool, float]]) -> float:
    """The share right over all decisions, from verdicts and the chances with which their cases were drawn (Horvitz and Thompson 1952)."""
    total = sum(1 / chance for _, chance in labels)
    return sum(1 / chance for is_right, chance in labels if is_right) / total if total else 0.0


def _chance(seed: str, row: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{seed} {row['person_id']}".encode()).hexdigest()
