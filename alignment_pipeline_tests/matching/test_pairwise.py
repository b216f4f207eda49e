"""The arrays of the comparison say what a plain loop over texts would say."""

from __future__ import annotations

import random
import zlib

import numpy as np
import pytest

from alignment_pipeline.matching.blocking import keys, pairwise
from alignment_pipeline.matching.evidence import comparison, weights
from alignment_pipeline.matching.evidence.columns import COLUMNS
from alignment_pipeline.matching.names import names
from alignment_pipeline.matching.names.rarity import RarityTable
from alignment_pipeline.matching.names.vocabulary import Vocabulary, arrays

NAMES = ["Acme", "Acme Cloud", "Acmecloud", "Acme Cloud Services", "Borealis", "Boreali", "", "Bo", "A", "Acmecloud Servicex", "4loops"]


def test_prefix_is_the_share_of_the_longer_name_that_the_shorter_begins() -> None:
    vocabulary = Vocabulary(RarityTable.count(NAMES))
    forms = arrays([names.forms(name)[:1] for name in NAMES], vocabulary)
    left, right = np.divmod(np.arange(len(NAMES) ** 2), len(NAMES))

    def expected(lead: str, account: str) -> float:
        if not lead or not account:
            return 0.0
        if account.startswith(lead):
            return len(lead) / len(account)
        return -len(account) / len(lead) if lead.startswith(account) else 0.0

    wanted = [expected(forms.compacts[i], forms.compacts[j]) for i, j in zip(left.tolist(), right.tolist(), strict=True)]
    assert wanted == pytest.approx(comparison._prefix(forms, forms, left, right).tolist())


def test_names_one_letter_apart_share_a_typo_hash() -> None:
    chance = random.Random(7)
    for _ in range(200):
        text = "".join(chance.choice("abcd") for _ in range(chance.randint(4, 12)))
        at = chance.randrange(len(text))
        for other in (text[:at] + text[at + 1 :], text[:at] + "x" + text[at:], text[:at] + "x" + text[at + 1 :]):
            if len(other) >= keys.SHORTEST_TYPO:
                assert keys.typo_hashes(names.forms(text)) & keys.typo_hashes(names.forms(other)), (text, other)


def test_typo_hashes_are_of_the_name_whole_and_with_each_letter_left_out() -> None:
    form = names.Form(names.WHOLE, "borealis labs", ("borealis", "labs"), "borealislabs")
    pieces = {piece for text in ("borealislabs", "borealis") for piece in (text, *(text[:at] + text[at + 1 :] for at in range(len(text))))}

    assert {zlib.crc32(piece.encode()) for piece in pieces} == keys.typo_hashes([form])


def test_a_filed_value_is_held_by_its_owner_only() -> None:
    filed = pairwise.filed(np.array([0, 0, 2]), np.array([5, 7, -1]))

    assert [True, True, False, False, False] == pairwise.holds(filed, np.array([0, 0, 1, 2, 0]), np.array([5, 7, 5, 5, -1])).tolist()
    assert [False] == pairwise.holds(pairwise.filed(np.zeros(0, np.int64), np.zeros(0, np.int64)), np.array([0]), np.array([5])).tolist()


def test_the_first_of_equal_highest_values_is_taken() -> None:
    owner, first = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 3, 4])

    assert [1, 3, 4] == pairwise.first_highest(owner, first, np.array([1.0, 2.0, 2.0, -1.0, 0.5, 0.5])).tolist()


def test_distinct_values_come_in_order() -> None:
    assert [1, 3, 9] == pairwise.distinct(np.array([3, 1, 9, 3, 1])).tolist()
    assert [] == pairwise.distinct(np.zeros(0, np.int64)).tolist()


def test_a_score_is_the_sum_of_the_points_shown() -> None:
    fitted, chance = weights.bundled(), np.random.default_rng(5)
    matrix = (chance.random((2_500, len(COLUMNS))) * (chance.random((2_500, len(COLUMNS))) < 0.2)).astype(np.float32)
    shown = [sum(fitted.points(at, value) for at, value in enumerate(row)) for row in matrix[:50].tolist()]

    assert fitted.micro(matrix).sum(axis=1).tolist() == fitted.score(matrix).tolist()
    assert shown == fitted.score(matrix)[:50].tolist()
