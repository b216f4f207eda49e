"""Salesforce record ids: 15 case-sensitive characters and the 3 that make them safe where case is lost.

Belongs here: minting ids by prefix and the check suffix. Which record gets which id is decided by the module that owns the noun.
"""

from __future__ import annotations

from functools import lru_cache

PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "Lead": "00Q",
    "Opportunity": "006",
    "Task": "00T",
    "Event": "00U",
    "User": "005",
    "Group": "00G",
    "GroupMember": "011",
    "Campaign": "701",
    "CampaignMember": "00v",
    "OpportunityContactRole": "00K",
    "OpportunityHistory": "008",
    "OpportunityStage": "01J",
    "LeadHistory": "017",
    "ContactHistory": "017",
    "OpportunityFieldHistory": "017",
    "BusinessHours": "01m",
    "Holiday": "0C0",
    "Organization": "00D",
    "QueueSobject": "03g",
    "LeadStatus": "01Q",
    "TaskStatus": "01T",
    "CurrencyType": "01L",
    "DatedConversionRate": "04w",
}
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_POD = "Qy0"


@lru_cache(maxsize=200_000)
def _check(block: str) -> str:
    return _SUFFIX[sum(1 << place for place, character in enumerate(block) if "A" <= character <= "Z")]


def with_suffix(id15: str) -> str:
    """The 18-character form of a 15-character id: one check character for each block of five."""
    return id15 + _check(id15[:5]) + _check(id15[5:10]) + _check(id15[10:])


def _base62(number: int) -> str:
    digits = []
    while number:
        number, rest = divmod(number, 62)
        digits.append(_DIGITS[rest])
    return "".join(reversed(digits)).rjust(9, "0")


class Mint:
    """Gives out 18-character ids, per object in rising order; one mint serves a whole organisation."""

    def __init__(self) -> None:
        # History objects share one prefix, so the counter belongs to the prefix, not to the object.
        self._last = dict.fromkeys(PREFIXES.values(), 62**6)

    def id(self, object_: str) -> str:
        """The next id of an object."""
        prefix = PREFIXES[object_]
        self._last[prefix] += 7
        return with_suffix(f"{prefix}{_POD}{_base62(self._last[prefix])}")
