"""What the mapped CRM fields hold now: the "theirs" of the write-back's three-way decision."""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from alignment_pipeline.agreement.field_map import MARKETO_LEAD, Crm
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import json_of_number, json_of_text, shaped, stacked
from alignment_pipeline.staging import values

TABLES = {"Lead": "raw_salesforce_leads", "Contact": "raw_salesforce_contacts", "Account": "raw_salesforce_accounts"}
MARKETO = {MARKETO_LEAD: "raw_marketo_leads"}
_CONTRACT = CONTRACTS["crm_field_values"]


@ibis.udf.scalar.builtin(name="json_exists")
def _is_there(document: str, path: str) -> bool:  # type: ignore[empty-body]
    """DuckDB's own: whether the document has the key, null or not."""


def crm_field_values(living: Mapping[str, ibis.Table], *, crm: Crm) -> ibis.Table:
    """One row per living record and field that we fill, with the value last read as a JSON scalar.

    `living` maps Lead, Contact, Account and MarketoLead to the latest living versions of their raw tables. Fields that the reading did
    not include have no row, which is not the same as null. Text that does not fit its field's type stays text, so that the
    plan sees a difference.
    """
    parts = []
    for object_, table in living.items():
        kinds = {mapping.field: mapping.type for mapping in crm.fields if mapping.object == object_}
        if kinds:
            parts.append(_of_object(object_, table, kinds))
    return stacked(parts, _CONTRACT) if parts else ibis.memtable(_CONTRACT.empty())


def task_statuses(escalation_tasks: ibis.Table) -> ibis.Table:
    """The status of the tasks that we made, in the same shape: it is ours to close while nobody else has touched it."""
    rows = escalation_tasks.select(
        object=ibis.literal("Task"),
        record_id=escalation_tasks.task_id,
        field=ibis.literal("Status"),
        value=json_of_text(escalation_tasks.status).fill_null("null"),
        modified_at=escalation_tasks.modified_at,
        known_at=escalation_tasks.known_at,
    )
    return shaped(rows, _CONTRACT)


def _of_object(object_: str, table: ibis.Table, kinds: Mapping[str, str]) -> ibis.Table:
    """All fields of a record leave it as one list, so that the versions are chosen once and not once a field."""
    document = table.custom_fields.fill_null("{}")
    entries = [
        ibis.ifelse(
            _is_there(document, f'$."{field}"'),
            ibis.struct({"field": ibis.literal(field), "value": _scalar(values.raw_member(document, field).nullif(""), kind)}),
            ibis.null("struct<field: string, value: string>"),
        )
        for field, kind in kinds.items()
    ]
    rows = table.select(
        object=ibis.literal(object_),
        record_id=table.record_id,
        modified_at=ibis.coalesce(table.modified_at, table.known_at),
        known_at=table.known_at,
        entry=ibis.array(entries).unnest(),
    )
    filled = rows.filter(rows.entry.notnull())
    return filled.mutate(field=filled.entry["field"], value=filled.entry["value"])


def _scalar(text: ibis.Value, kind: str) -> ibis.Value:
    as_text = json_of_text(text)
    if kind in ("number", "percent"):
        number = values.number(text)
        return ibis.coalesce(json_of_number(number), as_text, ibis.literal("null"))
    if kind == "checkbox":
        return ibis.ifelse(values.flag(text).fill_null(False), "true", "false")
    if kind == "datetime":
        moment = values.timestamp(text)
        return ibis.coalesce(json_of_text(moment.strftime("%Y-%m-%dT%H:%M:%SZ")), as_text, ibis.literal("null"))
    return ibis.coalesce(as_text, ibis.literal("null"))
