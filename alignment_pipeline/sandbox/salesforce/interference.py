"""What an organisation's own machinery does to a save: triggers, validation rules, duplicate rules, locks, as switched on in the faults.

Belongs here: the faults inside a save. The save itself is in `saving.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from alignment_pipeline.sandbox.salesforce.failures import RowError
from alignment_pipeline.sandbox.salesforce.schema import ObjectSchema
from alignment_pipeline.sandbox.salesforce.store import Record, SalesforceStore


@dataclass(frozen=True)
class Interference:
    """The machinery as one request meets it; `source` is api, bulk or human, `number` the request's own."""

    store: SalesforceStore
    source: str
    number: int
    allow_duplicates: bool

    def row_fault(self, schema: ObjectSchema, record_id: str, values: Mapping[str, Any]) -> None:
        """The fault `row_error`. Raises RowError."""
        if not self.store.faults.standing("row_error", "salesforce"):
            return
        body = json.dumps(dict(values), default=str)
        fault = self.store.faults.fire("row_error", system="salesforce", method=self.source, path=f"{schema.name}/{record_id}", body=body)
        if fault is None or not self.store.faults.chance(float(fault.options.get("share", 1.0))):
            return
        code = str(fault.options.get("code", "UNABLE_TO_LOCK_ROW"))
        default = f"unable to obtain exclusive access to this record or 1 records: {record_id}"
        raise RowError(code, str(fault.options.get("message", default)), fault.options.get("fields", ()))

    def parent_lock(self, schema: ObjectSchema, old: Record) -> None:
        """The fault `parent_lock`. Raises RowError UNABLE_TO_LOCK_ROW."""
        for rule in self.store.faults.standing("parent_lock", "salesforce"):
            parent = old.get(str(rule.options.get("field", "AccountId")))
            if parent is None:
                continue
            now = self.store.clock.now()
            last = self.store.recent_parents.get(parent)
            self.store.recent_parents[parent] = (self.number, now)
            window = timedelta(seconds=float(rule.options.get("seconds", 10)))
            locked = last is not None and last[0] != self.number and now - last[1] < window
            if locked and self.store.faults.chance(float(rule.options.get("share", 1.0))):
                message = f"unable to obtain exclusive access to this record or 1 records: {parent}"
                raise RowError("UNABLE_TO_LOCK_ROW", message)

    def triggers(self, schema: ObjectSchema, record: Record, changed: Mapping[str, Any]) -> None:
        """The faults `rewrite_value` (changes the record in place, which is new) and `validation_rule`. Raises RowError."""
        for rule in self.store.faults.standing("rewrite_value", "salesforce"):
            name = str(rule.options.get("field"))
            if rule.options.get("object") == schema.name and (name in changed or rule.options.get("always")):
                record[name] = _rewritten(record.get(name), rule.options)
        for rule in self.store.faults.standing("validation_rule", "salesforce"):
            options = rule.options
            name = str(options.get("field"))
            if options.get("object") != schema.name or name not in changed:
                continue
            value = record.get(name)
            hit = value == options["equals"] if "equals" in options else re.search(str(options.get("matches", "")), str(value)) is not None
            if hit:
                message = str(options.get("message", "A validation rule of this organization refuses the value"))
                raise RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, [name])

    def duplicate_rules(self, schema: ObjectSchema, record: Record) -> None:
        """The fault `duplicate_rule`. Raises RowError."""
        if self.allow_duplicates:
            return
        for rule in self.store.faults.standing("duplicate_rule", "salesforce"):
            name = str(rule.options.get("field"))
            if rule.options.get("object") != schema.name or record.get(name) is None:
                continue
            if any(other.get(name) == record[name] and not other.get("IsDeleted") for other in self.store.rows(schema.name)):
                raise RowError("DUPLICATES_DETECTED", "Use one of these records?")


def _rewritten(value: Any, options: Mapping[str, Any]) -> Any:
    if "value" in options:
        return options["value"]
    if "round" in options and isinstance(value, int | float):
        return round(float(value), int(options["round"]))
    text = value
    if options.get("upper") and isinstance(value, str):
        text = value.upper()
    if "cut" in options and isinstance(text, str):
        text = text[: int(options["cut"])]
    return text
