"""SOQL text to words.

Belongs here: tokens, escapes, and the shape of MALFORMED_QUERY. Grammar is in `parser.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from alignment_pipeline.sandbox.salesforce.failures import ApiError

_WORD = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<datetime>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))
    |(?P<date>\d{4}-\d{2}-\d{2})
    |(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*(?::\d+)?)
    |(?P<operator>!=|<>|<=|>=|=|<|>|\(|\)|,)
    """,
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}
CLAUSES = frozenset(
    {"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "ALL", "USING", "WITH", "FOR", "AND", "OR", "NULLS", "ASC", "DESC"}
)


@dataclass(frozen=True)
class Word:
    """One token with its place."""

    kind: str
    text: str
    at: int


def malformed(text: str, at: int, message: str) -> ApiError:
    """The refusal with the vendor's caret lines."""
    start = max(0, at - 40)
    piece = text[start : at + 40].replace("\n", " ")
    caret = " " * (at - start) + "^"
    return ApiError(400, "MALFORMED_QUERY", f"\n{piece}\n{caret}\nERROR at Row:1:Column:{at + 1}\n{message}")


def unescape(text: str) -> str:
    """A literal's text without its escapes (`\\_` and `\\%` are kept for LIKE)."""

    def plain(match: re.Match[str]) -> str:
        character = match[1]
        if character.startswith("u"):
            return chr(int(character[1:], 16))
        return match[0] if character in "_%" else _ESCAPES[character]

    return re.sub(r"\\(u[0-9A-Fa-f]{4}|.)", plain, text)


def split(text: str) -> list[Word]:
    """The words of a query. Raises ApiError MALFORMED_QUERY."""
    words: list[Word] = []
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            shown = text[at]
            message = "unexpected token: '<EOF>'" if shown == "'" else f"line 1:{at} no viable alternative at character '{shown}'"
            raise malformed(text, at, message)
        if match.lastgroup != "space":
            words.append(Word(str(match.lastgroup), match[0], at))
        at = match.end()
    return words
