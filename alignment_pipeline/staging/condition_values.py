"""Fields that conditions of SLA policies name, with what each record holds in them."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import _

from alignment_pipeline.agreement import conditions
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import stacked
from alignment_pipeline.staging import values

_OBJECTS = {
    "Lead": "raw_salesforce_leads",
    "Contact": "raw_salesforce_contacts",
    "Account": "raw_salesforce_accounts",
    "Opportunity": "raw_salesforce_opportunities",
}
TABLES = tuple(_OBJECTS.values())
_CONTRACT = CONTRACTS["condition_values"]


def condition_values(living: Mapping[str, ibis.Table], *, sla: Sla) -> ibis.Table:
    """One row per living record and named field that is not empty, from the current versions of `TABLES`."""
    names = sorted({name for policy in sla.policies for name in (*policy.where, *policy.where_not)})
    parts = [_of_field(living[_OBJECTS[object_]], object_, field) for object_, field in map(conditions.split, names) if object_ in _OBJECTS]
    return stacked(parts, _CONTRACT) if parts else ibis.memtable(_CONTRACT.empty())


def _of_field(table: ibis.Table, object_: str, field: str) -> ibis.Table:
    value = values.text(table[field]) if field in table.columns else values.custom(table, field)
    rows = table.select(
        source_key=ibis.literal(f"{object_.lower()}:") + table.record_id, field=ibis.literal(f"{object_}.{field}"), value=value
    )
    return rows.filter(_.value.notnull())
