"""Slips of the finger: which kind of one-letter difference lies between two names.

Belongs here: keyboard neighbours, doubled and swapped letters. How alike two names are is measured in `evidence/comparison.py`.
"""

from __future__ import annotations

_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_OFFSET = (0.0, 0.5, 0.75, 1.25)
_PLACE = {key: (row, column + _OFFSET[row]) for row, keys in enumerate(_ROWS) for column, key in enumerate(keys)}


def neighbours(one: str, other: str) -> bool:
    """Whether two keys touch on a QWERTY keyboard."""
    left, right = _PLACE.get(one), _PLACE.get(other)
    return left is not None and right is not None and abs(left[0] - right[0]) <= 1 and abs(left[1] - right[1]) <= 1.0


def slip(pair: tuple[str, str]) -> str:
    """keyboard, doubled or swapped for two texts one edit apart, "" for any other difference."""
    one, other = pair
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    if len(one) == len(other):
        if one[start + 1 :] == other[start + 1 :]:
            return "keyboard" if neighbours(one[start : start + 1], other[start : start + 1]) else ""
        return "swapped" if one[start + 1 : start + 2] == other[start : start + 1] else ""
    long = one if len(one) > len(other) else other
    letter = long[start : start + 1]
    return "doubled" if letter and (long[start - 1 : start] == letter or long[start + 1 : start + 2] == letter) else ""
