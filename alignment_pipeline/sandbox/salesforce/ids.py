"""Record ids: 15 case-sensitive characters, or 18 with the case-safe suffix.

Belongs here: the arithmetic of ids. Which prefix an object has is in `standard_objects.txt`.
"""

from __future__ import annotations

import re
import threading

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(r"^[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?$")
_INSTANCE = "Sb"


def suffix(id15: str) -> str:
    """The three characters that make a 15-character id case-safe: one bit for each capital, five to a character."""
    return "".join(
        _ALPHABET[sum(1 << place for place, character in enumerate(id15[start : start + 5]) if "A" <= character <= "Z")]
        for start in (0, 5, 10)
    )


def to18(text: str) -> str | None:
    """The 18-character form of a well-formed id, None when it is malformed.

    An 18-character id in the wrong case is put right from its suffix, as the vendor does.
    """
    if not _FORM.match(text):
        return None
    if len(text) == 15:
        return text + suffix(text)
    if suffix(text[:15]) == text[15:]:
        return text
    tail = text[15:].upper()
    if any(character not in _ALPHABET for character in tail):
        return None
    folded = [character.lower() for character in text[:15]]
    for block, character in enumerate(tail):
        bits = _ALPHABET.index(character)
        for place in range(5):
            if bits >> place & 1:
                folded[block * 5 + place] = folded[block * 5 + place].upper()
    identifier = "".join(folded)
    return identifier + tail if suffix(identifier) == tail else None


class IdMaker:
    """New ids in a sequence for each prefix. Thread safe."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._lock = threading.Lock()

    def new(self, prefix: str) -> str:
        """The next 18-character id of a 3-character prefix."""
        with self._lock:
            number = self._last[prefix] = self._last.get(prefix, 0) + 1
        digits = ""
        while number:
            number, rest = divmod(number, 62)
            digits = _DIGITS[rest] + digits
        id15 = f"{prefix}{_INSTANCE}0{digits.rjust(9, '0')}"
        return id15 + suffix(id15)
