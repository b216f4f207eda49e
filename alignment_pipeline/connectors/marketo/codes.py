"""Error codes of refused records, by what they mean for the record.

Belongs here: the codes that a person can look up. Codes of whole requests: `verdicts.py`.
"""

from __future__ import annotations

#: wrong type, missing parameter, invalid value
VALUE = frozenset({"1001", "1002", "1003"})
#: exists already, several records match the lookup
DUPLICATE = frozenset({"1005", "1007"})
#: a company field, which is written through the company
COMPANY_FIELD = frozenset({"1021"})
#: the lead does not exist, or is being written by another call
GONE = frozenset({"1004", "1013"})

KNOWN = VALUE | DUPLICATE | COMPANY_FIELD
"""Refusals with any other code count for the circuit breaker as unknown (GONE is settled before that)."""
