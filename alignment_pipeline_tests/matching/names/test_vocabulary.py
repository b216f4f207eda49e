"""Words as numbers: an index does not grow with the leads it has seen."""

from __future__ import annotations

import numpy as np

from alignment_pipeline.matching.names import names
from alignment_pipeline.matching.names.rarity import RarityTable
from alignment_pipeline.matching.names.vocabulary import Vocabulary, arrays, spread


def test_truncating_drops_what_was_added_since_the_mark() -> None:
    vocabulary = Vocabulary(RarityTable.count(["Acme"]))
    arrays([names.forms("Acme Labs")], vocabulary)
    mark = vocabulary.mark()
    arrays([names.forms("Borealis Japan Foods")], vocabulary)
    vocabulary.weight(np.arange(len(vocabulary.number)))

    vocabulary.truncate(mark)

    assert mark == vocabulary.mark()
    assert mark[0] == len(vocabulary.weight(np.arange(mark[0])))


def test_a_name_without_any_form_gets_one_empty_form() -> None:
    forms = arrays([(), names.forms("Acme; Borealis")], Vocabulary(RarityTable.count([])))

    assert [0, 1, 4] == forms.first.tolist()
    assert (-1, -1) == (forms.compact[0], forms.whole[0])


def test_ranges_are_spread_into_their_elements() -> None:
    owner, element = spread(np.array([3, 5, 0]), np.array([5, 5, 2]))

    assert ([0, 0, 2, 2], [3, 4, 0, 1]) == (owner.tolist(), element.tolist())
