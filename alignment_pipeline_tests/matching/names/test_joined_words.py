"""Names written together on one side and apart on the other."""

from __future__ import annotations

import pytest

from alignment_pipeline.matching.names import joined_words
from alignment_pipeline.matching.names.rarity import RarityTable
from alignment_pipeline.matching.names.vocabulary import Vocabulary


@pytest.mark.parametrize(("letters", "rest"), [(5, ["group"]), (3, ["on", "group"]), (4, None), (10, []), (11, None)])
def test_what_is_left_begins_where_a_word_begins(letters: int, rest: list[str] | None) -> None:
    assert rest == joined_words.words_after("pay on group", letters)


def test_left_over_words_have_a_weight_and_their_roles() -> None:
    vocabulary = Vocabulary(RarityTable.count(["Acme Group"]))
    for word in ("group", "japan", "quorvex"):
        vocabulary.word(word)

    weight, top, place, _ = joined_words.left_over(["group", "japan", "quorvex"], vocabulary)

    assert place
    assert 0 < top < weight
    assert (0.0, 0.0, False, False) == joined_words.left_over([], vocabulary)
