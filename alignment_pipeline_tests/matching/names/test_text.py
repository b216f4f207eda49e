"""Folding: one spelling for what people type in many, in any script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.matching.names import text


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("U.S.A. Today", "usa today"),
        ("O'Reilly & Sons", "oreilly and sons"),
        ("L'Oréal", "l oreal"),
        ("Ørsted", "orsted"),
        ("Weiß + Groß", "weiss plus gross"),
        ("华为 技术", "huaweijishu"),
        ("삼성전자", "samseongjeonja"),
        ("トヨタ自動車", "toyotazidongche"),
        ("ООО Щербаков", "ooo shcherbakov"),
        ("Ελληνικά", "ellinika"),
        ("Ａｃｍｅ", "acme"),
    ],
)
def test_a_name_has_one_folded_spelling(typed: str, folded: str) -> None:
    assert folded == text.fold(typed)


@given(st.text(max_size=30))
def test_folding_gives_ascii_words_and_folding_them_again_changes_nothing(typed: str) -> None:
    folded = text.fold(typed)

    assert folded.isascii()
    assert folded == text.fold(folded)
