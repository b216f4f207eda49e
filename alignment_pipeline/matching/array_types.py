"""The arrays of matching: one name per element type.

Belongs here: types and nothing else. `object` and bare `np.ndarray` say less than these.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
