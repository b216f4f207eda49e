"""Which properties this app may read.

Belongs here: the properties endpoint, and the choice of those we want. A property that does not exist is left out of an answer without
a word, so what is missing must be found here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alignment_pipeline.connectors.hubspot.objects import results
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.contracts.systems.hubspot import CRM_CONTACT, MERGED_INTO
from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.errors import Permanent, Retryable

#: Columns that the reading itself fills.
OWN = frozenset({MERGED_INTO, CRM_CONTACT, "contactIds", "companyIds", "dealIds"})
_KINDS = {"number": "double", "bool": "boolean", "datetime": "datetime"}


@dataclass(frozen=True)
class Selection:
    """The properties to read, with their types in the words of `values.py`."""

    names: tuple[str, ...]
    custom: tuple[str, ...]
    types: Mapping[str, str]
    missing: tuple[str, ...]


def describe(session: HubSpotSession, kind: str) -> dict[str, str]:
    """Property -> type."""
    body = session.get(f"/crm/v3/properties/{kind}", f"{kind} properties")
    types = {str(one["name"]): str(one.get("type") or "string") for one in results(body, f"{kind} properties") if not one.get("archived")}
    if not types:
        raise Retryable(f"{kind} properties: the answer names none")
    return types


def choose(stream: RawStream, known: Mapping[str, str], custom: Sequence[str] = ()) -> Selection:
    """Choose the properties that exist. Permanent names required ones that do not."""
    hidden = [name for name in stream.required if name not in known]
    if hidden:
        raise Permanent(f"HubSpot {stream.object}: {', '.join(hidden)} cannot be read; the property does not exist in this portal")
    wanted = [name for name in (*stream.fields, *custom) if name not in OWN]
    return Selection(
        tuple(name for name in stream.fields if name in known and name not in OWN),
        tuple(name for name in custom if name in known and name not in stream.fields),
        {name: _KINDS.get(known[name], "string") for name in wanted if name in known},
        tuple(name for name in wanted if name not in known),
    )
