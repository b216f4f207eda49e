"""A model of the CRM in memory for the state machine: thousands of steps, where the sandbox over HTTP would take hours.

Belongs here: reading, conditional and unconditional writing, lost and late answers, what people do, and the invariants. Everything
else is tested against the sandbox over HTTP (`office.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.crm import Crm, Limits
from alignment_pipeline.connectors.descriptions import FieldDescription, ObjectDescription
from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.connectors.salesforce.results import failure
from alignment_pipeline.contracts import staging_facts
from alignment_pipeline.errors import OutcomeUnknown, Retryable
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline_tests.write_back.office import NOW, Office, lead_id

_FIELDS = (
    FieldDescription("Score__c", "double", precision=8, scale=2, is_updateable=True),
    FieldDescription("Stage__c", "picklist", is_updateable=True),
    FieldDescription("Reason__c", "string", length=80, is_updateable=True),
    FieldDescription("Note__c", "string", length=80, is_updateable=True),
    FieldDescription("Synced__c", "datetime", is_updateable=True),
    FieldDescription("Lock__c", "boolean", is_updateable=True),
    FieldDescription("OwnerId", "reference"),
)


class Crash(BaseException):
    """The process dies here."""


class ModelCrm:
    """Reader, writer, limits and world at once."""

    def __init__(self, leads: int) -> None:
        self.now = NOW
        self.records: dict[str, dict[str, Any]] = {
            lead_id(n): {"Id": lead_id(n), "OwnerId": "005000000000001AAA", "Lock__c": False, "SystemModstamp": NOW - timedelta(days=9)}
            for n in range(leads)
        }
        self.deleted: set[str] = set()
        self.merged: dict[str, str] = {}
        self.converted: set[str] = set()
        self.faults: list[str] = []
        self.late: list[tuple[datetime, str, dict[str, Any], datetime | None]] = []
        self.author: dict[tuple[str, str], str] = {}
        self.released: set[tuple[str, str, str]] = set()
        self.problems: list[str] = []
        self.dies_after: int | None = None
        self.calls = 0
        self.ticks = 0

    # ---- the world

    def office(self, folder: Path, agreement: Agreement) -> Office:
        """An office around this model: a real journal, the product's own plan and apply."""
        clock = Clock(moment=NOW, unix=0.0, unix_time=lambda: (self.now - NOW).total_seconds(), wait=self.advance)
        journal = Journal.open(str(folder / "home" / "journal.db"), home=folder / "home", clock=clock)
        crm = Crm(
            "00D000000000001AAA", self, self, None, lambda names: {n: self._describe(n) for n in names}, self._limits, lambda: self.calls
        )  # type: ignore[arg-type]
        made = _ModelOffice(None, None, folder / "home", journal, agreement, crm, None)  # type: ignore[arg-type]
        made.model = self
        return made

    def advance(self, seconds: float) -> None:
        """Time passes, and late writes arrive."""
        until = self.now + timedelta(seconds=seconds)
        for due, record_id, fields, since in sorted(self.late, key=lambda one: one[0]):
            if due <= until:
                self.now = max(self.now, due)
                self.late.remove((due, record_id, fields, since))
                self._apply(record_id, fields, since)
        self.now = until
        self.ticks += 1

    def human(self, record_id: str, name: str, value: Any) -> None:
        """A person edits."""
        if record_id not in self.deleted | self.converted:
            self.advance(3)
            record = self.records[record_id]
            if record.get(name) != value:
                self.records[record_id] = record | {name: value, "SystemModstamp": self.now}
                self.author[(record_id, name)] = "human"

    def delete(self, record_id: str) -> None:
        """A person deletes."""
        self.deleted.add(record_id)

    def merge(self, loser: str, winner: str) -> None:
        """A person merges two records; the loser never comes back."""
        if loser != winner and not {loser, winner} & (self.deleted | self.converted):
            self.deleted.add(loser)
            self.merged[loser] = winner

    def convert(self, record_id: str) -> None:
        """A person converts a lead: it can be read, and nobody can change it any more."""
        if record_id not in self.deleted:
            self.converted.add(record_id)

    def undelete(self, record_id: str) -> None:
        """A person brings back."""
        if record_id in self.deleted and record_id not in self.merged:
            self.deleted.discard(record_id)
            self.records[record_id] = self.records[record_id] | {"SystemModstamp": self.now}

    # ---- reader and writer

    def read_by_ids(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Any]:
        self._call()
        return {
            one: None
            if one in self.deleted or one not in self.records
            else {name: self._shown(self.records[one].get(name)) for name in ("Id", *fields)}
            for one in ids
        }

    def find_by_keys(self, object_name: str, key_field: str, keys: Sequence[str], fields: Sequence[str]) -> dict[str, Any]:
        self._call()
        return {}

    def update_collection(self, object_name: str, records: Sequence[Any]) -> list[RowResult]:
        self._fault([(record["Id"], record) for record in records], None)
        return [self._one(record["Id"], record, None) for record in records]

    def update_one(self, object_name: str, record_id: str, fields: Any, *, if_unmodified_since: datetime | None = None) -> RowResult:
        self._fault([(record_id, fields)], if_unmodified_since)
        return self._one(record_id, fields, if_unmodified_since)

    def _fault(self, writes: list[tuple[str, Any]], since: datetime | None) -> None:
        self._call()
        kind = self.faults.pop() if self.faults and self.faults[-1] in ("lost", "unsent", "late", "refused") else None
        if kind == "refused":
            raise Retryable("busy")
        if kind == "lost":
            for record_id, fields in writes:
                self._apply(record_id, dict(fields), since)
        if kind == "late":
            self.late += [(self.now + timedelta(seconds=240), record_id, dict(fields), since) for record_id, fields in writes]
        if kind is not None:
            raise OutcomeUnknown(kind)

    def _one(self, record_id: str, fields: Any, since: datetime | None) -> RowResult:
        if record_id in self.deleted:
            return failure(record_id, "ENTITY_IS_DELETED", "gone")
        if record_id in self.converted:
            return failure(record_id, "CANNOT_UPDATE_CONVERTED_LEAD", "converted")
        if "locked" in self.faults:
            self.faults.remove("locked")
            return failure(record_id, "UNABLE_TO_LOCK_ROW", "locked")
        if not self._apply(record_id, dict(fields), since):
            return RowResult.failure(record_id, "PRECONDITION_FAILED", "changed", retry=RetryClass.CONFLICT)
        return RowResult.success(record_id, record_id)

    def _apply(self, record_id: str, fields: dict[str, Any], since: datetime | None) -> bool:
        record = self.records[record_id]
        if record_id in self.deleted | self.converted or (
            since is not None and record["SystemModstamp"].replace(microsecond=0) > since.replace(microsecond=0)
        ):
            return False
        changed = {name: value for name, value in fields.items() if name not in ("Id", "Synced__c") and record.get(name) != value}
        if not changed:
            self.problems.append(f"write without effect: {record_id} {fields}")
        for name in changed:
            seen = (record_id, name, str(record.get(name)))
            if name == "Note__c" and self.author.get((record_id, name)) == "human" and record.get(name) is not None:
                if seen not in self.released:
                    self.problems.append(f"a person's value was overwritten: {record_id} {record.get(name)!r} -> {fields[name]!r}")
                # letting go allows it once
                self.released.discard(seen)
            self.author[(record_id, name)] = "us"
        if "rewrite" in self.faults and "Score__c" in changed:
            self.faults.remove("rewrite")
            fields = fields | {"Score__c": 4242}
        self.records[record_id] = record | {k: v for k, v in fields.items() if k != "Id"} | {"SystemModstamp": self.now}
        return True

    def _call(self) -> None:
        self.calls += 1
        self.advance(0.5)
        if self.dies_after is not None:
            if self.dies_after == 0:
                raise Crash
            self.dies_after -= 1

    def _shown(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else value

    def _describe(self, name: str) -> ObjectDescription:
        fields = {one.name: one for one in _FIELDS}
        return ObjectDescription(name, fields, _by_lower={one.lower(): field for one, field in fields.items()})

    def _limits(self) -> Limits:
        self._call()
        return Limits(100_000, 100_000, self.now)


class _ModelOffice(Office):
    """An office whose extraction reads the model."""

    model: ModelCrm

    def extract(self) -> None:
        names = self.agreement.crm.fields_of("Lead")
        values: list[dict[str, Any]] = []
        states: list[dict[str, Any]] = []
        for record_id, record in self.model.records.items():
            deleted = record_id in self.model.deleted
            common = {"object": "Lead", "record_id": record_id, "modified_at": record["SystemModstamp"]}
            survivor = self.model.merged.get(record_id, record_id)
            converted_to = f"003{record_id[3:]}" if record_id in self.model.converted else None
            states.append(common | {"is_deleted": deleted, "survivor_id": survivor, "converted_to_id": converted_to})
            if not deleted:
                shown = {name: json.dumps(self.model._shown(record.get(name))) for name in names}
                values += [common | {"field": name, "value": shown[name], "known_at": self.clock.now()} for name in names]
        self.snapshot = (
            pa.Table.from_pylist(values, schema=staging_facts.CRM_FIELD_VALUES.schema),
            pa.Table.from_pylist(states, schema=staging_facts.CRM_RECORD_STATES.schema),
        )
