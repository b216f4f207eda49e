"""Which words look like words of a language."""

from __future__ import annotations

import pytest

from alignment_pipeline.matching.files import code_pages


@pytest.mark.parametrize(
    ("name", "page", "wrong"),
    [
        ("Łódź Żabka", "cp1250", "cp1252"),
        ("Güneş Işık", "cp1254", "cp1252"),
        ("Société Été", "mac_roman", "cp1252"),
        ("Příbram", "cp1250", "cp1252"),
    ],
)
def test_the_right_page_reads_better(name: str, page: str, wrong: str) -> None:
    reading = code_pages.reading(name.encode(page))

    assert reading is not None
    assert name == name.encode(page).decode(reading.page)
    assert wrong != reading.page


def test_what_no_page_reads_well_is_not_clear() -> None:
    reading = code_pages.reading(b"\xa4\xa6x\xb1\xb3 q\xac\xd7z\xf7 \xb6k\xa7\xbd")

    assert reading is None or not reading.is_clear
