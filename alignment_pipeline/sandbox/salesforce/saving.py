"""One save: insert, update, upsert, delete, with everything the vendor does around it.

Belongs here: the order of a save (system rules, triggers, validation rules, store, assignment, history, audit) and its undoing for
allOrNone. The single rules are in `rules.py`; merges and conversions in `lifecycle.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alignment_pipeline.sandbox.salesforce import rules
from alignment_pipeline.sandbox.salesforce.derived import derive, rolled_up
from alignment_pipeline.sandbox.salesforce.failures import ApiError, RowError
from alignment_pipeline.sandbox.salesforce.history import history_rows
from alignment_pipeline.sandbox.salesforce.interference import Interference
from alignment_pipeline.sandbox.salesforce.schema import Field, ObjectSchema
from alignment_pipeline.sandbox.salesforce.store import Record, SalesforceStore

_STAMPS = {"LastModifiedDate", "LastModifiedById", "SystemModstamp"}
_CASCADE = {
    "Account": (("Contact", "AccountId"), ("Opportunity", "AccountId")),
    "Opportunity": (("OpportunityContactRole", "OpportunityId"),),
    "Contact": (("OpportunityContactRole", "ContactId"), ("CampaignMember", "ContactId")),
    "Lead": (("CampaignMember", "LeadId"), ("Task", "WhoId")),
    "Campaign": (("CampaignMember", "CampaignId"),),
}


@dataclass(frozen=True)
class Caller:
    """Who saves, and what the request said beside the record."""

    username: str
    user_id: str
    source: str = "api"
    request: str = ""
    number: int = 0
    auto_assign: bool = True
    allow_duplicates: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


class Saver:
    """Saves for one request. `commit` writes the audit; `rollback` takes everything back."""

    def __init__(self, store: SalesforceStore, caller: Caller) -> None:
        self.store = store
        self.caller = caller
        self._steps = Interference(store, source=caller.source, number=caller.number, allow_duplicates=caller.allow_duplicates)
        self._undo: list[tuple[ObjectSchema, str, Record | None]] = []
        self._writes: list[dict[str, Any]] = []

    # ---- the four operations

    def insert(self, schema: ObjectSchema, values: Mapping[str, Any]) -> str:
        """Create a record; returns its id. Raises RowError."""
        if not schema.createable:
            raise RowError("INSUFFICIENT_ACCESS_OR_READONLY", f"insufficient access rights to create a record of type {schema.name}")
        rules.check_writable(schema, values, is_insert=True)
        self._steps.row_fault(schema, "", values)
        given = rules.clean(self.store, schema, values)
        record: Record = {name: value for name, value in given.items() if value is not None}
        for one in schema.fields:
            if one.default is not None and record.get(one.name) is None and one.createable:
                record[one.name] = _default(one)
        if "owner" in schema.extra:
            record.setdefault(schema.extra["owner"], self.caller.user_id)
        if schema.extra.get("autonumber"):
            record["Name"] = f"{schema.prefix.upper()}-{len(self.store.tables[schema.name]) + 1:05d}"
        rules.check_required(schema, record, record, is_insert=True)
        self._steps.triggers(schema, record, given)
        rules.check_unique(self.store, schema, record, record)
        self._steps.duplicate_rules(schema, record)
        record["Id"] = self.store.new_id(schema)
        self._stamp(schema, record, is_insert=True)
        self._assign(schema, record)
        record = derive(self.store, schema, record, None)
        self._save(schema, record, None, "insert")
        return str(record["Id"])

    def update(self, schema: ObjectSchema, record_id: str, values: Mapping[str, Any], unmodified_since: datetime | None = None) -> None:
        """Change a record. Raises RowError, or ApiError 412 when it was changed after `unmodified_since`."""
        old = self._existing(schema, record_id)
        if not schema.updateable:
            raise RowError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
        if unmodified_since is not None and changed_at(old) > unmodified_since:
            raise ApiError(412, "PRECONDITION_FAILED", "One or more preconditions given in the request failed")
        if schema.name == "Lead" and old.get("IsConverted"):
            raise RowError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        rules.check_writable(schema, values, is_insert=False)
        self._steps.row_fault(schema, record_id, values)
        self._steps.parent_lock(schema, old)
        changed = rules.clean(self.store, schema, values)
        record = {name: value for name, value in (old | changed).items() if value is not None}
        rules.check_required(schema, record, changed, is_insert=False)
        self._steps.triggers(schema, record, changed)
        rules.check_unique(self.store, schema, record, changed)
        self._stamp(schema, record, is_insert=False)
        self._assign(schema, record)
        record = derive(self.store, schema, record, old)
        self._save(schema, record, old, "update")

    def upsert(self, schema: ObjectSchema, key: Field, value: Any, values: Mapping[str, Any]) -> tuple[str, bool]:
        """Create or change by external id; returns (id, created). Raises RowError, DUPLICATE_EXTERNAL_ID when several hold the key."""
        if value is None:
            raise RowError("MISSING_ARGUMENT", f"{key.name} not specified", [])
        record_id = self.store.by_key(schema, key, value)
        if len(record_id) > 1:
            shown = ", ".join(record_id)
            raise RowError("DUPLICATE_EXTERNAL_ID", f"{key.name}: more than one record found for external id field: [{shown}]", [key.name])
        if record_id:
            self.update(schema, record_id[0], values)
            return record_id[0], False
        return self.insert(schema, {**values, key.name: value}), True

    def delete(self, schema: ObjectSchema, record_id: str) -> None:
        """Put a record and its children into the recycle bin. Raises RowError."""
        old = self._existing(schema, record_id)
        if not schema.deletable:
            raise RowError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
        self._steps.row_fault(schema, record_id, {})
        self.bin(schema, old)

    def bin(self, schema: ObjectSchema, old: Record, more: Mapping[str, Any] | None = None) -> None:
        """Soft delete with the cascade."""
        now = self.store.now()
        if schema.get("IsDeleted") is None:
            self._undo.append((schema, old["Id"], old))
            self.store.remove(schema, old["Id"])
            self._log(schema, old["Id"], "delete", {})
        else:
            record = old | {"IsDeleted": True, "SystemModstamp": now} | dict(more or {})
            if schema.get("LastModifiedDate"):
                record |= {"LastModifiedDate": now, "LastModifiedById": self.caller.user_id}
            self._put(schema, record, old)
            self._log(schema, old["Id"], "delete", {"IsDeleted": (False, True)})
        self.store.deletions.append((schema.name, old["Id"], now))
        for child_name, parent_field in () if more else _CASCADE.get(schema.name, ()):
            child = self.store.schema.objects[child_name]
            parent = child.get(parent_field)
            if parent is not None:
                for one in list(self.store.children(child_name, parent, {old["Id"]})):
                    self.bin(child, one)

    # ---- the end of a request

    def commit(self) -> None:
        """Write the audit of everything saved."""
        for one in self._writes:
            self.store.audit.record(**one)
        self._writes, self._undo = [], []

    def rollback(self) -> None:
        """Take back everything saved since the last commit."""
        for schema, identifier, old in reversed(self._undo):
            if old is None:
                self.store.remove(schema, identifier)
            else:
                self.store.put(schema, old, self.store.get(schema.name, identifier))
        self._writes, self._undo = [], []

    # ---- the steps

    def _existing(self, schema: ObjectSchema, record_id: str) -> Record:
        old = self.store.get(schema.name, record_id)
        if old is None:
            raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
        if old.get("IsDeleted"):
            raise RowError("ENTITY_IS_DELETED", "entity is deleted", [])
        return old

    def _stamp(self, schema: ObjectSchema, record: Record, *, is_insert: bool) -> None:
        now = self.store.now()
        if is_insert and schema.get("CreatedDate"):
            record["CreatedDate"], record["CreatedById"] = now, self.caller.user_id
        if schema.get("LastModifiedDate"):
            record["LastModifiedDate"], record["LastModifiedById"] = now, self.caller.user_id
        if schema.get("SystemModstamp"):
            record["SystemModstamp"] = now

    def _assign(self, schema: ObjectSchema, record: Record) -> None:
        """The lead assignment rule: it runs on every save that does not say `Sforce-Auto-Assign: FALSE`."""
        settings = self.store.settings
        if schema.name != "Lead" or not self.caller.auto_assign or not settings.assignment_rule_active:
            return
        owner = settings.assignment_owner_id or assignment_owner(self.store)
        if owner is not None:
            record["OwnerId"] = owner

    def _save(self, schema: ObjectSchema, record: Record, old: Record | None, action: str) -> None:
        before = old or {}
        names = (before.keys() | record.keys()) - _STAMPS
        changes = {name: (before.get(name), record.get(name)) for name in names if before.get(name) != record.get(name)}
        self._put(schema, record, old)
        for target, row in history_rows(self.store, schema, record, old, self.caller.user_id):
            self._put(target, row, None)
        for parent_schema, parent in rolled_up(self.store, schema, record):
            self._put(parent_schema, parent, self.store.get(parent_schema.name, parent["Id"]))
        self._log(schema, record["Id"], action, changes)

    def _put(self, schema: ObjectSchema, record: Record, old: Record | None) -> None:
        self._undo.append((schema, record["Id"], old))
        self.store.put(schema, record, old)

    def _log(self, schema: ObjectSchema, record_id: str, action: str, changes: Mapping[str, tuple[Any, Any]]) -> None:
        self._writes.append(
            {
                "system": "salesforce",
                "at": self.store.clock.now(),
                "user": self.caller.username,
                "action": action,
                "object": schema.name,
                "record_id": record_id,
                "changes": changes,
                "source": self.caller.source,
                "request": self.caller.request,
                "headers": self.caller.headers,
            }
        )


def changed_at(record: Record) -> datetime:
    """When a record was last changed, as conditional requests see it."""
    stamp = record.get("LastModifiedDate") or record["SystemModstamp"]
    assert isinstance(stamp, datetime)
    return stamp


def assignment_owner(store: SalesforceStore) -> str | None:
    """Whom the lead assignment rule gives leads to: the first queue, else the first active person."""
    queues = sorted(str(row["Id"]) for row in store.rows("Group") if row.get("Type") == "Queue")
    if queues:
        return queues[0]
    own = {app.username for app in store.identities.apps}
    people = sorted(str(row["Id"]) for row in store.rows("User") if row.get("IsActive") and row.get("Username") not in own)
    return people[0] if people else None


def _default(one: Field) -> Any:
    if one.type == "boolean":
        return str(one.default).lower() == "true"
    if one.type in ("double", "currency", "percent", "int"):
        return float(one.default or 0) if one.type != "int" else int(one.default or 0)
    return one.default
