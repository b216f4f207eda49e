"""The score is the sum of the points shown."""

from __future__ import annotations

import numpy as np

from alignment_pipeline.matching.evidence import weights
from alignment_pipeline.matching.evidence.columns import COLUMNS


def test_a_score_is_the_sum_of_the_points_shown() -> None:
    fitted, chance = weights.bundled(), np.random.default_rng(5)
    matrix = (chance.random((2_500, len(COLUMNS))) * (chance.random((2_500, len(COLUMNS))) < 0.2)).astype(np.float32)
    shown = [sum(fitted.points(at, value) for at, value in enumerate(row)) for row in matrix[:50].tolist()]

    assert fitted.micro(matrix).sum(axis=1).tolist() == fitted.score(matrix).tolist()
    assert shown == fitted.score(matrix)[:50].tolist()
