"""Cells of files that people open."""

from __future__ import annotations

import pytest

from alignment_pipeline.contracts import spreadsheets


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x", "\u22121"])
@pytest.mark.parametrize("before", ["", " ", "\u00a0\u3000", "\n", "\r\n", "\t", "\u200b", "\ufeff", "\x0b"])
def test_no_cell_that_people_open_is_a_formula(before: str, text: str) -> None:
    assert spreadsheets.harmless(before + text) == "'" + before + text


@pytest.mark.parametrize("text", ["", " ", "Acme = Ltd", "a-b", " Acme", "R+D GmbH", "\u00d7", "1 = 1"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert spreadsheets.harmless(text) == text
