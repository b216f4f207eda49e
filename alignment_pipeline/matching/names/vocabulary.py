"""Words as numbers, forms as arrays: what lets a batch of pairs be compared at once.

Belongs here: the arrays over name forms and their words. The comparison itself is in `evidence/comparison.py`.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alignment_pipeline.matching.array_types import Floats, Ints
from alignment_pipeline.matching.names import names, places, wordlists
from alignment_pipeline.matching.names.rarity import RarityTable

DESCRIPTOR, PLACE, STOP, FIELD, ORDINARY = 1, 2, 4, 8, 16


class Vocabulary:
    """Numbers for words, compact and whole names, with each word's rarity weight and role. Grows while names are added."""

    def __init__(self, rarity: RarityTable) -> None:
        self.rarity = rarity
        self.number: dict[str, int] = {}
        self.compact_number: dict[str, int] = {}
        self._whole_number: dict[str, int] = {}
        self._weight = array("f")
        self._role = array("b")
        self._weights: Floats = np.zeros(0, dtype=np.float32)
        self._roles: npt.NDArray[np.int8] = np.zeros(0, dtype=np.int8)

    def word(self, word: str) -> int:
        known = self.number.get(word)
        if known is not None:
            return known
        roles = wordlists.roles()
        role = (DESCRIPTOR if word in roles["d"] or word in roles["u"] else 0) | (PLACE if word in places.place_words() else 0)
        role |= FIELD if word in roles["f"] else 0
        role |= ORDINARY if wordlists.is_ordinary(word) else 0
        role |= STOP if word in roles["s"] or not word else 0
        self.number[word] = len(self.number)
        self._weight.append(0.02 if role & STOP else self.rarity.weight(word))
        self._role.append(role)
        return len(self.number) - 1

    def compact(self, text: str) -> int:
        return self.compact_number.setdefault(text, len(self.compact_number))

    def whole(self, text: str) -> int:
        return self._whole_number.setdefault(text, len(self._whole_number))

    def weight(self, words: Ints) -> Floats:
        """The rarity weights of word numbers."""
        self._refresh()
        taken: Floats = self._weights[words]
        return taken

    def role(self, words: Ints) -> npt.NDArray[np.int8]:
        """The roles of word numbers."""
        self._refresh()
        taken: npt.NDArray[np.int8] = self._roles[words]
        return taken

    def of(self, word: str) -> tuple[int, float]:
        """Role and rarity weight of one word that is known."""
        number = self.number[word]
        return self._role[number], self._weight[number]

    def mark(self) -> tuple[int, int, int]:
        """How many words, compact and whole names there are now, for `truncate`."""
        return len(self.number), len(self.compact_number), len(self._whole_number)

    def truncate(self, mark: tuple[int, int, int]) -> None:
        """Drop what was added since the mark: an index must not grow with the leads it has seen."""
        words = mark[0]
        for known, size in zip((self.number, self.compact_number, self._whole_number), mark, strict=True):
            while len(known) > size:
                known.popitem()
        del self._weight[words:], self._role[words:]
        self._weights, self._roles = self._weights[:words], self._roles[:words]

    def _refresh(self) -> None:
        """Bring the arrays up to the words added since."""
        have = len(self._weights)
        if have < len(self._weight):
            self._weights = np.concatenate([self._weights, np.array(self._weight[have:], dtype=np.float32)])
            self._roles = np.concatenate([self._roles, np.array(self._role[have:], dtype=np.int8)])


@dataclass(slots=True)
class FormArrays:
    """The forms of many names: `first[i]:first[i+1]` are the forms of name i, `word_first[f]:word_first[f+1]` the words of form f.

    `length` and `head` are the letters of a form's compact name: how many, and the first eight as one number; `numbers` stands for the
    numbers in it, -1 for none.
    """

    first: Ints
    kind: Ints
    compact: Ints
    whole: Ints
    texts: list[str]
    compacts: list[str]
    length: Ints
    head: npt.NDArray[np.uint64]
    numbers: Ints
    word_first: Ints
    words: Ints


def arrays(forms_of: Iterable[tuple[names.Form, ...]], vocabulary: Vocabulary) -> FormArrays:
    """Number every form and word of the names, in order; a name without any form gets one empty form (compact and whole -1)."""
    first, kind, compact, whole = array("q", [0]), array("q"), array("q"), array("q")
    word_first, words = array("q", [0]), array("q")
    numbers = array("q")
    texts: list[str] = []
    compacts: list[str] = []
    for forms in forms_of:
        if not forms:
            kind.append(0)
            compact.append(-1)
            whole.append(-1)
            numbers.append(-1)
            texts.append("")
            compacts.append("")
            words.append(vocabulary.word(""))
            word_first.append(len(words))
        for form in forms:
            kind.append(form.kind)
            compact.append(vocabulary.compact(form.compact))
            whole.append(vocabulary.whole(form.whole))
            numbers.append(_as_one(names.numbers(form)))
            texts.append(form.text)
            compacts.append(form.compact)
            words.extend([vocabulary.word(word) for word in dict.fromkeys(form.core)])
            word_first.append(len(words))
        first.append(len(texts))
    return FormArrays(
        first=_ints(first),
        kind=_ints(kind),
        compact=_ints(compact),
        whole=_ints(whole),
        texts=texts,
        compacts=compacts,
        length=np.array([len(text) for text in compacts], dtype=np.int64),
        head=np.array(compacts, dtype="S8").view(">u8").astype(np.uint64),
        numbers=_ints(numbers),
        word_first=_ints(word_first),
        words=_ints(words),
    )


def _as_one(numbers: tuple[int, ...]) -> int:
    return zlib.crc32(",".join(map(str, numbers)).encode()) if numbers else -1


def _ints(column: array[int]) -> Ints:
    return np.array(column, dtype=np.int64)


def spread(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """For ranges [start, end): the row each element belongs to and the element, as two flat arrays."""
    lengths = ends - starts
    owner = np.repeat(np.arange(len(starts), dtype=np.int64), lengths)
    if not len(owner):
        return owner, owner.copy()
    offsets = np.arange(len(owner), dtype=np.int64) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return owner, np.repeat(starts, lengths) + offsets
