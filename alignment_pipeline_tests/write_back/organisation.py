"""The organisation that write-back tests work in: its fields, records, agreement, and what an extraction of it would give.

Belongs here: data and factories. Planning and applying over it: `office.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.field_map import MARKETO_LEAD, FieldMapping, InputMapping, TaskMapping
from alignment_pipeline.agreement.field_map import Crm as CrmSection
from alignment_pipeline.agreement.write_back import Steps
from alignment_pipeline.connectors.salesforce.identifiers import id18
from alignment_pipeline.contracts import staging_facts
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.world import World

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
NURTURE = "alignmentRecycleReason"
PERSON = "005000000000001AAA"
_META = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
_STAGES = ("New Name", "MQL", "Customer")
_PICKLIST = (
    "<type>Picklist</type><valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted>"
    + "".join(f"<value><fullName>{one}</fullName><default>false</default></value>" for one in _STAGES)
    + "</valueSetDefinition></valueSet>"
)
FIELDS = {
    name: {
        "Score__c": "<type>Number</type><precision>8</precision><scale>2</scale>",
        "Stage__c": _PICKLIST,
        "Reason__c": "<type>Text</type><length>80</length>",
        "Note__c": "<type>Text</type><length>80</length>",
        "Synced__c": "<type>DateTime</type>",
        "Lock__c": "<type>Checkbox</type><defaultValue>false</defaultValue>",
    }
    for name in ("Lead", "Contact", "Account")
} | {"Activity": {"Key__c": "<type>Text</type><length>120</length><unique>true</unique><externalId>true</externalId>"}}


def _mappings(object_: str) -> list[FieldMapping]:
    side = "account" if object_ == "Account" else "person"
    common: dict[str, Any] = {"object": object_, "label": "L"}
    return [
        FieldMapping(field="Score__c", value=f"{side}.engagement_score", type="number", precision=8, scale=2, **common),
        FieldMapping(
            field="Stage__c",
            value="account.tier" if object_ == "Account" else "person.persona",
            type="picklist",
            values=list(_STAGES),
            **common,
        ),
        FieldMapping(field="Reason__c", value=f"{side}.stage_reason", type="text", length=80, **common),
        FieldMapping(field="Note__c", value=f"{side}.score_reason", type="text", length=80, owner="shared", **common),
        FieldMapping(field="Synced__c", value=f"{side}.synced_at", type="datetime", **common),
    ]


def agreement(*, has_marketo: bool = False, **write_back: Any) -> Agreement:
    """The shipped agreement with this organisation's field map; keywords replace parts of its write-back section."""
    nurture = [FieldMapping(object=MARKETO_LEAD, field=NURTURE, value="person.nurture", type="text", label="L")] if has_marketo else []
    shipped = loader.load(loader.default_path())
    section = CrmSection(
        fields=[*(mapping for name in ("Lead", "Contact", "Account") for mapping in _mappings(name)), *nurture],
        inputs=[
            InputMapping(object=name, field="Lock__c", meaning="is_do_not_sync", label="Lock") for name in ("Lead", "Contact", "Account")
        ],
        tasks=TaskMapping(external_key_field="Key__c"),
    )
    # every change is written at once, unless a test asks for steps
    numbers = shipped.write_back.model_copy(update={"steps": Steps(refresh_days=0)} | write_back)
    chosen = shipped.model_copy(update={"crm": section, "write_back": numbers})
    return chosen.model_copy(update={"version": loader.content_version(chosen)})


def write_package(folder: Path, *, is_keyed: bool = True) -> Path:
    """The metadata package that declares this organisation's fields; without `is_keyed` the tasks' key is an ordinary text."""
    for name, fields in FIELDS.items():
        target = folder / "objects" / name / "fields"
        target.mkdir(parents=True, exist_ok=True)
        for field_name, inner in fields.items():
            inner = inner if is_keyed else inner.replace("<unique>true</unique><externalId>true</externalId>", "")
            text = f"<CustomField {_META}><fullName>{field_name}</fullName><label>{field_name}</label>{inner}</CustomField>"
            (target / f"{field_name}.field-meta.xml").write_text(text, encoding="utf-8")
    return folder


def lead_id(number: int) -> str:
    """The 18-character id of lead `number`."""
    return id18(f"00Q{number:012d}")


def account_id(number: int) -> str:
    """The 18-character id of account `number`."""
    return id18(f"001{number:012d}")


def data(leads: int, accounts: int) -> dict[str, list[dict[str, Any]]]:
    """So many leads and accounts, owned by one person."""
    made = datetime(2026, 11, 1, tzinfo=UTC)
    common = {"OwnerId": PERSON, "CreatedDate": made, "LastModifiedDate": made, "SystemModstamp": made}
    return {
        "Lead": [
            {"Id": lead_id(n), "LastName": f"L{n}", "Company": "Acme", "Status": "Open - Not Contacted"} | common for n in range(leads)
        ],
        "Account": [{"Id": account_id(n), "Name": f"A{n}"} | common for n in range(accounts)],
    }


def marketo(people: int) -> MarketoStore:
    """So many people of Marketo, with ids from 1."""
    store = MarketoStore()
    made = "2026-11-01T00:00:00Z"
    store.load([{"id": n, "lastName": f"P{n}", "createdAt": made, "updatedAt": made} for n in range(1, people + 1)])
    return store


def tables_of_crm(world: World, chosen: Agreement, known_at: datetime) -> tuple[pa.Table, pa.Table]:
    """What an extraction of the mapped fields gives now: `crm_field_values` and `crm_record_states`."""
    store = world.salesforce
    store.settle()
    values: list[dict[str, Any]] = []
    states: list[dict[str, Any]] = []
    for object_ in ("Lead", "Contact", "Account"):
        names = chosen.crm.fields_of(object_)
        for record_id, record in store.tables[object_].items():
            deleted = bool(record.get("IsDeleted"))
            states.append(
                {
                    "object": object_,
                    "record_id": record_id,
                    "is_deleted": deleted,
                    "survivor_id": record.get("MasterRecordId") or record_id,
                    "converted_to_id": record.get("ConvertedContactId"),
                    "modified_at": record["SystemModstamp"],
                }
            )
            if not deleted:
                values += _values(object_, record_id, record, names, known_at)
    for record_id, record in store.tables["Task"].items():
        if record.get("Key__c") and not record.get("IsDeleted"):
            values += _values("Task", record_id, record, ["Status"], known_at)
    for lead_id_, lead in (world.marketo.leads if world.marketo is not None else {}).items():
        stamped = lead.values | {"SystemModstamp": datetime.fromisoformat(lead.values["updatedAt"])}
        values += _values(MARKETO_LEAD, str(lead_id_), stamped, chosen.crm.fields_of(MARKETO_LEAD), known_at)
    return (
        pa.Table.from_pylist(values, schema=staging_facts.CRM_FIELD_VALUES.schema),
        pa.Table.from_pylist(states, schema=staging_facts.CRM_RECORD_STATES.schema),
    )


def _values(object_: str, record_id: str, record: Mapping[str, Any], names: Iterable[str], known_at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "object": object_,
            "record_id": record_id,
            "field": name,
            "value": json.dumps(_json(record.get(name))),
            "modified_at": record["SystemModstamp"],
            "known_at": known_at,
        }
        for name in names
    ]


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
