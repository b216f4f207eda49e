"""Names written together on one side and apart on the other: "PAY.ON" and Payon Group, "Oneconvergence Devices" and One Convergence.

Belongs here: what is left over when the shorter name ends where a word of the longer one ends. Called by
`evidence/comparison.py` on the few pairs whose compact names begin alike while their words differ.
"""

from __future__ import annotations

from collections.abc import Iterable

from alignment_pipeline.matching.names.vocabulary import DESCRIPTOR, FIELD, PLACE, STOP, Vocabulary


def words_after(text: str, letters: int) -> list[str] | None:
    """The words of a name after its first `letters` letters; None when that is inside a word."""
    reached = 0
    words = text.split()
    for at, word in enumerate(words):
        reached += len(word)
        if reached >= letters:
            return words[at + 1 :] if reached == letters else None
    return None


def left_over(words: Iterable[str], vocabulary: Vocabulary) -> tuple[float, float, bool, bool]:
    """Weight of the words, weight of the most telling one, whether a place and whether a field of business is among them."""
    weight, top, place, field = 0.0, 0.0, False, False
    for word in words:
        role, value = vocabulary.of(word)
        weight += value
        place, field = place or bool(role & PLACE), field or bool(role & FIELD)
        if not role & (DESCRIPTOR | PLACE | STOP | FIELD):
            top = max(top, value)
    return weight, top, place, field
