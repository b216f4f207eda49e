"""Folding text: one spelling for what people type in many.

Belongs here: characters and words, without knowing what a company is. Company names live in `names.py`, domains in `domains.py`,
and word lists are read by `wordlists.py`.
"""

from __future__ import annotations

import functools
import html
import re
import unicodedata

from anyascii import anyascii

_DOTTED = re.compile(r"\b(?:[a-z]\.){2,}[a-z]?\b\.?")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2019`\u00b4](?=\w)")
_ELISION = re.compile(r"\b([ld])['\u2019](?=\w\w)")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_MARKS = ("So", "Sk", "Cf", "Co")
_GERMAN = str.maketrans({"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L"})


_ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
_LEGAL_SIGNS = str.maketrans(dict.fromkeys("\u2122\u00ae\u00a9\u2120"))


def decoded(text: str) -> str:
    """The text without HTML entities, as web forms and some reports write them ("O&#039;Brien", "Smith &amp;amp; Jones")."""
    for _ in range(2):
        if "&" not in text or not _ENTITY.search(text):
            break
        text = _ENTITY.sub(lambda hit: html.unescape(hit.group()), text)
    return text


def ascii_text(text: str) -> str:
    """Latin letters for any script ("华为" gives "Huawei"), lower case, compatibility forms resolved, without signs as "®"."""
    if text.isascii():
        return text.lower()
    text = text.translate(_LEGAL_SIGNS)
    folded = "".join(
        letter for letter in unicodedata.normalize("NFKC", text).translate(_GERMAN) if unicodedata.category(letter) not in _MARKS
    )
    if not folded.isascii():
        joined = re.sub(rf"(?<={_CJK.pattern}) +(?={_CJK.pattern})", "", folded) if _CJK.search(folded) else folded
        folded = _transliterate(joined)
    return folded.lower()


def _transliterate(text: str) -> str:
    """Latin letters for each run of one script; a run of Chinese, Japanese or Korean letters is a word of its own."""
    return "".join([f" {anyascii(run)} " if _CJK.match(run) else anyascii(run) for run in re.split(rf"({_CJK.pattern}+)", text)])


def words(text: str) -> list[str]:
    """Folded words: "U.S.A. Today" gives usa, today; "O'Reilly & Sons" gives oreilly, and, sons."""
    return list(_words(text))


@functools.lru_cache(maxsize=1_000)
def _words(text: str) -> tuple[str, ...]:
    """One name is folded by several questions in a row: is it junk, is it nearly, what are its forms."""
    low = ascii_text(text)
    if "." in low:
        low = _DOTTED.sub(lambda hit: hit.group().replace(".", "") + " ", low)
    if "'" in low:
        low = _ELISION.sub(r"\1 ", low)
    if "'" in low or "`" in low:
        low = _APOSTROPHE.sub("", low)
    if "&" in low:
        low = low.replace("&", " and ")
    if "+" in low:
        low = low.replace("+", " plus ")
    return tuple(_NOT_WORD.sub(" ", low).split())


def fold(text: str) -> str:
    """The folded words joined by one blank."""
    return " ".join(words(text))
