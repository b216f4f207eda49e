"""Puts values into the catalogue's forms, and keeps to what a Salesforce text field holds.

Belongs here: filling, listing, counting and cutting. The texts: `catalogue.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from alignment_pipeline.wording.catalogue import EVENTS, FORMS

LIMIT = 255
"""Characters of a text field, in UTF-16 units as Salesforce counts them: a letter outside the basic plane counts twice."""
_NO_COMPANY = frozenset({"n/a", "na", "none", "unknown", "private", "-", ".", "x"})
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def say(key: str, **values: object) -> str:
    """The form with its values. Raises KeyError for an unknown form or a value that is not given."""
    return _PLACEHOLDER.sub(lambda slot: str(values[slot[1]]), FORMS[key].text)


def pieces(key: str) -> list[tuple[str, str | None]]:
    """The form as (text before, placeholder) pairs, the last with None: for engines that put texts together themselves."""
    text, at = FORMS[key].text, 0
    parts: list[tuple[str, str | None]] = []
    for match in _PLACEHOLDER.finditer(text):
        parts.append((text[at : match.start()], match[1]))
        at = match.end()
    return [*parts, (text[at:], None)]


def opening(key: str) -> str:
    """The form's text before its first value."""
    return pieces(key)[0][0]


def length(text: str) -> int:
    """Characters as Salesforce counts them."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fit(text: str, limit: int = LIMIT) -> str:
    """The text, cut at a word with an ellipsis when it is too long for the field."""
    if length(text) <= limit:
        return text
    cut = text
    while length(cut) > limit - 1:
        cut = cut[: len(cut) - max(1, (length(cut) - limit + 2) // 2)]
    at = cut.rfind(" ")
    return cut[: at if at > limit // 2 else len(cut)].rstrip(" ,;:(") + "\u2026"


def joined(*sentences: str, limit: int = LIMIT) -> str:
    """Sentences one after the other; those that no longer fit are left out whole."""
    text = ""
    for sentence in sentences:
        longer = f"{text} {sentence}".strip() if sentence else text
        if text and length(longer) > limit:
            break
        text = longer
    return fit(text, limit)


def ways(alternatives: Sequence[str], *, room: int) -> str:
    """Alternatives as `a; or b; or 3 other ways`: as many as fit into `room` characters, at least one."""
    for shown in range(len(alternatives), 0, -1):
        text, rest = "; or ".join(alternatives[:shown]), len(alternatives) - shown
        if rest:
            text = f"{text}; or another way" if rest == 1 else say("ways.more", ways=text, number=rest)
        if shown == 1 or length(text) <= room:
            return text
    return ""


def listed(parts: Iterable[str], last: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    words = [part for part in parts if part]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" {last} " + words[-1] if words else ""


def plural(count: int, one: str, many: str) -> str:
    """`1 person`, `2 people`."""
    return f"{count:,} {one if count == 1 else many}"


_ACRONYMS = {"cmo": "CMO", "ceo": "CEO", "cro": "CRO", "sdr": "SDR", "bdr": "BDR", "vp": "VP", "mql": "MQL", "mqa": "MQA"}


def named(key: str) -> str:
    """A name that the agreement gives, in words: `rep_and_manager` is `rep and manager`, `cmo` is `CMO`."""
    return " ".join(_ACRONYMS.get(word, word) for word in key.split("_"))


def once(name: str, company: str) -> str:
    """`Ann Lee (Acme)`; a name that says the company already, or is all there is, stands alone."""
    name, company = name.strip(), company.strip()
    company = "" if company.casefold() in _NO_COMPANY else company
    if not name or not company:
        return name or company
    return name if company.casefold() in name.casefold() else f"{name} ({company})"


def wanted(events: Sequence[tuple[str, int]]) -> str:
    """What is asked for: (kind of event, how many of them it takes)."""
    return listed(list(dict.fromkeys(EVENTS[kind][0] + (f" ({count} times)" if count > 1 else "") for kind, count in events)))
