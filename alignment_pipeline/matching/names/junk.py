"""Company fields that name no company: "n/a", "self-employed", "student".

Belongs here: saying that nothing can be compared. What a name is made of: `names.py`; the words: `wordlists.py`.
"""

from __future__ import annotations

import functools

from rapidfuzz import fuzz, process

from alignment_pipeline.matching.names import wordlists
from alignment_pipeline.matching.names.text import ascii_text, words

_NO_COMPANY_STARTS = frozenset(
    {
        "freelance",
        "freelancer",
        "freelancing",
        "selfemployed",
        "self employed",
        "self employment",
        "unemployed",
        "independent consultant",
        "independent contractor",
        "independent developer",
        "independent researcher",
        "independent software",
        "freiberuflicher",
    }
)
_LONG_JUNK = (
    "independent",
    "selfemployed",
    "freelancer",
    "freelance",
    "unemployed",
    "unaffiliated",
    "individual",
    "notapplicable",
    "independentconsultant",
    "independentdeveloper",
    "independentcontractor",
)
_NEARLY = 82.0


@functools.lru_cache(maxsize=200_000)
def is_junk(company: str) -> bool:
    """Whether a company field names no company ("n/a", "self-employed", "student", "imdependent")."""
    parts = words(company)
    if not parts:
        return True
    text = " ".join(parts)
    joined = "".join(parts)
    if text in wordlists.junk_phrases() or joined in wordlists.junk_phrases():
        return True
    if all(word in wordlists.junk_words() for word in parts):
        return True
    if parts[0] in _NO_COMPANY_STARTS or " ".join(parts[:2]) in _NO_COMPANY_STARTS:
        return True
    return len(joined) == 1 and ascii_text(company).strip() == joined and not company.strip().isupper()


def says_no_employer(company: str) -> bool:
    """Whether a field says that the person works for no company ("freelance", "student"); "n/a" says nothing."""
    parts = words(company)
    return is_junk(company) and not wordlists.no_employer_words().isdisjoint([*parts, "".join(parts)])


@functools.lru_cache(maxsize=200_000)
def is_nearly_junk(company: str) -> bool:
    """Whether a field is a misspelt "independent", only digits, or one letter again and again.

    The caller first makes sure that no account has that very name ("84.51", "III").
    """
    joined = "".join(words(company))
    if joined.isdigit() or (len(set(joined)) == 1 and len(joined) > 1):
        return True
    return len(joined) >= 7 and process.extractOne(joined, _LONG_JUNK, scorer=fuzz.ratio, score_cutoff=_NEARLY) is not None
