"""Small array helpers over pairs grouped by lead or by form.

Belongs here: grouped maxima and the like. Meaning lives in `features.py` and `decision.py`.
"""

from __future__ import annotations

import numpy as np

from alignment_pipeline.matching.vocabulary import Floats, Ints


def highest(owner: Ints, values: Floats, size: int) -> Floats:
    """The highest value per owner, 0 where there is none."""
    found = np.zeros(size, dtype=np.float32)
    np.maximum.at(found, owner, values)
    return found
