"""Small array helpers over pairs grouped by lead or by form.

Belongs here: grouped maxima, look-ups of (owner, value) and the like. What they mean is decided by the modules in
`evidence/` and `decision/`.
"""

from __future__ import annotations

import numpy as np

from alignment_pipeline.matching.array_types import Bools, Doubles, Floats, Ints


def highest(owner: Ints, values: Floats, size: int) -> Floats:
    """The highest value per owner, 0 where there is none."""
    top = np.zeros(size, dtype=np.float32)
    np.maximum.at(top, owner, values)
    return top


def first_highest(owner: Ints, first: Ints, values: Doubles) -> Ints:
    """The place of each owner's highest value, the first of equal ones; `owner` rises, owner i begins at first[i]."""
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    top = np.maximum.reduceat(values, first)
    at = np.flatnonzero(values == top[owner])
    places: Ints = at[np.r_[True, owner[at[1:]] != owner[at[:-1]]]]
    return places


def owners(first: Ints) -> Ints:
    """The owner of each element where owner i has the elements first[i]:first[i+1]."""
    return np.repeat(np.arange(len(first) - 1, dtype=np.int64), np.diff(first))


def distinct(values: Ints) -> Ints:
    """The values in order, each once. `np.unique` hashes them from NumPy 2.3 on: a second for a million (owner, value) numbers."""
    ordered = np.sort(values)
    return ordered[np.r_[True, ordered[1:] != ordered[:-1]]] if len(ordered) else ordered


def filed(owner: Ints, value: Ints) -> Ints:
    """(owner, value) as sorted numbers, for `holds`. Both are below 2**31; a value of -1 is never found."""
    return distinct((owner << 32) + value + 1)


def holds(filed_: Ints, owner: Ints, value: Ints) -> Bools:
    """Whether each owner has the value; a negative value nobody has."""
    if not len(filed_):
        return np.zeros(len(owner), dtype=bool)
    wanted = (owner << 32) + value + 1
    at = np.minimum(np.searchsorted(filed_, wanted), len(filed_) - 1)
    held: Bools = (filed_[at] == wanted) & (value >= 0)
    return held
