"""Writes records for the record-page component to show: what a home's field updates say, with the names of matched accounts.

Run as `python -m alignment_pipeline_tests.interop.panel_values HOME FILE`; HOME is a home of the demo after its first run. One record for
each SLA state of leads and contacts and for each MQA state of accounts. `lwc/values.json` was made by it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ibis import _

from alignment_pipeline.warehouse.warehouse import Warehouse

_STATES = {"Lead": "Alignment_SLA_Status__c", "Contact": "Alignment_SLA_Status__c", "Account": "Alignment_MQA__c"}
_MATCHED = "Alignment_Matched_Account__c"


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
            records.append({"object": object_, "id": record_id, "account": names.get(values.get(_MATCHED)), "fields": values})
    file.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
