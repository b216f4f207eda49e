"""What the mapped CRM fields hold now: the "theirs" of the write-back's three-way decision."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import shaped

TABLES = {"Lead": "raw_salesforce_leads", "Contact": "raw_salesforce_contacts", "Account": "raw_salesforce_accounts"}
_BATCH = 50_000


def crm_field_values(living: Mapping[str, ibis.Table], *, crm: Crm) -> ibis.Table:
    """One row per living record and field that we fill, with the value last read as a JSON scalar.

    `living` maps Lead, Contact and Account to the current living versions of their raw tables. Fields that the reading
    did not include have no row, which is not the same as null.
    """
    schema = CONTRACTS["crm_field_values"].schema
    batches = []
    for object_, table in living.items():
        kinds = {mapping.field: mapping.type for mapping in crm.fields if mapping.object == object_}
        if not kinds:
            continue
        columns = table.select("record_id", "modified_at", "known_at", "custom_fields").to_pyarrow()
        for batch in columns.to_batches(max_chunksize=_BATCH):
            batches.append(pa.Table.from_pylist(list(_rows(object_, batch, kinds)), schema=schema))
    return ibis.memtable(pa.concat_tables(batches) if batches else schema.empty_table())


def task_statuses(escalation_tasks: ibis.Table) -> ibis.Table:
    """The status of the tasks that we made, in the same shape: it is ours to close while nobody else has touched it."""
    rows = escalation_tasks.select(
        object=ibis.literal("Task"),
        record_id=escalation_tasks.task_id,
        field=ibis.literal("Status"),
        value=json_scalar(escalation_tasks.status).fill_null("null"),
        modified_at=escalation_tasks.modified_at,
        known_at=escalation_tasks.known_at,
    )
    return shaped(rows, CONTRACTS["crm_field_values"])


@ibis.udf.scalar.builtin(name="to_json")
def json_scalar(value: str) -> str:  # type: ignore[empty-body]
    """DuckDB's own: a JSON scalar of a text."""


def _rows(object_: str, batch: pa.RecordBatch, kinds: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for record in batch.to_pylist():
        values = json.loads(record["custom_fields"] or "{}")
        for field, kind in kinds.items():
            if field in values:
                yield {
                    "object": object_,
                    "record_id": record["record_id"],
                    "field": field,
                    "value": json.dumps(_scalar(values[field], kind), ensure_ascii=False),
                    "modified_at": record["modified_at"] or record["known_at"],
                    "known_at": record["known_at"],
                }


def _scalar(value: object, kind: str) -> object:
    """The value as its field's type says; text that does not fit its type stays text, so that the plan sees a difference."""
    if value is None or value == "":
        return False if kind == "checkbox" else None
    text = str(value)
    if kind in ("number", "percent"):
        try:
            number = float(text)
        except ValueError:
            return text
        # JSON has no NaN and no infinity
        return number if math.isfinite(number) else text
    if kind == "checkbox":
        return text.lower() in ("true", "1")
    if kind == "datetime":
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment.tzinfo else text
    return text
