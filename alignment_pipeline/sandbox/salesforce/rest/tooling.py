"""The Tooling API, as far as it says what reacts to a saved record: flows, triggers, rules, roll-ups.

Belongs here: answering those few queries from `OrgSettings.automations`. Other types are refused as the vendor refuses unknown ones.
"""

from __future__ import annotations

import re
from typing import Any

from alignment_pipeline.sandbox.salesforce.failures import ApiError
from alignment_pipeline.sandbox.salesforce.rest.call import Answer, Call

# type -> the field that names the object
TYPES = {
    "FlowDefinitionView": "TriggerObjectOrEvent.QualifiedApiName",
    "ApexTrigger": "TableEnumOrId",
    "ValidationRule": "EntityDefinition.QualifiedApiName",
    "WorkflowRule": "TableEnumOrId",
    "AssignmentRule": "SobjectType",
    "FieldDefinition": "EntityDefinition.QualifiedApiName",
}
_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
_IN = re.compile(r"([\w.]+)\s+IN\s*\(([^)]*)\)", re.IGNORECASE)


def is_asked(text: str) -> bool:
    """Whether a query of the REST API is about one of these types."""
    match = _FROM.search(text)
    return match is not None and match[1] in TYPES


def query(call: Call) -> Answer:
    """GET /tooling/query?q= : everything in one page."""
    text = call.query.get("q") or ""
    match = _FROM.search(text)
    if match is None or match[1] not in TYPES:
        raise ApiError(400, "INVALID_TYPE", f"sObject type '{match[1] if match else ''}' is not supported.")
    if call.username in call.org.store.settings.permission_sets and not call.org.store.settings.may_view_setup:
        raise ApiError(400, "INVALID_TYPE", f"sObject type '{match[1]}' is not supported.")
    place = _IN.search(text)
    names = {name.strip().strip("'") for name in place[2].split(",")} if place else None
    rows = [row for row in call.org.store.settings.automations.get(match[1], []) if names is None or _value(row, TYPES[match[1]]) in names]
    return Answer(body={"size": len(rows), "totalSize": len(rows), "done": True, "records": rows})


def _value(row: Any, path: str) -> Any:
    for part in path.split("."):
        row = row.get(part) if isinstance(row, dict) else None
    return row
