"""History rows that the vendor writes when a tracked field changes.

Belongs here: LeadHistory and its kin (one row a change, two for a lookup: ids and names), and OpportunityHistory (one row for a
change of stage, amount, close date or probability, holding the values after it).
"""

from __future__ import annotations

from typing import Any

from alignment_pipeline.sandbox.salesforce.schema import Field, ObjectSchema
from alignment_pipeline.sandbox.salesforce.store import Record, SalesforceStore

_STAGE_FIELDS = ("StageName", "Amount", "CloseDate", "Probability")
_DATA_TYPES = {"reference": "EntityId", "picklist": "Text", "string": "Text", "boolean": "Boolean", "datetime": "DateTime"}


def history_rows(
    store: SalesforceStore, schema: ObjectSchema, record: Record, old: Record | None, user_id: str
) -> list[tuple[ObjectSchema, Record]]:
    """The rows that saving `record` over `old` (None: created) adds, each with its object."""
    rows: list[tuple[ObjectSchema, Record]] = []
    target = store.schema.get(schema.extra.get("history", ""))
    if target is not None:
        entries = [("created", "Text", None, None)] if old is None else _changes(store, schema, record, old)
        parent = next(one.name for one in target.fields if one.references == (schema.name,))
        rows += [
            (
                target,
                _row(
                    store, target, user_id, {parent: record["Id"], "Field": name, "DataType": kind, "OldValue": before, "NewValue": after}
                ),
            )
            for name, kind, before, after in entries
        ]
    if schema.name == "Opportunity" and (old is None or any(old.get(name) != record.get(name) for name in _STAGE_FIELDS)):
        stages = store.schema.objects["OpportunityHistory"]
        values = {name: record.get(name) for name in (*_STAGE_FIELDS, "ExpectedRevenue", "ForecastCategory")}
        rows.append((stages, _row(store, stages, user_id, values | {"OpportunityId": record["Id"]})))
    return rows


def event_row(store: SalesforceStore, schema: ObjectSchema, record_id: str, name: str, user_id: str) -> tuple[ObjectSchema, Record] | None:
    """A history row of an event such as `leadConverted` or `leadMerged`; None for an object without history."""
    target = store.schema.get(schema.extra.get("history", ""))
    if target is None:
        return None
    parent = next(one.name for one in target.fields if one.references == (schema.name,))
    return target, _row(store, target, user_id, {parent: record_id, "Field": name, "DataType": "Text"})


def _row(store: SalesforceStore, target: ObjectSchema, user_id: str, values: Record) -> Record:
    now = store.now()
    row = {"Id": store.new_id(target), "CreatedById": user_id, "CreatedDate": now} | values
    if target.get("SystemModstamp"):
        row["SystemModstamp"] = now
    return {name: value for name, value in row.items() if value is not None}


def _changes(store: SalesforceStore, schema: ObjectSchema, record: Record, old: Record) -> list[tuple[str, str, Any, Any]]:
    entries: list[tuple[str, str, Any, Any]] = []
    for one in schema.tracked:
        before, after = old.get(one.name), record.get(one.name)
        if before == after or (one.type == "boolean" and bool(before) == bool(after)):
            continue
        name = _shown_name(one)
        if one.type == "reference":
            entries.append((name, "EntityId", before, after))
            entries.append((name, "Text", _label(store, before), _label(store, after)))
        elif one.type == "textarea" and one.length > 255:
            entries.append((name, "Text", None, None))
        else:
            entries.append((name, _DATA_TYPES.get(one.type, one.type.title()), before, after))
    return entries


def _shown_name(field: Field) -> str:
    return field.name.removesuffix("Id") if field.type == "reference" and not field.custom else field.name


def _label(store: SalesforceStore, record_id: Any) -> Any:
    record = store.find(record_id) if record_id else None
    return None if record is None else record.get("Name")
