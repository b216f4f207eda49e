"""Blocking keys: what an account and a lead must share to be compared at all.

Belongs here: the strings under which both sides are filed. Two records that share no key are never compared.
Postings live in `index.py`.

Kinds: d domain, h host below it ("zurich.ibm.com"), n name, domain label or first words joined (compact), t rare word, w pair of words,
a acronym, g alias group, y compact with one letter left out.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable

from alignment_pipeline.matching.names import names, wordlists
from alignment_pipeline.matching.names.alias_table import AliasTable
from alignment_pipeline.matching.names.rarity import RarityTable

SHORTEST_TYPO = 4
LONGEST_TYPO = 24
SHORTEST_LABEL = 3


def name_keys(
    forms: Iterable[names.Form], rarity: RarityTable, common: int, aliases: AliasTable, cache: dict[str, float]
) -> dict[str, None]:
    """The keys of a name's forms, exact kinds first: the same function on both sides."""
    stops = wordlists.roles()["s"]
    keys: dict[str, None] = {}
    for form in forms:
        keys["n:" + form.compact] = None
        for group in aliases.groups(form.compact):
            keys[f"g:{group}"] = None
        joined = ""
        for position, word in enumerate(form.core[:4]):
            joined += word
            if position and word not in stops and len(joined) > 3:
                keys["n:" + names.compact(joined)] = None
        strong = [word for word in form.core if word not in stops]
        for word in strong:
            frequency = cache.get(word)
            if frequency is None:
                frequency = cache[word] = rarity.frequency(word)
            if frequency <= common and len(word) > 1:
                keys["t:" + word] = None
                if len(word) > 3 and word == form.core[0]:
                    keys["n:" + names.compact(word)] = None
        for first, second in itertools.pairwise(strong):
            keys[f"w:{first} {second}"] = None
    return keys


def typo_hashes(forms: Iterable[names.Form]) -> set[int]:
    """32-bit hashes of what names with one wrong, missing, extra or swapped letter have in common: the compact name and a long first
    word, whole and with each letter left out once. A collision only adds a candidate."""
    hashes: set[int] = set()
    for form in forms:
        first = form.core[0]
        _leave_out(form.compact, hashes)
        if len(first) >= 6 and first != form.compact:
            _leave_out(first, hashes)
    return hashes


def _leave_out(text: str, hashes: set[int]) -> None:
    if SHORTEST_TYPO <= len(text) <= LONGEST_TYPO:
        letters = text.encode()
        hashes.add(zlib.crc32(letters))
        hashes.update([zlib.crc32(letters[:at] + letters[at + 1 :]) for at in range(len(letters))])
