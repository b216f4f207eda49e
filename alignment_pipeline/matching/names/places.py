"""Places: countries in their usual spellings, and place words inside names.

Belongs here: ISO codes from what people type. Distances and regions do not; the agreement's territories live with routing.
"""

from __future__ import annotations

import functools

from alignment_pipeline.matching.names import wordlists
from alignment_pipeline.matching.names.text import fold


@functools.cache
def _countries() -> dict[str, str]:
    table: dict[str, str] = {}
    for line in wordlists.lines("countries.txt"):
        code, alpha3, *names = line.split("|")
        for name in (code.lower(), alpha3.lower(), *names):
            if name:
                table.setdefault(name, code)
    return table


@functools.lru_cache(maxsize=100_000)
def country_code(value: str) -> str:
    """ISO 3166 alpha-2 for a country as typed ("Deutschland", "USA", "de"); "" when unknown."""
    return _countries().get(fold(value), "") if value else ""


@functools.cache
def last_words() -> frozenset[str]:
    """The words that names of countries end with."""
    return frozenset(name.rsplit(" ", 1)[-1] for name in _countries())


@functools.cache
def place_words() -> frozenset[str]:
    """Single words that name a country, a region or a big city."""
    countries = {name for name in _countries() if " " not in name and len(name) > 2}
    return frozenset(countries | set(" ".join(wordlists.lines("places.txt")).split()))


@functools.lru_cache(maxsize=100_000)
def city_key(value: str) -> str:
    return fold(value).replace("saint ", "st ") if value else ""


@functools.lru_cache(maxsize=100_000)
def is_place(text: str) -> bool:
    """Whether a folded text names nothing but places ("united kingdom", "shanghai china", "usa")."""
    if not text:
        return False
    if text in _countries() or all(word in place_words() for word in text.split()):
        return True
    head, _, tail = text.rpartition(" ")
    return bool(head) and tail in _countries() and len(tail) > 2 and len(head.split()) <= 2
