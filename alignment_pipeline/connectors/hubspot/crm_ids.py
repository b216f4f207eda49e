"""Ids of HubSpot's records in the CRM's tables: the object's prefix and HubSpot's own number, in 18 characters.

Belongs here: the two directions. HubSpot counts each object on its own, so a contact and a company may both be 151; in the tables of the
CRM an id says what it is: contact 151 is `003000000000000151`, its last 13 digits are HubSpot's.
"""

from __future__ import annotations

from hashlib import blake2b

from alignment_pipeline.errors import Permanent

_DIGITS = 13
_PLACES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: Object -> prefix and a letter, since calls, e-mails and tasks share a table.
_KINDS = {
    "contacts": "0030",
    "companies": "0010",
    "deals": "0060",
    "tasks": "00T0",
    "calls": "00TC",
    "emails": "00TE",
    "meetings": "00U0",
    "owners": "0050",
    "queues": "00G0",
}
_BY_KIND = {prefix: kind for kind, prefix in _KINDS.items()}
MOST_PLACES = len(_PLACES)


def crm_id(kind: str, number: str, place: int = 0) -> str:
    """The id in the CRM's tables. `place` tells the rows of one engagement with several people apart. ValueError when it is no number."""
    if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
        raise ValueError(f"{number[:40]!r} is no HubSpot id of at most {_DIGITS} digits")
    return f"{_KINDS[kind]}{_PLACES[place]}{number:0>{_DIGITS}}"


def made_id(prefix: str, *parts: str) -> str:
    """The id of a row that HubSpot gives none, as of a contact's place in a deal: the same parts always give the same."""
    number = int.from_bytes(blake2b(":".join(parts).encode(), digest_size=9).digest())
    digits = []
    for _ in range(15):
        number, place = divmod(number, len(_PLACES))
        digits.append(_PLACES[place])
    return prefix + "".join(digits)


def hubspot_id(crm_id: str) -> str:
    """HubSpot's own id. Permanent when it is none of ours: it would be put into a path or a body."""
    return kind_and_id(crm_id)[1]


def kind_and_id(crm_id: str) -> tuple[str, str]:
    """The object and HubSpot's own id. Permanent when it is none of ours."""
    kind, digits = _BY_KIND.get(crm_id[:4]), crm_id[5:]
    if kind is None or len(digits) != _DIGITS or not (digits.isascii() and digits.isdigit()):
        raise Permanent(f"{crm_id[:40]!r} is no id of a HubSpot record in the CRM's tables")
    return kind, digits.lstrip("0") or "0"
