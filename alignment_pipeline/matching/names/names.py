"""Company names: what is the name, what is its legal form, what else might it be called.

Belongs here: turning one company field into forms that can be compared (whole, core, parts). A field that names no company:
`junk.py`. How rare a word is lives in `rarity.py`; how two names compare in `evidence/comparison.py`.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from alignment_pipeline.matching.names import places, wordlists
from alignment_pipeline.matching.names.text import decoded, words

WHOLE = 0
PART = 1
VARIANT = 2
ALIAS = 3
PLACED = 4

_SEPARATORS = re.compile(
    r"\s*[;|()\[\]{}<>\uff08\uff09\u3010\u3011\u3001,:]\s*|(?<=\w\w)\s*/\s*(?=\w\w)|\s+[-\u2013\u2014~\u00b7\u2022]+\s*|\s*[\u2013\u2014]\s+|\s+@\s*"
)
_SAYS_SO = re.compile(
    r"\b(?:formerly(?: known as)?|previously|also known as|aka|a\.k\.a\.?|dba|d/b/a|trading as|t/a|now|"
    r"acquired by|part of|owned by|powered by|"
    r"subsidiary of|"
    r"division of|an?(?= [a-z0-9]+ company)|on behalf of|contract(?:or|ing)? (?:at|for|to)|working (?:at|for)|works at|"
    r"currently at| at | by )\b|(?<=[^\s])@",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"^[@#]+|^https?://(?:www\.)?|^www\.", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BRACKETS = re.compile(r"[(\[\uff08]([^()\[\]\uff08\uff09]*)[)\]\uff09]")
_WRITTEN_DOMAIN = re.compile(
    r"\b([a-z0-9-]{2,})\.(?:com|io|ai|net|org|co|tv|me|app|dev|cloud|de|cn|jp|fr|nl|uk|ru|in|eu|tech|us|it|es|ch|se|xyz)\b", re.IGNORECASE
)
_DIGITS = {"1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine"}
_DOMAIN_LIKE = re.compile(r"^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}$", re.IGNORECASE)
MAX_PARTS = 5


@dataclass(frozen=True, slots=True)
class Form:
    """One way to read a company field: `core` is its words without legal form, `whole` with it, `compact` the core without blanks."""

    kind: int
    whole: str
    core: tuple[str, ...]
    compact: str

    @property
    def text(self) -> str:
        return " ".join(self.core)


def strip_legal(parts: list[str]) -> list[str]:
    """The words without legal forms at either end; a name that is nothing but legal form keeps its words."""
    suffixes, prefixes = wordlists.legal_suffixes(), wordlists.legal_prefixes()
    last, first = wordlists.longest_suffix(), wordlists.longest_prefix()
    rest = parts
    if len(rest) > 1 and rest[0] == "the":
        rest = rest[1:]
    changed = True
    while changed and len(rest) > 1:
        changed = False
        for size in range(min(last.get(rest[-1], 0), 7, len(rest) - 1), 0, -1):
            if tuple(rest[-size:]) in suffixes:
                rest, changed = rest[:-size], True
                break
    for size in range(min(first.get(rest[0], 0), 4, len(rest) - 1), 0, -1) if rest else ():
        if tuple(rest[:size]) in prefixes:
            rest = rest[size:]
            break
    while len(rest) > 1 and rest[-1] in ("and", "of", "the"):
        rest = rest[:-1]
    return rest


def _form(text: str, kind: int) -> Form | None:
    for legal in wordlists.raw_legal_forms() if not text.isascii() else ():
        if legal in text and text.strip() != legal:
            text = text.replace(legal, " ")
    whole = words(text)
    if not whole:
        return None
    unplaced = _without_places(text)
    core = strip_legal((whole if unplaced == text else words(unplaced)) or whole)
    same = wordlists.word_forms()
    compared = tuple([same.get(word, word) for word in core])
    return Form(kind, " ".join(whole), compared, compact("".join(compared)))


def _without_places(text: str) -> str:
    """The text without bracketed places: "IBM (United Kingdom)" is IBM, "Springer Nature (Shanghai, China)" is Springer Nature."""
    if "(" not in text and "[" not in text and "\uff08" not in text:
        return text
    return _BRACKETS.sub(lambda hit: " " if places.is_place(" ".join(words(hit.group(1)))) else hit.group(), text)


def names_a_place(company: str) -> bool:
    """Whether a name carries a bracketed place, as local subsidiaries in registers do."""
    return _without_places(company) != company


def compact(joined: str) -> str:
    """The key under which spelling variants meet: a leading digit is spelt out ("4loops" and "Four Loops")."""
    if joined and joined[0] in _DIGITS and len(joined) > 2 and not joined[1].isdigit():
        return _DIGITS[joined[0]] + joined[1:]
    return joined


@functools.lru_cache(maxsize=200_000)
def forms(company: str) -> tuple[Form, ...]:
    """The readings of a company field, the whole field first, then its parts ("Nebula, Inc. ; CFO Tools" gives three)."""
    raw = _HANDLE.sub("", decoded(company).strip())
    readings: dict[tuple[str, ...], Form] = {}
    whole = _form(raw, WHOLE)
    if whole is None:
        return ()
    readings[whole.core] = whole
    for piece in _parts(raw):
        form = _form(piece, PART)
        if form is not None and form.core not in readings and _is_telling(form):
            readings[form.core] = form
        if len(readings) > MAX_PARTS:
            break
    for variant in _variants(raw, whole):
        form = _form(variant, VARIANT)
        if form is not None and form.core not in readings and form.compact and len(set(form.core)) == len(form.core):
            readings[form.core] = form
    placeless = _without_country(whole)
    if placeless is not None and placeless.core not in readings:
        readings[placeless.core] = placeless
    return tuple(readings.values())


def _without_country(form: Form) -> Form | None:
    """The name without the country at its end, which names a branch; "University of Zambia" keeps its country."""
    if form.core[-1] not in places.last_words():
        return None
    for size in (3, 2, 1):
        if len(form.core) > size and places.country_code(" ".join(form.core[-size:])) and len("".join(form.core[-size:])) > 2:
            if form.core[-size - 1] in wordlists.roles()["s"]:
                return None
            rest = tuple(strip_legal(list(form.core[:-size])))
            left = Form(PLACED, " ".join(rest), rest, compact("".join(rest)))
            return left if _is_telling(left) and len(left.compact) >= 3 else None
    return None


def _parts(raw: str) -> list[str]:
    pieces: list[str] = []
    if not raw.isascii():
        bare = raw
        for word in (*wordlists.raw_legal_forms(), *wordlists.raw_descriptors()):
            bare = bare.replace(word, " ") if word in bare else bare
        if bare != raw:
            pieces += bare.split()
    if _SEPARATORS.search(raw):
        pieces += [piece for piece in _SEPARATORS.split(raw) if piece]
    if _SAYS_SO.search(raw):
        pieces += [piece for piece in _SAYS_SO.split(raw) if piece and piece.strip()]
    return [piece.strip() for piece in pieces]


def _variants(raw: str, whole: Form) -> list[str]:
    """Other ways to write the whole field: CamelCase taken apart, a written domain without its ending."""
    variants: list[str] = []
    if len(whole.core) <= 3 and _CAMEL.search(raw):
        split = _CAMEL.sub(" ", raw)
        if min(map(len, words(split)), default=0) > 1:
            variants.append(split)
    if "." in raw and _WRITTEN_DOMAIN.search(raw):
        variants.append(_WRITTEN_DOMAIN.sub(lambda hit: hit.group(1), _BRACKETS.sub(" ", raw)))
    return variants


def _is_telling(form: Form) -> bool:
    """A part must name something by itself: not one letter, not only descriptors, places or legal forms."""
    if len(form.compact) < 2 or tuple(form.core) in wordlists.legal_suffixes() or places.is_place(form.text) or places.is_place(form.whole):
        return False
    roles = wordlists.roles()
    return any(
        word not in roles["d"]
        and word not in roles["f"]
        and word not in roles["u"]
        and word not in roles["s"]
        and word not in places.place_words()
        and len(word) > 1
        for word in form.core
    )


def bare(form: Form) -> str:
    """The words that name the company, without what kind of firm it is and where: "Saint-Gobain Recherche (France)" gives saintgobain."""
    roles = wordlists.roles()
    kept = [
        word
        for word in form.core
        if word not in roles["d"] and word not in roles["u"] and word not in roles["s"] and word not in places.place_words()
    ]
    return compact("".join(kept)) if kept else form.compact


_NUMBER_WORDS = {
    word: number
    for number, words_ in enumerate(
        (
            "one first i",
            "two second ii",
            "three third iii",
            "four fourth iv",
            "five fifth v",
            "six sixth vi",
            "seven seventh vii",
            "eight eighth viii",
            "nine ninth ix",
            "ten tenth x",
            "eleven eleventh xi",
            "twelve twelfth xii",
            "thirteen thirteenth xiii",
            "fourteen fourteenth xiv",
            "fifteen fifteenth xv",
            "sixteen sixteenth xvi",
            "seventeen seventeenth xvii",
            "eighteen eighteenth xviii",
            "nineteen nineteenth xix",
            "twenty twentieth xx",
        ),
        start=1,
    )
    for word in words_.split()
}
_DIGIT_RUN = re.compile(r"\d+")


def numbers(form: Form) -> tuple[int, ...]:
    """The numbers in a name, in order: arabic, roman, ordinal, in words ("Fund III", "3rd Fund" and "Third Fund" have 3)."""
    values: list[int] = []
    for word in form.core:
        if word in _NUMBER_WORDS:
            values.append(_NUMBER_WORDS[word])
        elif not word.isalpha():
            values += [int(digits) for digits in _DIGIT_RUN.findall(word)]
    return tuple(values)


def without_stop_words(form: Form) -> str:
    """The compact name without "of", "at", "and" and the like, for two spellings of one whole name."""
    stops = wordlists.roles()["s"]
    return "".join(word for word in form.core if word not in stops)


def acronyms(form: Form) -> tuple[str, ...]:
    """Initials of a name of three words and more as it is written (not of translated words), with and without stop words."""
    if form.whole.count(" ") < 2:
        return ()
    spelt = strip_legal(form.whole.split())
    if len(spelt) < 3:
        return ()
    stops = wordlists.roles()["s"]
    strong = [word for word in spelt if word not in stops]
    initials = dict.fromkeys(["".join(word[0] for word in strong), "".join(word[0] for word in spelt)])
    return tuple(key for key in initials if len(key) >= 3)


def domain_like(company: str) -> str:
    """The company field itself when it is written as a domain ("DMM.com"), lower case; else ""."""
    if "." not in company:
        return ""
    text = _HANDLE.sub("", company.strip()).lower()
    return text if _DOMAIN_LIKE.match(text) else ""
