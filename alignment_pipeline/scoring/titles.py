"""Reads seniority and function out of job titles, in any language the agreement has words for.

Belongs here: plain-Python reading of one title. The words are the agreement's (`agreement/personas.py`); people's rows: `person_fits.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from alignment_pipeline.agreement.personas import Personas

# letters that Unicode does not decompose into a base letter and a mark
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_MARKS = re.compile("[\u0300-\u036f]")
_DOTTED = re.compile(r"(?<=\b\w)\.(?=\w\b)")
_OTHER = re.compile(r"[^\w&*]+")
# scripts written without spaces: words are found anywhere in the title
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")


def normalise(text: str) -> str:
    """Lower case, without accents, words separated by one space; 'C.E.O.' becomes 'ceo'. Words and titles pass the same way."""
    folded = _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold())).translate(_LETTERS)
    folded = unicodedata.normalize("NFKC", _DOTTED.sub("", folded)).replace("_", " ")
    # titles come with umlauts, without, and written out (geschäftsführer, geschaftsfuhrer, geschaeftsfuehrer): all read the same
    for written_out, letter in (("ae", "a"), ("oe", "o"), ("ue", "u")):
        folded = folded.replace(written_out, letter)
    return " ".join(_OTHER.sub(" ", folded).split())


@dataclass(frozen=True)
class Reading:
    """What a title says; null where it says nothing."""

    seniority: str | None
    function: str | None


class TitleReader:
    """Reads titles by the agreement's words. Reading is a pure function of the title."""

    def __init__(self, personas: Personas) -> None:
        self._seniorities = [(level.name, _finder(level.words), _finder(level.not_with)) for level in personas.seniorities]
        self._functions = [(function.name, _finder(function.words)) for function in personas.functions]

    def read(self, title: str | None) -> Reading:
        """Seniority (the highest level that holds) and function (the first that holds) of one title."""
        text = normalise(title or "")
        if not text:
            return Reading(None, None)
        seniority = next((name for name, words, stop in self._seniorities if words.search(text) and not stop.search(text)), None)
        function = next((name for name, words in self._functions if words.search(text)), None)
        return Reading(seniority, function)


def _finder(words: Iterable[str]) -> re.Pattern[str]:
    spaced, unspaced = [], []
    for word in words:
        body = normalise(word)
        if body == "*":
            return re.compile("")
        expression = re.escape(body).replace(r"\ ", " ")
        if _UNSPACED.search(body):
            unspaced.append(expression.replace(r"\*", ".*"))
        else:
            spaced.append(expression.replace(r"\*", r"\w*"))
    parts = ([rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)"] if spaced else []) + unspaced
    return re.compile("|".join(parts) if parts else r"(?!)")
