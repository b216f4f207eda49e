"""Salesforce's record ids: 15 characters that differ by case, or 18 with a check of the case.

Belongs here: one form for both, and finding the record that an id means. In tables: `staging/values.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SHORT = 15
_ID = re.compile(r"[0-9][A-Za-z0-9]{14}(?:[A-Z0-5]{3})?")
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def long_form(text: str) -> str:
    """The 18 characters of a 15-character Salesforce id; any other text as it is."""
    if len(text) != SHORT or not _ID.fullmatch(text):
        return text
    blocks = (text[at : at + 5] for at in range(0, SHORT, 5))
    return text + "".join(_CHECKS[sum(letter.isupper() << place for place, letter in enumerate(block))] for block in blocks)


class KnownIds:
    """The ids that records bear, found by either form."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = set(ids)
        self._by_short = {one[:SHORT]: one for one in self._ids if _ID.fullmatch(one)}

    def meant(self, text: str) -> str | None:
        """The known id that a text means, whichever form either has; None when there is none."""
        if text in self._ids:
            return text
        return self._by_short.get(text[:SHORT]) if _ID.fullmatch(text) else None
