"""Fields that the vendor computes from others when a record is saved: full names, closed flags, activity accounts.

Belongs here: standard computed fields. Formula fields of the package are computed on reading (`formulas.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from alignment_pipeline.sandbox.salesforce.schema import ObjectSchema, Schema


class Records(Protocol):
    """The records of an organisation, as far as computed fields look at other records (`SalesforceStore`)."""

    schema: Schema

    @property
    def tables(self) -> Mapping[str, Mapping[str, dict[str, Any]]]:
        """Object name -> id -> record."""

    def now(self) -> datetime:
        """The organisation's clock."""

    def get(self, name: str, record_id: str) -> dict[str, Any] | None:
        """A record of an object."""

    def find(self, record_id: str) -> dict[str, Any] | None:
        """A living record of any object."""


def derive(store: Records, schema: ObjectSchema, record: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any]:
    """The record with its computed fields; `old` None means it is new (or loaded). May return the same dict."""
    if schema.name in ("Lead", "Contact", "User"):
        name = " ".join(part for part in (record.get("FirstName"), record.get("LastName")) if part)
        if name and record.get("Name") != name:
            record["Name"] = name
    elif schema.name == "Opportunity":
        _opportunity(store, record, old)
    elif schema.name in ("Task", "Event"):
        _activity(store, schema.name, record, old)
    elif schema.name == "CampaignMember":
        record.setdefault("LeadOrContactId", record.get("ContactId") or record.get("LeadId"))
        record.setdefault("HasResponded", record.get("Status") == "Responded")
    return record


def stage_of(store: Records, name: str | None) -> dict[str, Any] | None:
    """The OpportunityStage row of a stage name."""
    for row in store.tables["OpportunityStage"].values():
        if name is not None and name in (row.get("ApiName"), row.get("MasterLabel")):
            return row
    return None


def _opportunity(store: Records, record: dict[str, Any], old: dict[str, Any] | None) -> None:
    name = record.get("StageName")
    stage_changed = old is not None and old.get("StageName") != name
    if stage_changed or "IsClosed" not in record:
        stage = stage_of(store, name)
        record["IsClosed"] = bool(stage["IsClosed"]) if stage and "IsClosed" in stage else str(name).startswith("Closed")
        record["IsWon"] = bool(stage["IsWon"]) if stage and "IsWon" in stage else name == "Closed Won"
        if stage_changed or "Probability" not in record:
            given = (stage or {}).get("DefaultProbability", 100.0 if record["IsWon"] else 0.0 if record["IsClosed"] else 50.0)
            if old is None or old.get("Probability") == record.get("Probability"):
                record["Probability"] = float(given)
        category = (stage or {}).get("ForecastCategory")
        if category:
            record["ForecastCategory"] = category
            record["ForecastCategoryName"] = (stage or {}).get("ForecastCategoryName", category)
    if record.get("Amount") is not None and record.get("Probability") is not None:
        record["ExpectedRevenue"] = round(record["Amount"] * record["Probability"] / 100, 2)


def _activity(store: Records, name: str, record: dict[str, Any], old: dict[str, Any] | None) -> None:
    if name == "Task":
        is_closed = record.get("Status") == "Completed"
        record["IsClosed"] = is_closed
        record["IsHighPriority"] = record.get("Priority") == "High"
        if is_closed and "CompletedDateTime" not in record:
            record["CompletedDateTime"] = record["LastModifiedDate"]
        elif not is_closed:
            record.pop("CompletedDateTime", None)
    elif record.get("StartDateTime") is not None and not record.get("IsAllDayEvent"):
        record.setdefault("ActivityDateTime", record["StartDateTime"])
        record.setdefault("ActivityDate", record["StartDateTime"].date())
    if old is not None and any(old.get(parent) != record.get(parent) for parent in ("WhoId", "WhatId")):
        record.pop("AccountId", None)
    if "AccountId" not in record:
        account = _account(store, record)
        if account is not None:
            record["AccountId"] = account


def _account(store: Records, record: dict[str, Any]) -> str | None:
    for name, field in (("WhatId", "Id"), ("WhatId", "AccountId"), ("WhoId", "AccountId")):
        parent_id = record.get(name)
        parent = store.find(parent_id) if parent_id else None
        if parent is None or (field == "Id" and not str(parent_id).startswith("001")):
            continue
        if parent.get(field):
            return str(parent[field])
    return None


def rolled_up(store: Records, schema: ObjectSchema, record: dict[str, Any]) -> list[tuple[ObjectSchema, dict[str, Any]]]:
    """The parents whose LastActivityDate a done activity moves on, as they then are: SystemModstamp moves, LastModifiedDate does not."""
    day = record.get("ActivityDate")
    is_done = record.get("IsClosed") if schema.name == "Task" else day is not None and day <= store.now().date()
    if schema.name not in ("Task", "Event") or day is None or not is_done:
        return []
    changed: list[tuple[ObjectSchema, dict[str, Any]]] = []
    for parent_id in dict.fromkeys(record.get(name) for name in ("WhoId", "WhatId", "AccountId")):
        parent_schema = store.schema.of_id(parent_id) if parent_id else None
        parent = store.get(parent_schema.name, str(parent_id)) if parent_schema is not None else None
        if parent is None or parent_schema is None or parent_schema.get("LastActivityDate") is None or parent.get("IsDeleted"):
            continue
        if parent.get("LastActivityDate") is None or parent["LastActivityDate"] < day:
            changed.append((parent_schema, parent | {"LastActivityDate": day, "SystemModstamp": store.now()}))
    return changed
