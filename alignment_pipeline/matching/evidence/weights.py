"""The fitted weights of evidence and the calibration of confidence: a few numbers, refitted by one command.

Belongs here: reading `data/weights.json` and scoring. Fitting is the benchmarks' (`make fit-match`).
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources

import numpy as np

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.array_types import Doubles, Floats, Ints
from alignment_pipeline.matching.evidence.columns import COLUMNS

MICRO = 1_000_000
# Pairs whose points fit in a processor's cache.
BLOCK = 1_024


@dataclass(frozen=True)
class Weights:
    """One weight per evidence column (log-odds), and knots that turn raw into calibrated probability (both rising from 0 to 1)."""

    weight: tuple[float, ...]
    knots_raw: tuple[float, ...]
    knots_calibrated: tuple[float, ...]
    version: str
    namesake: float = 1.0
    """The most that a name alone is worth where another company bears it too."""

    def micro(self, matrix: Floats) -> Ints:
        """Each pair's evidence in integer micro-points, one column per evidence: rows add up exactly to the score."""
        points: Ints = np.rint(matrix.astype(np.float64) * np.array(self.weight) * MICRO).astype(np.int64)
        return points

    def points(self, column: int, value: float) -> int:
        """The micro-points of one value of one column, as in `micro`."""
        return round(value * self.weight[column] * MICRO)

    def score(self, matrix: Floats) -> Ints:
        """The sum of each pair's micro-points, made block by block so that the points need not all be held."""
        blocks = [self.micro(matrix[start : start + BLOCK]).sum(axis=1) for start in range(0, len(matrix), BLOCK)]
        return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.int64)

    def calibrate(self, raw: Doubles) -> Doubles:
        return np.interp(raw, self.knots_raw, self.knots_calibrated)


def from_mapping(body: dict[str, object]) -> Weights:
    """Weights from the JSON body; every evidence column must be there and no other."""
    weight = body["weights"]
    if not isinstance(weight, dict) or set(weight) != set(COLUMNS):
        have = set(weight) if isinstance(weight, dict) else set()
        raise ConfigurationError(
            f"matching weights: columns do not agree with the code; missing {sorted(set(COLUMNS) - have)}, "
            f"unknown {sorted(have - set(COLUMNS))}; refit with `make fit-match`"
        )
    knots = body.get("calibration", [[0.0, 0.0], [1.0, 1.0]])
    assert isinstance(knots, list)
    return Weights(
        weight=tuple(float(weight[column]) for column in COLUMNS),
        knots_raw=tuple(float(raw) for raw, _ in knots),
        knots_calibrated=tuple(float(calibrated) for _, calibrated in knots),
        version=str(body.get("version", "")),
        namesake=float(str(body.get("namesake", 1.0))),
    )


@functools.cache
def bundled() -> Weights:
    text = resources.files("alignment_pipeline.matching").joinpath("data", "weights.json").read_text(encoding="utf-8")
    return from_mapping(json.loads(text))
