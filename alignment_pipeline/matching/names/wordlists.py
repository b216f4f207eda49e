"""The bundled word lists, read once per process.

Belongs here: reading `data/*.txt`. What the words mean is decided by the modules that ask for them.
"""

from __future__ import annotations

import functools
from importlib import resources


def lines(name: str) -> list[str]:
    """The entries of one bundled list, without comments and empty lines."""
    text = resources.files("alignment_pipeline.matching").joinpath("data", name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


@functools.cache
def legal_suffixes() -> frozenset[tuple[str, ...]]:
    """Legal forms as word tuples, stripped from the end of a name."""
    return frozenset(tuple(line.split("|")[0].split()) for line in lines("legal_forms.txt") if not line.startswith("^"))


@functools.cache
def legal_prefixes() -> frozenset[tuple[str, ...]]:
    """Legal forms as word tuples, stripped from the start of a name."""
    return frozenset(tuple(line[1:].split("|")[0].split()) for line in lines("legal_forms.txt") if line.startswith("^"))


@functools.cache
def longest_suffix() -> dict[str, int]:
    """Last word of a legal form -> the most words such a form has: most names end in none of them."""
    longest: dict[str, int] = {}
    for form in legal_suffixes():
        longest[form[-1]] = max(longest.get(form[-1], 0), len(form))
    return longest


@functools.cache
def longest_prefix() -> dict[str, int]:
    """First word of a legal form before the name -> the most words such a form has."""
    longest: dict[str, int] = {}
    for form in legal_prefixes():
        longest[form[0]] = max(longest.get(form[0], 0), len(form))
    return longest


@functools.cache
def raw_legal_forms() -> tuple[str, ...]:
    """Legal forms in other scripts, longest first."""
    return tuple(sorted(lines("legal_forms_raw.txt"), key=lambda form: (-len(form), form)))


@functools.cache
def raw_descriptors() -> tuple[str, ...]:
    """Descriptors and places in other scripts, longest first."""
    return tuple(sorted(set(lines("descriptors_raw.txt")), key=lambda word: (-len(word), word)))


@functools.cache
def roles() -> dict[str, frozenset[str]]:
    """Words by role: d descriptor, f field of business, u unit, s stop word."""
    words_of: dict[str, set[str]] = {"d": set(), "f": set(), "u": set(), "s": set()}
    for line in lines("word_roles.txt"):
        role, *rest = line.split()
        words_of[role].update(rest)
    return {role: frozenset(members) for role, members in words_of.items()}


@functools.cache
def word_forms() -> dict[str, str]:
    """Abbreviation, plural or translation -> the form that is compared."""
    return {other: line.split()[0] for line in lines("word_forms.txt") for other in line.split()[1:]}


@functools.cache
def freemail() -> frozenset[str]:
    return frozenset(lines("freemail.txt"))


@functools.cache
def shared_domains() -> frozenset[str]:
    return frozenset(lines("shared_domains.txt"))


@functools.cache
def shared_hosts() -> tuple[frozenset[str], frozenset[str]]:
    """Hosts below which companies have names of their own, and hosts on which they have paths of their own ("host/" in the list)."""
    entries = lines("shared_hosts.txt")
    below = frozenset(line for line in entries if not line.endswith("/"))
    return below, frozenset(line.rstrip("/") for line in entries if line.endswith("/"))


@functools.cache
def junk_phrases() -> frozenset[str]:
    return frozenset(line for line in lines("junk.txt") if not line.startswith("w "))


@functools.cache
def junk_words() -> frozenset[str]:
    return frozenset(word for line in lines("junk.txt") if line.startswith("w ") for word in line.split()[1:])


@functools.cache
def no_employer_words() -> frozenset[str]:
    return frozenset(word for line in lines("no_employer.txt") for word in line.split())


_LAST = ("s", "d", "g", "y")
_ENDINGS = (("ies", "y"), ("es", ""), ("es", "e"), ("s", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("ly", ""))


@functools.cache
def _ordinary() -> frozenset[str]:
    return frozenset(word for line in lines("ordinary_words.txt") for word in line.split())


def is_ordinary(word: str) -> bool:
    """Whether a folded word is ordinary English, base form or inflected: "weave", "stitched", but not a coined name."""
    known = _ordinary()
    return word in known or (
        word.endswith(_LAST)
        and any(word.endswith(end) and len(word) - len(end) >= 3 and word[: len(word) - len(end)] + base in known for end, base in _ENDINGS)
    )


@functools.cache
def alias_groups() -> tuple[tuple[str, ...], ...]:
    """Names by which the same well-known company goes; "=" marks a former or trading name, all members are equal here."""
    return tuple(tuple(part.strip() for part in line.split("=") if part.strip()) for line in lines("aliases.txt"))
