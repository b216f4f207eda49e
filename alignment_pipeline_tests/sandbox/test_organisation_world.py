"""The demo organisation as a whole: reproducible, complete, referentially sound, and loadable by both embedded systems."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox import organisation
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.organisation import Organisation, ids
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore

SMALL: dict[str, Any] = {"accounts": 200, "people": 800, "activities": 6000}
REFERENCES = {  # field -> objects it may point at; fields of one name mean the same everywhere except where an object is given
    "OwnerId": {"User", "Group"},
    "CreatedById": {"User"},
    "LastModifiedById": {"User"},
    "AccountId": {"Account"},
    "ParentId": {"Account", "Campaign"},
    "MasterRecordId": {"Account", "Contact", "Lead"},
    "ManagerId": {"User"},
    "ConvertedAccountId": {"Account"},
    "ConvertedContactId": {"Contact"},
    "ConvertedOpportunityId": {"Opportunity"},
    "OpportunityId": {"Opportunity"},
    "ContactId": {"Contact"},
    "LeadId": {"Lead"},
    "ReportsToId": {"Contact"},
    "CampaignId": {"Campaign"},
    "WhoId": {"Lead", "Contact"},
    "WhatId": {"Opportunity", "Account"},
    "GroupId": {"Group"},
    "UserOrGroupId": {"User"},
    "QueueId": {"Group"},
}


@cache
def small() -> Organisation:
    return organisation.generate(seed=11, **SMALL)


def digest(found: Organisation) -> str:
    """A hash over every record, the log and the truth."""
    hashed = hashlib.sha256()
    for name in sorted(found.salesforce):
        for record in found.salesforce[name]:
            hashed.update(repr((name, sorted(record.items()))).encode())
    for part in (found.marketo_leads, found.marketo_activities, found.marketo_activity_types, found.marketo_deleted_leads):
        for row in part:
            hashed.update(repr(row).encode())
    hashed.update(repr(found.truth).encode())
    return hashed.hexdigest()


def test_one_seed_gives_one_organisation_and_another_seed_another() -> None:
    again, other = organisation.generate(seed=11, **SMALL), organisation.generate(seed=12, **SMALL)

    assert digest(again) == digest(small())
    assert digest(other) != digest(small())


def test_the_demo_has_the_promised_size() -> None:
    found = organisation.generate(seed=7)

    assert len(found.salesforce["Account"]) == 5000
    assert (len(found.salesforce["Lead"]), len(found.salesforce["Contact"])) == (12_500, 7_500)
    assert len(found.marketo_activities) == 300_000
    live = [lead for lead in found.truth.leads if lead.is_live]
    share = sum(lead.kind == "account" for lead in live) / len(live)
    assert 0.52 < share < 0.60
    assert 20 < 1000 * sum(begun[-1] > "2026-09-22" for begun in found.truth.hot_accounts.values()) / 5000 < 30
    assert found.anchor.weekday() == 5


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ({"accounts": 6000, "people": 20_000, "activities": 300_000}, "6000 accounts"),
        ({"accounts": 200, "people": 100, "activities": 6000}, "500 people"),
        ({"accounts": 200, "people": 800, "activities": 100}, "5 activities for each"),
    ],
)
def test_sizes_out_of_range_are_refused(sizes: dict[str, int], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        organisation.generate(seed=1, **sizes)


def test_an_anchor_without_time_zone_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="has no time zone"):
        organisation.generate(seed=1, anchor=datetime(2026, 11, 21), **SMALL)


def test_every_id_is_18_characters_with_the_objects_prefix_and_its_check_characters() -> None:
    seen: Counter[str] = Counter()
    for name, records in small().salesforce.items():
        for record in records:
            identifier = str(record["Id"])
            seen[identifier] += 1

            assert identifier == ids.with_suffix(identifier[:15])
            assert identifier[:3] == ids.PREFIXES[name]
    assert max(seen.values()) == 1


def test_the_check_suffix_is_the_documented_one() -> None:
    assert ids.with_suffix("001A0000006Vm9r") == "001A0000006Vm9rIAC"


def test_every_reference_points_at_a_record_of_the_right_object() -> None:
    found = small()
    known = {name: {record["Id"] for record in records} for name, records in found.salesforce.items()}
    checked: Counter[str] = Counter()
    for name, records in found.salesforce.items():
        for record in records:
            for field, objects in REFERENCES.items():
                value = record.get(field)
                if value is not None:
                    checked[field] += 1
                    assert any(value in known[target] for target in objects), (name, record["Id"], field, value)
    assert set(checked) == set(REFERENCES)


def test_nothing_happens_before_it_is_made_or_after_the_anchor() -> None:
    found = small()
    for name, records in found.salesforce.items():
        for record in records:
            stamps = [record[field] for field in ("CreatedDate", "LastModifiedDate", "SystemModstamp") if field in record]
            assert all(isinstance(moment, datetime) and moment.tzinfo == UTC and moment.microsecond == 0 for moment in stamps)
            assert all(one <= later for one, later in pairwise(stamps)), (name, record["Id"], stamps)  # type: ignore[operator]
            assert all(moment <= found.anchor for moment in stamps)  # type: ignore[operator]
            if record.get("CompletedDateTime") is not None:
                assert record["CompletedDateTime"] <= found.anchor  # type: ignore[operator]


def test_accounts_are_older_than_their_contacts_and_opportunities() -> None:
    born = {record["Id"]: record["CreatedDate"] for record in small().salesforce["Account"]}
    for name in ("Contact", "Opportunity"):
        for record in small().salesforce[name]:
            assert record["AccountId"] is None or born[record["AccountId"]] <= record["CreatedDate"]  # type: ignore[operator]


def test_every_object_the_pipeline_reads_is_there_with_its_required_fields() -> None:
    found = small()
    # the organisation has not switched Shared Activities on
    unused = {"TaskRelation", "EventRelation"}
    # and it has one currency
    for stream in (one for one in SALESFORCE.streams if one.object not in unused and one.only_with is None):
        records = found.salesforce[stream.object]
        assert records, stream.object
        for field in stream.required:
            assert all(record.get(field) is not None or field in ("OldValue", "NewValue") for record in records), (stream.object, field)
        for field in stream.optional:
            assert not stream.object.endswith("History") or field in records[0] or field in ("IsDeleted",), (stream.object, field)
    for field in ("id", "createdAt", "updatedAt"):
        assert all(lead.get(field) for lead in found.marketo_leads)


def test_both_embedded_systems_load_it_whole() -> None:
    found = small()
    salesforce, marketo = SalesforceStore(), MarketoStore()

    salesforce.load(found.salesforce)
    marketo.load(found.marketo_leads, found.marketo_activities, found.marketo_activity_types, found.marketo_deleted_leads)

    for name, records in found.salesforce.items():
        assert {record["Id"] for record in records} <= set(salesforce.tables[name])
    assert len(marketo.leads) == len(found.marketo_leads)
    assert len(marketo.log) == len(found.marketo_activities) + len(found.marketo_deleted_leads)


def test_values_fit_the_fields_of_the_schema() -> None:
    found, schema = small(), SalesforceStore().schema
    for name, records in found.salesforce.items():
        fields = {one.name: one for one in schema.objects[name].fields}
        for record in records:
            for field, value in record.items():
                one = fields[field]
                if isinstance(value, str) and one.length:
                    assert len(value) <= one.length, (name, field, value)
                if one.restricted and value is not None:
                    assert value in one.active_values, (name, field, value)
                if value is None and not one.nillable:
                    raise AssertionError((name, record["Id"], field))


def test_people_input_fields_are_empty_at_first() -> None:
    for records in small().salesforce.values():
        assert not any(field.endswith("__c") for record in records for field in record)


def test_any_anchor_works_and_clocks_run_at_it() -> None:
    tuesday_noon = datetime(2025, 7, 8, 12, 0, tzinfo=UTC)

    found = organisation.generate(seed=5, anchor=tuesday_noon, **SMALL)

    recent = [raised for raised in found.truth.hand_raises if raised.is_recent and raised.story == "pending"]
    assert len(recent) >= 3
    assert all(raised.assigned_at is not None and raised.assigned_at > "2025-07-07" for raised in recent)
    assert max(row["activityDate"] for row in found.marketo_activities) <= "2025-07-08T12:00:00Z"


def test_calendars_users_and_queues_are_the_awkward_ones_of_real_life() -> None:
    found = small()
    users = {record["Id"]: record for record in found.salesforce["User"]}
    managers = {identifier: record["ManagerId"] for identifier, record in users.items()}

    assert sum(not record["IsActive"] for record in users.values()) >= 2
    assert any(manager is not None and not users[manager]["IsActive"] for manager in managers.values())
    assert any(manager is None and users[identifier]["Title"] == "Account Executive" for identifier, manager in managers.items())
    assert any(manager is not None and managers[manager] == identifier for identifier, manager in managers.items())
    assert len({record["TimeZoneSidKey"] for record in users.values()}) >= 8
    assert sum(record["Type"] == "Queue" for record in found.salesforce["Group"]) >= 8
    hours = found.salesforce["BusinessHours"]
    assert sum(bool(record["IsDefault"]) for record in hours) == 1
    assert sum(record["SaturdayStartTime"] is None for record in hours) >= 8
    kinds = {record.get("RecurrenceType") for record in found.salesforce["Holiday"]}
    assert {None, "RecursYearly", "RecursYearlyNth"} <= kinds
    assert any(not record["IsAllDay"] for record in found.salesforce["Holiday"])


def test_history_rows_come_with_owner_changes_in_two() -> None:
    rows = [record for record in small().salesforce["LeadHistory"] if record["Field"] == "Owner"]
    pairs: dict[tuple[object, object], list[object]] = {}
    for row in rows:
        pairs.setdefault((row["LeadId"], row["CreatedDate"]), []).append(row["NewValue"])
    keys = {record["Id"] for name in ("User", "Group") for record in small().salesforce[name]}

    assert len(pairs) >= 100
    assert all(len(values) == 2 and sum(value in keys for value in values) == 1 for values in pairs.values())


def test_the_last_history_row_agrees_with_the_record() -> None:
    found = small()
    last: dict[tuple[object, object], tuple[object, object]] = {}
    for row in found.salesforce["LeadHistory"]:
        key = (row["LeadId"], row["Field"])
        is_name = row["Field"] == "Owner" and row["DataType"] == "Text"
        if row["Field"] in ("Owner", "Status") and not is_name and (key not in last or last[key][0] <= row["CreatedDate"]):  # type: ignore[operator]
            last[key] = (row["CreatedDate"], row["NewValue"])
    leads = {record["Id"]: record for record in found.salesforce["Lead"]}
    for (lead, field), (_, value) in last.items():
        assert leads[lead]["OwnerId" if field == "Owner" else "Status"] == value

    assert len(last) > 300


def test_opportunity_history_holds_the_values_after_each_change() -> None:
    found = small()
    newest: dict[object, dict[str, object]] = {}
    for row in found.salesforce["OpportunityHistory"]:
        newest[row["OpportunityId"]] = row
    by_id = {record["Id"]: record for record in found.salesforce["Opportunity"]}

    assert set(newest) == set(by_id)
    for identifier, row in newest.items():
        for field in ("StageName", "Amount", "CloseDate", "Probability"):
            assert row[field] == by_id[identifier][field]
    stages = {record["MasterLabel"]: record for record in found.salesforce["OpportunityStage"]}
    for record in by_id.values():
        assert (record["IsClosed"], record["IsWon"]) == (stages[record["StageName"]]["IsClosed"], stages[record["StageName"]]["IsWon"])
    assert {"Closed Won", "Closed Lost", "Prospecting", "Negotiation/Review"} <= {str(record["StageName"]) for record in by_id.values()}
    assert sum(isinstance(row["NewValue"], date) for row in found.salesforce["OpportunityFieldHistory"]) >= 20
    assert sum(row["Field"] == "created" for row in found.salesforce["OpportunityFieldHistory"]) == len(by_id)


def test_created_dates_spread_over_eighteen_months() -> None:
    found = small()
    months = Counter(record["CreatedDate"].strftime("%Y-%m") for record in found.salesforce["Lead"])  # type: ignore[attr-defined]

    assert len(months) >= 18
    assert min(record["CreatedDate"] for record in found.salesforce["Lead"]) >= found.anchor - timedelta(days=545)  # type: ignore[type-var]
