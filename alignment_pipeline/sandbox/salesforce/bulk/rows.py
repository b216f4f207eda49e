"""The rows of an ingest job, to saves.

Belongs here: headers to fields, cells to values, one outcome for each row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alignment_pipeline.sandbox.salesforce.bulk.table import BadTable
from alignment_pipeline.sandbox.salesforce.bulk_job import Job
from alignment_pipeline.sandbox.salesforce.failures import RowError
from alignment_pipeline.sandbox.salesforce.ids import to18
from alignment_pipeline.sandbox.salesforce.organisation import Org
from alignment_pipeline.sandbox.salesforce.saving import Saver
from alignment_pipeline.sandbox.salesforce.schema import Field, ObjectSchema, Schema
from alignment_pipeline.sandbox.salesforce.values import from_csv

_NULL = "#N/A"


@dataclass(frozen=True)
class _Column:
    """One column: a field, or a parent named by its external id."""

    field: Field
    parent: ObjectSchema | None = None
    key: Field | None = None


class RowWriter:
    """Saves rows of one job. Raises BadTable when a header is no field this user sees."""

    def __init__(self, org: Org, job: Job, header: list[str]) -> None:
        self.org = org
        self.job = job
        self.view: Schema = org.views.of(job.username)
        schema = self.view.get(job.object)
        if schema is None:
            raise BadTable(f"InvalidBatch : Unable to find object: {job.object}")
        self.schema = schema
        self.columns = [self._column(name) for name in header]
        names = [(one.field.name, one.key.name if one.key else "") for one in self.columns]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise BadTable(f"InvalidBatch : Duplicate column name found : {twice[0]}")

    def _column(self, name: str) -> _Column:
        one = self.schema.get(name)
        if one is not None:
            return _Column(one)
        path = name.split(":")[-1].split(".")
        if len(path) == 2:
            reference = self.schema.by_relationship.get(path[0].lower())
            targets = [name.split(":")[0]] if ":" in name else list(reference.references) if reference else []
            for target in targets:
                parent = self.view.get(target)
                key = parent.get(path[1]) if parent else None
                if reference is not None and parent is not None and key is not None and (key.external_id or key.id_lookup):
                    return _Column(reference, parent, key)
        raise BadTable(f"InvalidBatch : Field name not found : {name}")

    def write(self, saver: Saver, rows: list[list[str]]) -> None:
        """Save up to 200 rows: each outcome goes to the job."""
        ids = [self._id_of(row) for row in rows]
        for row, identifier in zip(rows, ids, strict=True):
            try:
                if identifier and ids.count(identifier) > 1 and self.job.operation != "insert":
                    raise RowError("DUPLICATE_VALUE", f"Duplicate id in list: {identifier}")
                record_id, created = self._save(saver, row, identifier)
            except RowError as error:
                self.job.failed.append((identifier or "", error.to_csv(), row))
            else:
                self.job.successful.append((record_id, created, row))

    def _id_of(self, row: list[str]) -> str | None:
        for column, cell in zip(self.columns, row, strict=True):
            if column.field.type == "id" and cell.strip():
                return to18(cell.strip()) or cell.strip()
        return None

    def _save(self, saver: Saver, row: list[str], identifier: str | None) -> tuple[str, bool]:
        operation = self.job.operation
        values: dict[str, Any] = {}
        for column, cell in zip(self.columns, row, strict=True):
            if cell != "" and column.field.type != "id":
                values[column.field.name] = self._value(column, cell)
        if operation == "insert":
            if identifier:
                raise RowError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ["Id"])
            return saver.insert(self.schema, values), True
        if operation == "upsert" and self.job.key != "Id":
            key = self.schema.get(self.job.key or "")
            if key is None:
                raise RowError("INVALID_FIELD", f"No such column '{self.job.key}'")
            if identifier:
                raise RowError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an upsert by external id", ["Id"])
            return saver.upsert(self.schema, key, values.pop(key.name, None), values)
        if identifier is None:
            if operation == "upsert":
                return saver.insert(self.schema, values), True
            raise RowError("MISSING_ARGUMENT", f"Id not specified in an {operation} call")
        if to18(identifier) is None or identifier[:3] != self.schema.prefix:
            raise RowError("MALFORMED_ID", f"bad id {identifier}")
        if operation in ("delete", "hardDelete"):
            saver.delete(self.schema, identifier)
            if operation == "hardDelete":
                self.org.store.remove(self.schema, identifier)
            return identifier, False
        saver.update(self.schema, identifier, values)
        return identifier, False

    def _value(self, column: _Column, cell: str) -> Any:
        if cell == _NULL:
            return False if column.field.type == "boolean" else None
        if column.parent is None or column.key is None:
            return from_csv(column.field, cell)
        key = column.key
        if key.external_id or key.unique:
            parent = self.org.store.by_key(column.parent, key, from_csv(key, cell))
        else:
            rows = self.org.store.rows(column.parent.name)
            parent = [row["Id"] for row in rows if not row.get("IsDeleted") and str(row.get(key.name, "")).lower() == cell.lower()]
        if len(parent) != 1:
            message = f"Foreign key external ID: {cell} not found for field {key.name} in entity {column.parent.name}"
            raise RowError("INVALID_FIELD", message)
        return parent[0]
