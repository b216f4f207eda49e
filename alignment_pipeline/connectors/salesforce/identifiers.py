"""Salesforce ids and API names.

Belongs here: their form. Which names exist is said by `describe.py`.
"""

from __future__ import annotations

import re

from alignment_pipeline.errors import Permanent, Retryable

_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def is_id(text: object) -> bool:
    """True for 15 or 18 letters and digits."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def id18(text: str) -> str:
    """The 18-character form of an id; 18 characters stay as the server gave them. ValueError when it is not an id."""
    if not is_id(text):
        raise ValueError(f"{text!r} is not a Salesforce id (15 or 18 letters and digits)")
    return text if len(text) == 18 else text + _suffix(text)


def given_id(value: object, what: str) -> str:
    """An id that the server gave, in its 18-character form. Retryable when it is none: it would be put into a path or a query."""
    if not isinstance(value, str) or not is_id(value):
        raise Retryable(f"{what}: the answer holds no id where one belongs; it was not used")
    return id18(value)


def _suffix(core: str) -> str:
    """Three characters that say which of the 15 are capitals, a bit for each."""
    blocks = (core[first : first + 5] for first in (0, 5, 10))
    return "".join(_ALPHABET[sum(1 << place for place, letter in enumerate(block) if "A" <= letter <= "Z")] for block in blocks)


def api_name(text: str) -> str:
    """The name itself when it has the form of an API name; Permanent otherwise, since it would be put into a query or a path."""
    if not _NAME.fullmatch(text):
        raise Permanent(f"{text[:80]!r} is no Salesforce API name; check the field map")
    return text
