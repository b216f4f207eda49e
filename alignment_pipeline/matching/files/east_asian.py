"""Which East Asian encoding a text was written in: the one whose characters are common ones.

Belongs here: Japanese, Chinese and Korean as spreadsheets there save them. 8-bit code pages: `code_pages.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Encoding -> lead bytes of its commonest characters (level 1 of the national standards), for what is neither kana nor hangul.
COMMON = {"cp932": (0x88, 0x97), "gb18030": (0xB0, 0xD7), "cp949": (0xB0, 0xC8), "big5": (0xA4, 0xC6)}
# Share of common characters from which a text is one of that encoding.
LEAST_COMMON = 0.85
# Hangul from which a text is Korean, not Chinese that happens to look so.
FEW = 5
_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_IDEOGRAPH = re.compile("[\u3400-\u9fff]")
# An accented Latin letter and the letter after it look like one ideograph among Latin letters.
_IN_A_WORD = re.compile("[A-Za-z][\u3400-\u9fff\uac00-\ud7a3]|[\u3400-\u9fff\uac00-\ud7a3][a-z]")
_MARK = re.compile("[\u3000-\u303f\uff01-\uff5e\u2018-\u2026\u00b7]")


@dataclass(frozen=True)
class Reading:
    """An encoding under which the characters are common ones. `is_certain`: they are kana or hangul, which nothing else looks like."""

    page: str
    is_certain: bool


def reading(data: bytes) -> Reading | None:
    """The East Asian encoding of bytes beyond ASCII, None when they are none's. Where Korean fits as well as Chinese it is Korean: hangul
    takes up a part of the bytes that Chinese uses, so a Chinese text seldom stays within it."""
    scores = {page: score for page in COMMON if (score := _score(data, page)) is not None and score >= LEAST_COMMON}
    if not scores:
        return None
    page = max(scores, key=lambda name: (scores[name], name == "cp949", name))
    return Reading(page, _is_certain(data, page))


def _score(data: bytes, page: str) -> float | None:
    try:
        text = data.decode(page)
    except UnicodeDecodeError:
        return None
    letters = [letter for letter in text if not letter.isascii() and not _MARK.match(letter)]
    if not letters or _IN_A_WORD.search(text):
        return None
    return sum(_is_common(letter, page) for letter in letters) / len(letters)


def _is_common(letter: str, page: str) -> bool:
    if page == "cp932" and _KANA.match(letter):
        return True
    if (_HANGUL if page == "cp949" else _IDEOGRAPH).match(letter) is None:
        return False
    low, high = COMMON[page]
    return low <= letter.encode(page)[0] <= high


def _is_certain(data: bytes, page: str) -> bool:
    text = data.decode(page)
    return (page == "cp949" and len(_HANGUL.findall(text)) >= FEW) or (page == "cp932" and len(_KANA.findall(text)) >= 2)
