"""The history of HubSpot's properties as the history of fields in the CRM's tables.

Belongs here: one record's versions, as rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alignment_pipeline.connectors.hubspot.crm_ids import crm_id
from alignment_pipeline.connectors.hubspot.crm_values import Portal, Row, in_order, label, linked
from alignment_pipeline.connectors.values import canonical

#: Properties of contacts and companies that keep their own name in the history of the CRM's tables, beside those of the agreement.
_FIELD = {
    "hubspot_owner_id": "Owner",
    "associatedcompanyid": "Account",
    "dealstage": "StageName",
    "amount": "Amount",
    "closedate": "CloseDate",
}


def changes(record: Mapping[str, Any], portal: Portal, kind: str, parent: str) -> Iterator[Row]:
    """The history of a record's fields: each value after the one before it."""
    identity = crm_id(kind, str(record["id"]))
    for name, versions in sorted((record.get("propertiesWithHistory") or {}).items()):
        before: str | None = None
        for at, value in in_order(versions):
            shown = _shown(name, value, portal)
            if shown != before:
                yield (
                    f"{identity}:{name}:{at}",
                    {
                        "Id": f"{identity}:{name}:{at}",
                        parent: identity,
                        "Field": _FIELD.get(name, name),
                        "OldValue": before,
                        "NewValue": shown,
                        "CreatedDate": at,
                        "IsDeleted": "false",
                    },
                )
            before = shown


def _shown(name: str, value: str | None, portal: Portal) -> str | None:
    if name == "hubspot_owner_id":
        return portal.owner(value)
    if name == "associatedcompanyid":
        return linked("companies", value)
    if name == "dealstage":
        return label(value, portal)
    if name == "closedate":
        return portal.day(value)
    return canonical(value, "string")
