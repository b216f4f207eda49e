"""The same people and what they did, read from Marketo and read from HubSpot, are scored alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.agreement import loader
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.systems.registry import STREAMS
from alignment_pipeline.line import run
from alignment_pipeline.sandbox import organisation
from alignment_pipeline_tests.line.raw_tables import raw_tables

WANTED = ("person_scores", "account_scores", "account_mqa_changes", "person_stages", "sla_clocks")
#: Marketo's activity types that HubSpot has a record for: forms, opens and clicks of marketing e-mails, unsubscribing, bounces.
FORM, EVENTS = "2", {"10": "OPEN", "11": "CLICK", "9": "UNSUBSCRIBED", "8": "BOUNCE"}
_CONTACT = {
    **{"email": "email", "firstname": "firstName", "lastname": "lastName", "company": "company", "jobtitle": "title", "phone": "phone"},
    **{"website": "website", "city": "city", "state": "state", "country": "country", "industry": "industry"},
    **{"numemployees": "numberOfEmployees", "hs_analytics_source": "leadSource", "hs_email_optout": "unsubscribed"},
    **{"salesforceleadid": "sfdcLeadId", "salesforcecontactid": "sfdcContactId", "createdate": "createdAt"},
}
_META = ("record_id", "known_at", "is_reconstructed", "modified_at", "is_deleted", "row_hash", "custom_fields")
Tables = dict[str, pa.Table]


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=CONTRACTS[name].schema)


def in_marketo(tables: Tables) -> Tables:
    """The organisation, of Marketo's people those whom a portal can hold (one contact an address), and what both systems log."""
    seen: set[str] = set()
    people = []
    for row in tables["raw_marketo_leads"].to_pylist():
        email = (row["email"] or "").strip().lower()
        if email and email not in seen:
            seen.add(email)
            people.append(row)
    ids = {row["record_id"] for row in people}
    did = [row for row in tables["raw_marketo_activities"].to_pylist() if row["leadId"] in ids and row["activityTypeId"] in (FORM, *EVENTS)]
    return tables | {
        "raw_marketo_leads": table("raw_marketo_leads", people),
        "raw_marketo_activities": table("raw_marketo_activities", did),
    }


def in_hubspot(tables: Tables) -> Tables:
    """The same in HubSpot's tables, with Marketo's empty."""
    people = tables["raw_marketo_leads"].to_pylist()
    emails = {row["record_id"]: row["email"] for row in people}
    contacts = [
        {name: row[name] for name in _META} | {own: row[name] for own, name in _CONTACT.items()} | {"hs_object_id": row["record_id"]}
        for row in people
    ]
    forms, events = [], []
    for row in tables["raw_marketo_activities"].to_pylist():
        meta, email = {name: row[name] for name in _META}, emails[row["leadId"]]
        attributes = json.loads(row["attributes"] or "{}")
        if row["activityTypeId"] == FORM:
            at = {"conversionId": row["record_id"], "submittedAt": row["activityDate"]}
            forms.append(meta | at | {"formName": row["primaryAttributeValue"], "email": email, "values": "{}"})
            continue
        is_bot = str(attributes.get("Is Bot Activity", False)).lower()
        said = {"type": EVENTS[row["activityTypeId"]], "subject": row["primaryAttributeValue"], "url": attributes.get("Link")}
        events.append(meta | said | {"created": row["activityDate"], "recipient": email, "filteredEvent": is_bot})
    empty = {name: table(name, []) for name in tables if name.startswith("raw_marketo")}
    filled = {"contacts": contacts, "form_submissions": forms, "email_events": events}
    return tables | empty | {f"raw_hubspot_{name}": table(f"raw_hubspot_{name}", rows) for name, rows in filled.items()}


def decided(tables: Tables, as_of: Any) -> dict[str, list[dict[str, Any]]]:
    """The rows that count. A person goes by the smallest key of their records: which of two records that are equally old names them
    depends on the name of the system."""
    agreement = loader.load(loader.default_path())
    read = [
        {"run_id": "run", "system": stream.system, "object": stream.object, "started_at": as_of, "watermark_at": as_of, "method": "rest"}
        | {"rows": 0, "new_rows": 0, "api_calls": 0, "missing_fields": "[]"}
        for stream in STREAMS
    ]
    found = run.decide(WANTED, _held(tables | {"extractions": table("extractions", read)}), agreement=agreement, as_of=as_of)
    names: dict[str, str] = {}
    for row in found["person_records"].to_pyarrow().to_pylist():
        key = _named(row["source_key"])
        names[row["person_id"]] = min(names.get(row["person_id"], key), key)
    return {name: sorted((_plain(row, names) for row in found[name].to_pyarrow().to_pylist()), key=str) for name in WANTED}


def _held(tables: Tables) -> Mapping[str, ibis.Table]:
    beside = {name: ibis.memtable(CONTRACTS[name].empty()) for name in ("match_labels", "refused_rows", "extractions")}
    return beside | {name: ibis.memtable(one) for name, one in tables.items()}


def _plain(row: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    renamed = {name: names.get(row[name], row[name]) for name in ("person_id", "subject_id") if row.get(name)}
    # a trigger's id holds the person's, which bears the name of the system
    return {name: _named(value) for name, value in (row | renamed).items() if name != "trigger_id"}


def _named(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    return value.replace("marketo:", "system:").replace("hubspot:", "system:") if isinstance(value, str) else value


def test_the_same_world_through_marketo_and_through_hubspot_gives_the_same_scores_stages_mqas_and_clocks() -> None:
    found = organisation.generate(seed=41, accounts=100, people=500, activities=2500)
    marketo = in_marketo(raw_tables(found))
    by_marketo, by_hubspot = decided(marketo, found.anchor), decided(in_hubspot(marketo), found.anchor)

    assert sum((row["engagement_score"] or 0) > 0 for row in by_marketo["person_scores"]) > 30
    assert len({row["state"] for row in by_marketo["sla_clocks"]}) > 2
    for name in WANTED:
        assert by_marketo[name] == by_hubspot[name], name
