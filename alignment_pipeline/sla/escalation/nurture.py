"""Nurture: people whom sales gave back, as values for a field of the marketing system.

Belongs here: who is in nurture and why. Writing it, by id and read back, is the write-back protocol's (`write_back/`).
"""

from __future__ import annotations

import json
from datetime import datetime

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.field_map import MARKETO_LEAD, Crm, FieldMapping
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts.field_updates import FIELD_UPDATES
from alignment_pipeline.contracts.systems.marketo import MARKETO
from alignment_pipeline.sla.arrays import fetch


def nurture_updates(
    people: ibis.Table, person_stage_changes: ibis.Table, *, sla: Sla, crm: Crm, as_of: datetime, agreement_version: str
) -> ibis.Table:
    """`field_updates` of MarketoLead, or of Contact: 'Recycled: Wrong size' while a person is back with marketing, null once they moved on.

    A field of Contact is for a CRM whose own lists and workflows do the nurturing; in a list a person is or is not: true or
    false. Only people who ever were in one of the agreement's stages have a row, so a field that others fill is left alone. No rows where
    the field map gives `person.nurture` no field.
    """
    fields = [mapping for mapping in crm.fields if mapping.value == "person.nurture"]
    if not fields:
        return ibis.memtable(FIELD_UPDATES.empty())
    stages = {stage.lower() for stage in sla.nurture.stages}
    last: dict[str, tuple[int, str]] = {}
    ever: set[str] = set()
    for row in fetch(person_stage_changes, "person_id", "sequence", "stage", "entered_at").to_pylist():
        if row["entered_at"] > as_of:
            continue
        last[row["person_id"]] = max(last.get(row["person_id"], (-1, "")), (row["sequence"], row["stage"]))
        if row["stage"].lower() in stages:
            ever.add(row["person_id"])
    out = []
    for row in fetch(people, "person_id", "marketing_key", "contact_id", "reject_code", "is_do_not_sync").to_pylist():
        if row["is_do_not_sync"] or row["person_id"] not in ever:
            continue
        system, _, number = (row["marketing_key"] or "").partition(":")
        record_ids = {MARKETO_LEAD: number if system == MARKETO.name else None, "Contact": row["contact_id"]}
        stage = last[row["person_id"]][1]
        is_back = stage.lower() in stages
        code = f": {row['reject_code']}" if row["reject_code"] else ""
        out += [
            {
                "object": mapping.object,
                "record_id": record_ids[mapping.object],
                "field": mapping.field,
                "value": _value(mapping, f"{stage}{code}", is_back=is_back),
                "reason": "Sales gave the person back: nurture takes them up." if is_back else "The person has left nurture.",
                "priority": 2,
                "parent_id": None,
                "as_of": as_of,
                "agreement_version": agreement_version,
            }
            for mapping in fields
            if record_ids[mapping.object] is not None
        ]
    out.sort(key=lambda row: (str(row["object"]), str(row["record_id"]), str(row["field"])))
    return ibis.memtable(pa.Table.from_pylist(out, schema=FIELD_UPDATES.schema))


def _value(mapping: FieldMapping, text: str, *, is_back: bool) -> str:
    if mapping.type == "list":
        return json.dumps(is_back)
    return json.dumps(text[: mapping.length], ensure_ascii=False) if is_back else "null"
