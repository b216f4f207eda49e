"""HubSpot as the only CRM: companies, contacts, deals and work fill the CRM's tables, at no further call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.connectors.hubspot.connector import HUBSPOT
from alignment_pipeline.connectors.hubspot.crm_ids import crm_id, hubspot_id, made_id
from alignment_pipeline.connectors.streams import StreamReport, StreamState
from alignment_pipeline.errors import Permanent
from alignment_pipeline.sandbox.hubspot.links import CONTACT_TO_COMPANY
from alignment_pipeline.sandbox.hubspot.settings import READ_SCOPES, HubSpotSettings
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore, Person
from alignment_pipeline_tests.connectors.served import NOW, TEN_DAYS_AGO, Served, by_id, rows_of, served

Rows = dict[str, list[dict[str, Any]]]
AT = TEN_DAYS_AGO
OWNERS = [
    {
        "id": "7",
        "type": "PERSON",
        "email": "rep@acme.example",
        "firstName": "Rita",
        "lastName": "Rep",
        "updatedAt": "2026-01-01T00:00:00.000Z",
    },
    {"id": "8", "type": "QUEUE", "firstName": "Inbound", "updatedAt": "2026-01-01T00:00:00.000Z"},
    {"id": "9", "type": "PERSON", "email": "gone@acme.example", "updatedAt": "2026-01-01T00:00:00.000Z", "archived": True},
]
STAGES = [
    {"id": "new", "label": "New", "metadata": {"probability": "0.2", "isClosed": "false"}},
    {"id": "won", "label": "Won", "metadata": {"probability": "1.0", "isClosed": "true"}},
]
PIPELINES = [{"id": "default", "label": "Sales", "stages": STAGES}]


def read(world: Served, states: dict[str, StreamState] | None = None) -> tuple[Rows, dict[str, StreamReport]]:
    """Rows by table and reports by object, of a portal that is the only CRM."""
    environ = {name: value for name, value in world.environment.items() if not name.startswith("SALESFORCE_")}
    session = HUBSPOT.open(environ, world.clock)
    readings = HUBSPOT.read(session, states or {}, lambda _: None, loader.load(loader.default_path()).crm)
    rows = {reading.stream.table: rows_of(reading) for reading in readings}
    return rows, {reading.stream.object: reading.report for reading in readings}


def person(world: Served) -> Person:
    return Person(world.world.hubspot, world.world.clock)


def test_a_company_its_contact_and_a_deal_become_account_contact_and_opportunity(world: Served) -> None:
    store: HubSpotStore = world.world.hubspot
    contact = {"id": 11, "at": AT, "email": "Ann@Acme.example", "firstname": "Ann", "hubspot_owner_id": "7", "associatedcompanyid": 21}
    store.load(
        {
            "companies": [
                {"id": 21, "at": AT, "name": "Acme", "domain": "acme.example", "lifecyclestage": "customer", "hubspot_owner_id": "8"}
            ],
            "contacts": [contact],
            "deals": [
                {"id": 31, "at": AT, "dealname": "Acme one", "dealstage": "new", "amount": "500", "closedate": "2026-12-01T03:00:00Z"}
            ],
        },
        owners=OWNERS,
        pipelines=PIPELINES,
    )
    store.link("deals", "31", "companies", "21")
    store.link("deals", "31", "contacts", "11")
    rows, _ = read(world)

    (account,), (found,) = rows["raw_salesforce_accounts"], rows["raw_salesforce_contacts"]
    assert (account["Id"], account["Type"], account["OwnerId"]) == ("001000000000000021", "Customer", "00G000000000000008")
    assert (found["AccountId"], found["OwnerId"], found["Email"]) == (account["Id"], "005000000000000007", "ann@acme.example")
    (deal,) = rows["raw_salesforce_opportunities"]
    # three in the morning in London is the day before in the portal's New York
    assert (deal["StageName"], deal["Amount"], deal["AccountId"], deal["CloseDate"]) == ("New", "500", account["Id"], "2026-11-30")
    (role,) = rows["raw_salesforce_opportunity_contact_roles"]
    assert (role["OpportunityId"], role["ContactId"], len(role["Id"])) == (deal["Id"], found["Id"], 18)
    (as_person,) = rows["raw_hubspot_contacts"]
    assert as_person["crmContactId"] == found["Id"]


def test_stages_and_owners_over_time_come_from_the_history_of_properties(world: Served) -> None:
    world.world.hubspot.load(
        {"deals": [{"id": 31, "at": AT, "dealstage": "new", "amount": "500", "hubspot_owner_id": "7"}]}, owners=OWNERS, pipelines=PIPELINES
    )
    person(world).edit("deals", "31", {"dealstage": "won", "hubspot_owner_id": "9"})
    rows, _ = read(world)

    spans = sorted(rows["raw_salesforce_opportunity_stages_over_time"], key=lambda row: str(row["CreatedDate"]))
    assert [(row["StageName"], row["Probability"], row["ForecastCategory"]) for row in spans] == [
        ("New", "20", "Pipeline"),
        ("Won", "100", "Closed"),
    ]
    (moved,) = [row for row in rows["raw_salesforce_opportunity_changes"] if row["Field"] == "Owner" and row["OldValue"]]
    assert (moved["OldValue"], moved["NewValue"]) == (crm_id("owners", "7"), crm_id("owners", "9"))


def test_owners_are_users_and_queues_with_their_zones_or_the_accounts_where_the_scope_is_missing() -> None:
    for scopes, zone in ((READ_SCOPES, "Europe/Berlin"), (READ_SCOPES - {"crm.objects.users.read"}, "US/Eastern")):
        store = HubSpotStore(HubSpotSettings(tokens={"pat": scopes}))
        users = [{"id": 71, "at": AT, "hs_standard_time_zone": "Europe/Berlin", "hubspot_owner_id": "7"}]
        store.load({"users": users}, owners=OWNERS)
        with served(hubspot=store) as world:
            rows, _ = read(world)
        found = by_id(rows["raw_salesforce_users"])

        assert found[crm_id("owners", "7")]["TimeZoneSidKey"] == zone
        assert {key: row["IsActive"] for key, row in found.items()} == {crm_id("owners", "7"): "true", crm_id("owners", "9"): "false"}
        assert [(row["Name"], row["Type"]) for row in rows["raw_salesforce_groups"]] == [("Inbound", "Queue")]


def test_work_with_several_contacts_touches_each_of_them_and_a_cancelled_meeting_nobody(world: Served) -> None:
    store: HubSpotStore = world.world.hubspot
    people = [{"id": 11 + number, "at": AT, "email": f"p{number}@acme.example"} for number in range(2)]
    meeting = {
        "hs_timestamp": "2026-11-12T10:00:00Z",
        "hs_meeting_start_time": "2026-11-12T10:00:00Z",
        "hs_meeting_end_time": "2026-11-12T10:30:00Z",
    }
    store.load(
        {
            "contacts": people,
            "calls": [
                {"id": 41, "at": AT, "hs_timestamp": "2026-11-11T10:00:00Z", "hs_call_direction": "OUTBOUND", "hs_call_duration": 90_000}
            ],
            "emails": [{"id": 42, "at": AT, "hs_timestamp": "2026-11-11T11:00:00Z", "hs_email_direction": "INCOMING_EMAIL"}],
            "tasks": [{"id": 43, "at": AT, "hs_task_subject": "Ring back", "hs_task_status": "NOT_STARTED", "hs_task_type": "CALL"}],
            "meetings": [{"id": 44, "at": AT, **meeting}, {"id": 45, "at": AT, **meeting, "hs_meeting_outcome": "CANCELED"}],
        }
    )
    for number in ("11", "12"):
        store.link("calls", "41", "contacts", number)
    store.link("tasks", "43", "contacts", "11")
    rows, _ = read(world)
    tasks = by_id(rows["raw_salesforce_tasks"])

    calls = [row for row in tasks.values() if row["TaskSubtype"] == "Call"]
    assert sorted(row["WhoId"] for row in calls) == [crm_id("contacts", "11"), crm_id("contacts", "12")]
    assert {(row["CallType"], row["CallDurationInSeconds"], row["IsClosed"]) for row in calls} == {("Outbound", "90", "true")}
    assert tasks[crm_id("emails", "42")]["CallType"] == "Inbound"
    assert tasks[crm_id("tasks", "43")]["TaskSubtype"] == "Task", "a task to call is no call"
    assert [(row["DurationInMinutes"], row["is_deleted"]) for row in rows["raw_salesforce_events"]] == [("30", False), ("30", True)]


def test_merged_and_archived_records_are_tombstones_that_name_the_survivor(world: Served) -> None:
    store: HubSpotStore = world.world.hubspot
    store.load({"contacts": [{"id": 11 + number, "at": AT, "email": f"p{number}@acme.example"} for number in range(3)]})
    _, first = read(world)
    merged = person(world).merge("contacts", "11", "12")
    person(world).archive("contacts", "13")
    world.world.advance(90_000)
    rows, _ = read(world, {name: report.state for name, report in first.items()})
    found = by_id(rows["raw_salesforce_contacts"])

    gone = {crm_id("contacts", one): crm_id("contacts", merged) for one in ("11", "12")} | {crm_id("contacts", "13"): None}
    assert {key: row["MasterRecordId"] for key, row in found.items() if row["is_deleted"]} == gone
    assert found[crm_id("contacts", merged)]["is_deleted"] is False


def test_the_crms_tables_cost_no_call_but_the_zones_and_the_account(world: Served) -> None:
    store: HubSpotStore = world.world.hubspot
    people = [{"id": 1000 + number, "at": AT, "email": f"p{number}@acme.example", "associatedcompanyid": 21} for number in range(120)]
    store.load({"companies": [{"id": 21, "at": AT, "name": "Acme"}], "contacts": people}, owners=OWNERS, pipelines=PIPELINES)
    for one in people:
        store.link("contacts", str(one["id"]), "companies", "21", type_ids=[CONTACT_TO_COMPANY["primary"]])
    _, first = read(world)
    world.world.advance(3_600)
    rows, second = read(world, {name: report.state for name, report in first.items()})

    assert sum(report.calls for name, report in first.items() if name[0].isupper()) == 1
    assert sum(report.calls for report in second.values()) <= 40
    assert rows["raw_salesforce_contacts"] == [] and len(rows["raw_salesforce_users"]) == 2


def test_beside_salesforce_the_crms_tables_are_left_alone(world: Served) -> None:
    session = HUBSPOT.open(world.environment, world.clock)
    readings = HUBSPOT.read(session, {}, lambda _: None, loader.load(loader.default_path()).crm)

    assert not [reading.stream.table for reading in readings if reading.stream.table.startswith("raw_salesforce")]


def test_ids_lead_back_to_hubspots_own() -> None:
    assert crm_id("contacts", "151") == "003000000000000151" and hubspot_id("003000000000000151") == "151"
    assert len(made_id("00K", "a", "b")) == 18 and made_id("00K", "a", "b") != made_id("00K", "b", "a")
    for wrong in ("00Q000000000000151", "003", "0030000000000001x1"):
        with pytest.raises(Permanent):
            hubspot_id(wrong)
    with pytest.raises(ValueError, match="no HubSpot id"):
        crm_id("contacts", "12345678901234")


def test_the_first_reading_is_known_since_the_records_own_stamps(world: Served) -> None:
    world.world.hubspot.load({"contacts": [{"id": 11, "at": AT, "email": "a@acme.example"}]})
    rows, _ = read(world)

    (found,) = rows["raw_salesforce_contacts"]
    assert found["is_reconstructed"] and abs(found["known_at"] - AT) < timedelta(seconds=1) and found["known_at"] < NOW
