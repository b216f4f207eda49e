"""Countries in their usual spellings, and words that name places."""

from __future__ import annotations

import pytest

from alignment_pipeline.matching.names import places


@pytest.mark.parametrize(
    ("typed", "code"), [("Deutschland", "DE"), ("USA", "US"), ("de", "DE"), ("United  Kingdom", "GB"), ("Atlantis", ""), ("", "")]
)
def test_a_country_has_one_code(typed: str, code: str) -> None:
    assert code == places.country_code(typed)


@pytest.mark.parametrize(
    ("text", "is_place"), [("united kingdom", True), ("shanghai china", True), ("usa", True), ("quorvex china group", False), ("", False)]
)
def test_a_text_of_nothing_but_places_is_a_place(text: str, is_place: bool) -> None:
    assert is_place == places.is_place(text)
