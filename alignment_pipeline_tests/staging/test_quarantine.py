"""Nothing is lost in silence: a raw row is staged or in quarantine, and a value that became null although given is there too."""

from __future__ import annotations

import random
from typing import Any

import ibis
import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.currencies import Currencies
from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.contracts.systems.registry import STREAMS
from alignment_pipeline.staging import (
    activities,
    contacts,
    leads,
    marketing_persons,
    opportunities,
    quarantine,
    record_changes,
    sources,
    users,
    values,
    versions,
)
from alignment_pipeline_tests.staging.factories import NOW, account, contact, days_ago, lead, opportunity, raw, raw_row, rows, user

POISON = [
    None,
    "",
    "   ",
    "garbage",
    "<img src=x onerror=alert(1)>",
    "1e300",
    "NaN",
    "2026-02-30",
    "2026-11-20T12:00:00Z",
    "250.5",
    "true",
    "jane@example.com",
    "\x00",
    "'; DROP TABLE leads;--",
    lead(77),
]
MAKE_ID = {
    "raw_salesforce_accounts": account,
    "raw_salesforce_contacts": contact,
    "raw_salesforce_leads": lead,
    "raw_salesforce_opportunities": opportunity,
    "raw_salesforce_users": user,
}
FIELDS = {stream.table: stream.fields for stream in STREAMS}
OURS = ("Id", "id", "marketoGUID")

MONEY = {"currencies": Currencies(), "fiscal": Fiscal()}


def poisoned(name: str, count: int, dice: random.Random) -> list[dict[str, Any]]:
    """Rows whose every judged field may hold poison; a few have an unreadable id."""
    make = MAKE_ID.get(name, lambda number: f"{number:018d}")
    found = []
    for number in range(count):
        fields = {
            source.field: lead(1) if source.required and source.kind == "id" and dice.random() < 0.8 else dice.choice(POISON)
            for source in sources.SOURCES[name].values()
            if source.field not in (*OURS, "record_id") and (source.required or dice.random() < 0.3)
        }
        for source in sources.SOURCES[name].values():
            if source.kind == "timestamp" and source.required and dice.random() < 0.8:
                fields.pop(source.field, None)
        found.append(raw_row(name, "broken id" if dice.random() < 0.05 and number == 0 else make(number), **fields))
    return found


@pytest.mark.parametrize("name", ["raw_salesforce_leads", "raw_salesforce_accounts", "raw_salesforce_tasks", "raw_marketo_leads"])
def test_what_became_null_although_given_is_in_quarantine(name: str) -> None:
    given = poisoned(name, 60, random.Random(name))
    table = raw(name, *given)
    current = versions.living(table, as_of=NOW)
    judged = {(row["record_id"], row["column_name"]): row for row in rows(quarantine.quarantined_rows({name: table}, as_of=NOW))}
    of_each = sources.SOURCES[name]
    plain = {f"read {column}": values.KINDS[source.kind](current[source.field]) for column, source in of_each.items()}
    read = {row["record_id"]: row for row in rows(current.select("record_id", **plain))}
    assert {row["record_id"] for row in given} == set(read)
    for row in given:
        for column, source in of_each.items():
            value = row[source.field]
            is_given = bool(value and value.replace("\x00", "").strip())
            became_null = read[row["record_id"]][f"read {column}"] is None
            expected = became_null and (source.required or (is_given and source.kind != "text"))
            assert expected == ((row["record_id"], source.field) in judged), (column, value)
            if expected:
                found = judged[row["record_id"], source.field]
                assert source.required == found["is_row_dropped"]
                assert found["reason"].startswith(column)
                assert (found["value_hash"] is not None) == bool(value), "the value itself is not kept, only its hash"
    assert any(row["is_row_dropped"] for row in judged.values()) or name == "raw_marketo_leads"


def _of_system(persons: ibis.Table, system: str) -> ibis.Table:
    return persons.filter(persons.system == system)


