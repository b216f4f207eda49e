"""An organisation of the sandbox as raw tables, without HTTP: what a first full load stores.

For tests of the rules from staging on. That the connectors store the same is proven in `end_to_end/`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import pyarrow as pa

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.systems.hubspot import HUBSPOT
from alignment_pipeline.contracts.systems.marketo import MARKETO
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.sandbox.organisation.organisation import Organisation


def text(value: Any) -> str | None:
    """A value as the connectors store it."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if isinstance(value, time):
        return value.strftime("%H:%M:%S.000Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def moment(value: Any) -> datetime | None:
    """A stamp as a moment."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(str(value).replace("Z", "+00:00").replace("+0000", "+00:00"))


def raw_table(
    name: str,
    stream: RawStream,
    records: Iterable[Mapping[str, Any]],
    *,
    key: str = "Id",
    known_at: datetime | None = None,
    anchor: datetime,
) -> pa.Table:
    """One raw table from vendor records."""
    rows = []
    for record in records:
        values = {field: text(record.get(field)) for field in stream.fields}
        modified = moment(record.get(stream.stamp)) if stream.stamp else None
        custom = {field: text(value) for field, value in record.items() if field.endswith("__c")}
        rows.append(
            {
                **values,
                "record_id": str(record[key]),
                "known_at": known_at or modified or anchor,
                "is_reconstructed": known_at is None,
                "modified_at": modified,
                "is_deleted": bool(record.get("IsDeleted", False)),
                "row_hash": hashlib.sha256(json.dumps([values, custom], sort_keys=True).encode()).hexdigest()[:16],
                "custom_fields": json.dumps(custom),
            }
        )
    return pa.Table.from_pylist(rows, schema=CONTRACTS[name].schema)


def raw_tables(organisation: Organisation) -> dict[str, pa.Table]:
    """All raw tables of an organisation."""
    anchor = organisation.anchor
    tables = {
        stream.table: raw_table(stream.table, stream, organisation.salesforce.get(stream.object, ()), anchor=anchor)
        for stream in SALESFORCE.streams
    }
    leads, activities, types = MARKETO.streams
    tables[leads.table] = raw_table(leads.table, leads, organisation.marketo_leads, key="id", anchor=anchor)
    rows = [_activity(activity) for activity in organisation.marketo_activities]
    tables[activities.table] = raw_table(activities.table, activities, rows, key="marketoGUID", anchor=anchor)
    tables[types.table] = raw_table(types.table, types, organisation.marketo_activity_types, key="id", anchor=anchor)
    # the organisation has no HubSpot
    tables |= {stream.table: raw_table(stream.table, stream, (), anchor=anchor) for stream in HUBSPOT.streams}
    return tables


def _activity(activity: Mapping[str, Any]) -> dict[str, Any]:
    attributes = activity.get("attributes") or []
    named = attributes if isinstance(attributes, Mapping) else {one["name"]: one["value"] for one in attributes}
    return {**activity, "marketoGUID": activity.get("marketoGUID") or str(activity["id"]), "attributes": json.dumps(named)}
