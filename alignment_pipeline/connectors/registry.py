"""All connectors: one entry per system, read by extraction, `alignment doctor`, the write-back and the docs.

Belongs here: the list. A new system is a folder beside this file, whose `connector.py` holds its entry, and a line here
(docs/guides/add-a-connector.md). What rules and the agreement need to know of a system is data in `contracts/systems/`.
"""

from __future__ import annotations

from collections.abc import Mapping

from alignment_pipeline.connectors.connector import Connector
from alignment_pipeline.connectors.hubspot.connector import HUBSPOT
from alignment_pipeline.connectors.marketo.connector import MARKETO
from alignment_pipeline.connectors.salesforce.connector import SALESFORCE

CONNECTORS: Mapping[str, Connector] = {one.system.name: one for one in (SALESFORCE, MARKETO, HUBSPOT)}


def crm_of(environ: Mapping[str, str]) -> Connector:
    """The connector of the CRM: the usual one, or one that stands in for it where only that is configured."""
    usual = next(one for one in CONNECTORS.values() if one.is_required)
    others = [one for one in CONNECTORS.values() if one.fills and one.is_configured(environ)]
    return usual if usual.is_configured(environ) or not others else others[0]


def listened_to(environ: Mapping[str, str]) -> list[Connector]:
    """Connectors of configured systems whose log the fast lane can poll."""
    return [one for one in CONNECTORS.values() if one.listen is not None and one.is_configured(environ)]


KNOWN_CODES: frozenset[str] = frozenset().union(*(one.known_codes for one in CONNECTORS.values()))
"""Codes of refused rows that a person can look up; others count for the write-back's breaker."""
