"""Writes records for the record-page component to show: what a home's field updates say, with the names of matched accounts.

`make panel-values` makes `lwc/values.json` by it; HOME is a home of the demo after its first run. One record for each SLA state of leads
and contacts and for each MQA state of accounts. The score, which the CRM computes, is computed by the package's own formula.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ibis import _

from alignment_pipeline.sandbox.salesforce.formulas import compile_formula
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.containers.processes import ROOT

_STATES = {"Lead": "Alignment_SLA_Status__c", "Contact": "Alignment_SLA_Status__c", "Account": "Alignment_MQA__c"}
_MATCHED = "Alignment_Matched_Account__c"
SCORE = "Alignment_Engagement_Score__c"
#: when the page is looked at, as in render_panel.mjs
NOW = datetime(2026, 11, 21, 8, 40, tzinfo=UTC)


def main(home: Path, file: Path) -> None:
    """Write the file."""
    store = Warehouse(home)
    updates = store.read("field_updates").select("object", "record_id", "field", text=_.value.cast("string"))
    accounts = store.read("accounts").select("account_id", "name").to_pyarrow()
    names = dict(zip(accounts["account_id"].to_pylist(), accounts["name"].to_pylist(), strict=True))
    records = []
    for object_, field in _STATES.items():
        states = updates.filter(_.object == object_, _.field == field).group_by("text").agg(record_id=_.record_id.min()).order_by("text")
        ids = states.to_pyarrow()["record_id"].to_pylist()
        fields: dict[str, dict[str, Any]] = {record_id: {} for record_id in ids}
        for row in updates.filter(_.record_id.isin(ids)).order_by("record_id", "field").to_pyarrow().to_pylist():
            fields[row["record_id"]][row["field"]] = json.loads(row["text"] or "null")
        for record_id, values in fields.items():
            values[SCORE] = score(object_, values)
            records.append({"object": object_, "id": record_id, "account": names.get(values.get(_MATCHED)), "fields": values})
    file.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def score(object_: str, values: dict[str, Any]) -> float | None:
    """What the package's formula makes of a record's values."""
    file = ROOT / "alignment_pipeline/connectors/salesforce/package/objects" / object_ / "fields" / f"{SCORE}.field-meta.xml"
    formula = ElementTree.parse(file).findtext("{http://soap.sforce.com/2006/04/metadata}formula") or ""
    read = {name: datetime.fromisoformat(value) if name.endswith("_At__c") and value else value for name, value in values.items()}
    found = compile_formula(formula, file.name)(read, NOW)
    return None if found is None else round(float(found), 2)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