def test_every_row_is_staged_or_dropped_into_quarantine() -> None:
    dice = random.Random(4)
    tables = {name: raw(name, *poisoned(name, 60, dice)) for name in sources.SOURCES}
    for name in ("raw_salesforce_opportunity_stages", "raw_marketo_activity_types", "raw_salesforce_campaigns"):
        tables[name] = raw(name)
    dropped: dict[str, set[str]] = {}
    for row in rows(quarantine.quarantined_rows(tables, as_of=NOW)):
        if row["is_row_dropped"]:
            dropped.setdefault(row["table_name"], set()).add(row["record_id"])
    crm = loader.load(loader.default_path()).crm
    living = {name: versions.living(table, as_of=NOW) for name, table in tables.items()}
    changes = opportunities.opportunity_stage_changes(
        living["raw_salesforce_opportunity_stages_over_time"], stages=living["raw_salesforce_opportunity_stages"]
    )
    staged = {
        "raw_salesforce_leads": (
            leads.leads(living["raw_salesforce_leads"], changes=living["raw_salesforce_lead_changes"], crm=crm),
            "lead_id",
        ),
        "raw_salesforce_contacts": (contacts.contacts(living["raw_salesforce_contacts"], crm=crm), "contact_id"),
        "raw_salesforce_opportunities": (
            opportunities.opportunities(living["raw_salesforce_opportunities"], opportunity_stage_changes=changes, crm=crm, **MONEY),
            "opportunity_id",
        ),
        "raw_salesforce_opportunity_stages_over_time": (changes, "change_id"),
        "raw_salesforce_users": (users.users(living["raw_salesforce_users"]), "user_id"),
        "raw_marketo_leads": (_of_system(marketing_persons.marketing_persons(living), "marketo"), "marketing_id"),
        "raw_hubspot_contacts": (_of_system(marketing_persons.marketing_persons(living), "hubspot"), "marketing_id"),
    }
    for name, (table, key) in staged.items():
        everything = {row["record_id"] for row in rows(living[name])}
        kept = [row[key] for row in rows(table)]
        assert len(kept) == len(set(kept)), name
        assert everything - dropped.get(name, set()) == set(kept), name
        assert 0 < len(kept), f"{name}: nothing was readable at all"


def test_a_history_row_without_a_moment_is_not_lost() -> None:
    name = "raw_salesforce_lead_changes"
    history = raw(
        name,
        raw_row(name, "017000000000001AAA", LeadId=lead(1), Field="Status", NewValue="Open"),
        raw_row(name, "017000000000002AAA", LeadId=lead(1), Field="Status", NewValue="Working", CreatedDate="soon"),
        raw_row(name, "017000000000003AAA", LeadId="?", Field="Status", NewValue="Closed"),
    )
    others = ("lead", "contact", "opportunity")
    records = ("leads", "contacts", "accounts", "opportunities")
    tables = {f"raw_salesforce_{one}_changes": raw(f"raw_salesforce_{one}_changes") for one in others}
    tables |= {f"raw_salesforce_{one}": raw(f"raw_salesforce_{one}") for one in records} | {name: history}
    staged = rows(record_changes.record_changes(tables, inputs={}, as_of=NOW))
    judged = rows(quarantine.quarantined_rows({name: history}, as_of=NOW), "record_id")
    assert ["017000000000001AAA"] == [row["change_id"] for row in staged]
    assert [("017000000000002AAA", "CreatedDate", True), ("017000000000003AAA", "LeadId", True)] == [
        (row["record_id"], row["column_name"], row["is_row_dropped"]) for row in judged
    ]


def test_an_activity_without_a_person_or_a_moment_is_no_end_of_the_run() -> None:
    name = "raw_marketo_activities"
    table = raw(
        name,
        raw_row(name, "1", leadId="7"),
        raw_row(name, "2", leadId=None),
        raw_row(name, "3", leadId="7", activityDate="never"),
    )
    types = raw("raw_marketo_activity_types", raw_row("raw_marketo_activity_types", "1", name="Visit Webpage"))
    scoring = loader.load(loader.default_path()).scoring
    given = {one: raw(one) for one in activities.TABLES} | {name: table, "raw_marketo_activity_types": types}
    found = rows(activities.activities(given, activity_types=scoring.activity_types, exclusions=scoring.exclusions))
    assert ["marketo:1"] == [row["activity_id"] for row in found]
    judged = rows(quarantine.quarantined_rows({name: table}, as_of=NOW), "record_id")
    assert [("2", "leadId"), ("3", "activityDate")] == [(row["record_id"], row["column_name"]) for row in judged]


def test_deleted_rows_and_old_versions_are_not_judged() -> None:
    name = "raw_salesforce_leads"
    table = raw(
        name,
        raw_row(name, lead(1), Email="no address", modified_at=days_ago(5)),
        raw_row(name, lead(1), Email="jane@example.com", modified_at=days_ago(1)),
        raw_row(name, lead(2), Email="no address", is_deleted=True),
    )
    assert [] == rows(quarantine.quarantined_rows({name: table}, as_of=NOW))
    assert 1 == len(rows(quarantine.quarantined_rows({name: table}, as_of=days_ago(3)))), "as known then"
