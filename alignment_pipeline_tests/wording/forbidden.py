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
    "nothing as a number of a commitment": re.compile(r"(?<![\d.,])0 (?:times|by business day|in the whole period)\b"),
    "an asterisk": re.compile(r"\w\*|\*\w"),
    "a pattern": re.compile(r"\bor similar\b|\bnurtur\b|\{\d+\}"),
    "a space before %": re.compile(r"\d %"),
    "nobody counted": re.compile(r"\b0 of \d+ (?:person|people)\b|\b1 of 1 (?:person|people)\b"),
    "a window said twice": re.compile(r"( in \d+ days) and [^.;:]*\1"),
    "a zone said twice": re.compile(r"(\d\d:\d\d [A-Z][\w ]+ time)\b.*\. It was due .* time\."),
    "a part of a unit missing": re.compile(r"\b\d+\.\d+ more \w+"),
    "an article missing": re.compile(r"\b(?:or|:|and) (?:status|disposition) such as\b|: an? (?:MQA|customer)\."),
    "the agreement's own words": re.compile(r"\bpaths? of the agreement\b|\bbasis: |\bthe pace asks\b", re.IGNORECASE),
    "a count with parts": re.compile(r"\d\.\d+ (?:deals?|people|accounts?|by business day|were expected)\b|\(\d+ of them\)"),
    "a state said twice": re.compile(r"\bnot yet: Not\b|\bTier (\d): Tier \1\b|period before\. Surging"),
    "engagement denied beside its points": re.compile(r"\bengagement, nobody engaged yet\b"),
    "a number that is another one tomorrow": re.compile(
        r"(?:Needs?|Next,) [^.]*\d more\b|\b(?:minutes?|points?) of engagement[,:]|\d% on the period before|a little below"
    ),
    "a movement without its day": re.compile(r"\bSurging[.:]|\b(?i:more|less) than in the period before\b"),
    "minutes of what": re.compile(r"(?<!with )(?<![\d.,])\d[\d.,]* (?:minutes?|points?) in \d+ days"),
    "once beside one": re.compile(r"\b1 activity: .* once\b"),
    "nobody, and then somebody": re.compile(r"\b[Nn]obody engaged[^.]*:|\bThe only person engaged\b"),
    "late at the moment when it was due": re.compile(r"Done late, (\w{3} \d+ \w{3}(?: \d{4})?(?:, \d\d:\d\d)?)\b.*It was due \1\."),
    "a large number without its commas": re.compile(r"\b\d{4,} (?:million|billion)\b"),
    "a label as a noun": re.compile(r"\bgets? (?:their|its) first (?!value of)"),
    "jargon": re.compile(r"\btold any more\b|\brung\b|max_age|\breached anew\b|\bthe time before\b"),
    "jargon of plans and runs": re.compile(r"\breached once more\b|\bdesired values\b|\bdescribes and\b"),
    "a doubled word": re.compile(r"\b([A-Za-z]{2,}) \1\b", re.IGNORECASE),
    "a doubled company": re.compile(r"(\([^()]+\)) \1"),
    "an empty place": re.compile(r"\(\s*\)|\{\w*\}|\bNone\b|\bnan\b| ,|\.\.(?!\.)|: \.|  "),
}
# names of people and companies may hold anything, and doubled words are usual in them
_IN_NAMES = ("a doubled word", "an empty place", "a key", "an asterisk")


def problems(text: str, *, has_names: bool = False) -> list[str]:
    """Names of the forbidden patterns that a text holds; with names in it, those that a name can hold are not looked for."""
    return [name for name, pattern in FORBIDDEN.items() if not (has_names and name in _IN_NAMES) and pattern.search(text)]
