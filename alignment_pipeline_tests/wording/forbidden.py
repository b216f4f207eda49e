"""What no sentence for people may hold: ids, UTC, internal keys and states, nothing said as a number, doubled words, empty places."""

from __future__ import annotations

import re

FORBIDDEN = {
    "a Salesforce id": re.compile(r"\b(?=[a-zA-Z0-9]*\d)(001|003|005|006|00G|00Q|00T)[a-zA-Z0-9]{12}(?:[a-zA-Z0-9]{3})?\b"),
    "UTC": re.compile(r"\bUTC\b"),
    "an ISO time": re.compile(r"\b\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d)?"),
    "a key": re.compile(r"\b[a-z]+_[a-z_]+\b"),
    "an internal state": re.compile(r"feed is read|synced past|[Ss]topped by|[Ss]tarted by|stage entered \("),
    "nothing as a number": re.compile(r"(?<![\d.,])0 ?%|\b0 (?:minutes?|points?|activities)\b|\bx1\b|\b1 times\b"),
    "an asterisk": re.compile(r"\w\*|\*\w"),
    "a pattern": re.compile(r"\bor similar\b|\bnurtur\b|\{\d+\}"),
    "a space before %": re.compile(r"\d %"),
    "nobody counted": re.compile(r"\b0 of \d+ (?:person|people)\b|\b1 of 1 (?:person|people)\b"),
    "a window said twice": re.compile(r"( in \d+ days) and [^.;:]*\1"),
    "a zone said twice": re.compile(r"(\d\d:\d\d [A-Z][\w ]+ time)\b.*\. It was due .* time\."),
    "jargon": re.compile(r"\btold any more\b|\brung\b|max_age|\breached anew\b|\bthe time before\b"),
    "a doubled word": re.compile(r"\b([A-Za-z]{2,}) \1\b", re.IGNORECASE),
    "a doubled company": re.compile(r"(\([^()]+\)) \1"),
    "an empty place": re.compile(r"\(\s*\)|\{\w*\}|\bNone\b|\bnan\b| ,|\.\.(?!\.)|: \.|  "),
}
# names of people and companies may hold anything, and doubled words are usual in them
_IN_NAMES = ("a doubled word", "an empty place", "a key", "an asterisk")


def problems(text: str, *, has_names: bool = False) -> list[str]:
    """Names of the forbidden patterns that a text holds; with names in it, those that a name can hold are not looked for."""
    return [name for name, pattern in FORBIDDEN.items() if not (has_names and name in _IN_NAMES) and pattern.search(text)]
