"""Count the pairs of neighbouring letters that tell code pages apart: `python -m alignment_pipeline_tests.benchmarks.count_letter_pairs`.

Writes `matching/data/letter_pairs.txt`. Needs Babel (`pip install babel`), which brings the Unicode CLDR; nothing else does.
"""

from __future__ import annotations

import importlib
import itertools
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[2] / "alignment_pipeline" / "matching" / "data" / "letter_pairs.txt"
HEAD = """# What tells one 8-bit code page from another: a language a line, with its letters beyond ASCII and the pairs of
# neighbouring letters that hold one of them ("^" and "$" are the ends of a word). Pairs are counted over the names of countries,
# languages, currencies and time zones in the Unicode CLDR (Unicode License v3), by
# alignment_pipeline_tests/benchmarks/count_letter_pairs.py.
"""
# Letters beyond ASCII that words of the language itself have; others come with foreign names.
LETTERS = {
    "de": "äöüß",
    "fr": "àâæçèéêëîïôœùûüÿ",
    "es": "áéíñóúü",
    "pt": "àáâãçéêíóôõúü",
    "it": "àèéìíîòóùú",
    "nl": "áéèëïíóöü",
    "da": "æøåé",
    "sv": "åäöé",
    "nb": "æøåéòôó",
    "fi": "äöåšž",
    "is": "áðéíóúýþæö",
    "ca": "àçèéíïòóúü",
    "pl": "ąćęłńóśźż",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "hu": "áéíóöőúüű",
    "ro": "ăâîşţ",
    "hr": "čćđšž",
    "sl": "čšž",
    "sq": "çë",
    "tr": "çğıöşüâîû",
    "lt": "ąčęėįšųūž",
    "lv": "āčēģīķļņšūž",
    "et": "äõöüšž",
    "ru": "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "sr": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "el": "άέήίΰαβγδεζηθικλμνξοπρςστυφχψωϊϋόύώΐ",
    "he": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "ar": "ءآأؤإئابةتثجحخدذرزسشصضطظعغـفقكلمنهوىيًٌٍَُِّْ",
    "fa": "ءآأؤئابتثجحخدذرزسشصضطظعغفقلمنهوپچژکگی",
    "th": "".join(map(chr, range(0x0E01, 0x0E4F))),
}


def texts(language: str) -> Iterator[str]:
    """Names of countries, languages, scripts, currencies, months, days and time zones in a language."""
    locale: Any = importlib.import_module("babel").Locale(language)
    for names in (locale.territories, locale.languages, locale.scripts, locale.currencies, locale.variants):
        yield from (name for name in names.values() if isinstance(name, str))
    for width in ("wide", "abbreviated"):
        for use in ("format", "stand-alone"):
            yield from locale.months[use][width].values()
            yield from locale.days[use][width].values()
    for zone in locale.time_zones.values():
        yield from (name for name in zone.values() if isinstance(name, str))
    for zone in locale.meta_zones.values():
        yield from (name for name in (zone.get("long") or {}).values() if isinstance(name, str))


def pairs(language: str) -> list[str]:
    """The pairs of a language's own letters that its words hold, sorted."""
    own, found = set(LETTERS[language]), set()
    for text in texts(language):
        folded = unicodedata.normalize("NFC", text).lower().replace("\u0219", "\u015f").replace("\u021b", "\u0163")
        for word in re.findall(r"[^\W\d_]+(?:[\u0e00-\u0e7f\u064b-\u0652][^\W\d_]*)*", folded):
            spelt = f"^{word}$"
            found |= {one + other for one, other in itertools.pairwise(spelt) if not (one + other).isascii()}
    return sorted(pair for pair in found if all(letter.isascii() or letter in own for letter in pair))


def main() -> None:
    lines = [f"{language} {letters} {' '.join(pairs(language))}" for language, letters in LETTERS.items()]
    TARGET.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
