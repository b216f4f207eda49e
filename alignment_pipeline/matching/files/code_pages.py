"""Which 8-bit code page a text was written in: the one under which its words look like words of a language.

Belongs here: the usual code pages of spreadsheets, and how well a decoding reads. Byte-order marks, UTF-8 and the scripts of East Asia are
recognised in `encodings.py`.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alignment_pipeline.matching.names import wordlists

_WESTERN = ("de", "fr", "es", "pt", "it", "nl", "da", "sv", "nb", "fi", "is", "ca")
_CENTRAL = ("pl", "cs", "sk", "hu", "ro", "hr", "sl", "sq", "de")
_GREEK = ("el",)
_CYRILLIC = ("ru", "uk", "bg", "sr")
# Windows' (Excel's own) first, then the Mac's, then those of older Unix systems; languages as in data/letter_pairs.txt
LANGUAGES: dict[str, tuple[str, ...]] = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1251": _CYRILLIC,
    "cp1253": _GREEK,
    "cp1254": ("tr",),
    "cp1255": ("he",),
    "cp1256": ("ar", "fa"),
    "cp1257": ("lt", "lv", "et"),
    "cp874": ("th",),
    "mac_roman": _WESTERN,
    "mac_latin2": _CENTRAL,
    "mac_cyrillic": _CYRILLIC,
    "mac_greek": _GREEK,
    "mac_turkish": ("tr",),
    "iso8859_2": _CENTRAL,
    "koi8_r": _CYRILLIC,
}
# What a pair of letters is worth that the language has letters for but was not seen to use: of a language in Latin letters only the few
# pairs with an accent are listed, of another script nearly all that occur.
UNSEEN, UNSEEN_SCRIPT = 0.6, 0.2
# A text whose words are worth less on average is no text of this page.
READABLE = 0.4
# How much of a word's score is what the one best language makes of the whole text.
ONE_LANGUAGE = 0.3
# How much better than any other reading, over the words that the two read differently: on average, and added up.
CLEAR, CLEAR_IN_ALL = 0.1, 0.3
USUAL, CLEAR_OF_RARE = "cp1252", 0.04
# One word in so many of a text may be a foreign name.
FOREIGN = 20
# Of a page that is not Windows' own every word counts so much less: such files are rare.
RARE_PAGE = 0.05
# Signs that stand at a word's edge in any language and say nothing; inside a word only the Catalan dot and the apostrophe of d'Or.
_EDGES = "\u2018\u2019\u201a\u201c\u201d\u201e\u2013\u2014\u2026\u2022\u00ab\u00bb\u00a9\u00ae\u2122\u00a0\ufeff"
_INSIDE = re.compile("\u00b7|(?<=^.)\u2019|(?<=^..)\u2019|\u2019(?=[st]$)")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
# Words beyond ASCII that are looked at: enough for any file.
MOST_WORDS = 2_000


@dataclass(frozen=True)
class Reading:
    """A code page under which the words read best, and whether no other page reads them nearly as well; `rival` is the nearest."""

    page: str
    is_clear: bool
    score: float
    rival: str = ""


def reading(data: bytes) -> Reading | None:
    """The page of bytes that are neither ASCII nor UTF-8; None when no page reads them at all."""
    words = list(itertools.islice(dict.fromkeys(_WORD.findall(data)), MOST_WORDS))
    scores = {page: fit for page in LANGUAGES if (fit := _scores(words, page)) is not None}
    if not scores:
        return None
    best = max(scores, key=lambda page: sum(score for _, score in scores[page]))
    rivals = [page for page in scores if page != best and not _is_clear(scores[best], scores[page], best, page)]
    mean = sum(score for _, score in scores[best]) / len(words)
    return Reading(best, mean >= READABLE and not rivals, mean, rivals[0] if rivals else "")


def _scores(words: Sequence[bytes], page: str) -> list[tuple[str, float]] | None:
    """Each word as the page reads it, and how well; None when the page has no such letters."""
    try:
        read = [word.decode(page) for word in words]
    except UnicodeDecodeError:
        return None
    by_language = [[_as_word_of(word, language) for word in read] for language in LANGUAGES[page]]
    main = max(by_language, key=sum)
    rare = 0.0 if page.startswith("cp") else RARE_PAGE
    any_language = map(max, zip(*by_language, strict=True))
    mixed = ((1 - ONE_LANGUAGE) * one + ONE_LANGUAGE * other - rare for one, other in zip(any_language, main, strict=True))
    return list(zip(read, mixed, strict=True))


def _least(best: str, other: str) -> tuple[float, float]:
    """How much better the best reading must be than another, on average and added up: little where the other page is the less usual."""
    if LANGUAGES[best] == LANGUAGES[other] in (_CYRILLIC, _GREEK) and best.startswith("cp"):
        return CLEAR_OF_RARE, 0.0
    if best == USUAL:
        return (CLEAR_OF_RARE, 0.0) if other.startswith("cp") else (CLEAR, 0.0)
    return CLEAR, CLEAR_IN_ALL


def _is_clear(best: Sequence[tuple[str, float]], other: Sequence[tuple[str, float]], best_page: str, other_page: str) -> bool:
    """Whether the best reading is clearly better where the other one differs; of many words a few may be foreign to the usual page."""
    more = [mine - theirs for (word, mine), (another, theirs) in zip(best, other, strict=True) if word != another]
    if best_page == USUAL and len(more) * FOREIGN <= len(best):
        return True
    average, in_all = _least(best_page, other_page)
    return not more or (sum(more) >= average * len(more) and sum(more) >= in_all)


@functools.cache
def _letters() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Language -> its letters beyond ASCII, its pairs."""
    rows = [line.split() for line in wordlists.lines("letter_pairs.txt")]
    return {language: (frozenset(letters), frozenset(pairs)) for language, letters, *pairs in rows}


@functools.lru_cache(maxsize=200_000)
def _as_word_of(word: str, language: str) -> float:
    letters, pairs = _letters()[language]
    worth = [_pair_worth(pair, letters, pairs) for pair in _pairs(word)]
    return sum(worth) / len(worth) if worth else 1.0


def _pairs(word: str) -> Iterable[tuple[str, str]]:
    """Neighbours with a letter beyond ASCII among them, with the ends of the word."""
    spelt = f"^{_INSIDE.sub('', word.strip(_EDGES))}$"
    return [(one, other) for one, other in itertools.pairwise(spelt) if not (one + other).isascii()]


def _pair_worth(pair: tuple[str, str], letters: frozenset[str], pairs: frozenset[str]) -> float:
    one, other = (_lower(letter) for letter in pair)
    if any(not letter.isascii() and letter not in letters for letter in (one, other)):
        return 0.0
    if pair[0].islower() and pair[1].isupper():
        return 0.0
    if one.isascii() != other.isascii() and _is_other_script(one, other):
        return 0.0
    if one + other in pairs:
        return 1.0
    return UNSEEN if max(one, other) <= "\u024f" else UNSEEN_SCRIPT


def _lower(letter: str) -> str:
    return "i" if letter == "\u0130" else letter.lower()


def _is_other_script(one: str, other: str) -> bool:
    """Whether a Latin letter touches one of another script, as in no word."""
    beyond, near = (other, one) if one.isascii() else (one, other)
    return near.isalpha() and not ("\u00c0" <= beyond <= "\u024f")
