"""The bundled word lists."""

from __future__ import annotations

import pytest

from alignment_pipeline.matching.names import wordlists


@pytest.mark.parametrize(
    ("word", "ordinary"),
    [("weave", True), ("stitched", True), ("careers", True), ("quorvex", False), ("fujitsu", False), ("ab", False)],
)
def test_ordinary_words_are_known_with_their_inflections(word: str, ordinary: bool) -> None:
    assert ordinary == wordlists.is_ordinary(word)
