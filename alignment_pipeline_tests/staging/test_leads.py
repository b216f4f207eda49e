"""Leads, contacts, users, queues and Marketo's people: conversion, owners, managers, inputs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import ibis

from alignment_pipeline.agreement.field_map import Crm, InputMapping
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import stacked
from alignment_pipeline.contracts.systems.system import System
from alignment_pipeline.staging import contacts, leads, marketing_persons, users, versions
from alignment_pipeline_tests.staging.factories import NOW, account, contact, lead, one, raw, raw_row, rows, user

LEADS, CHANGES, USERS = "raw_salesforce_leads", "raw_salesforce_lead_changes", "raw_salesforce_users"
GROUPS, MEMBERS = "raw_salesforce_groups", "raw_salesforce_group_members"
QUEUE = "00G000000000001AAA"
CRM = Crm(
    fields=[],
    inputs=[
        InputMapping(object="Lead", field="Hold__c", meaning="is_on_hold", type="checkbox", label="Hold"),
        InputMapping(object="Lead", field="Said__c", meaning="disposition", label="Said"),
        InputMapping(object="Contact", field="Said__c", meaning="disposition", label="Said"),
    ],
)


def staged_leads(*given: dict[str, Any], changes: Any = ()) -> dict[str, dict[str, Any]]:
    current = versions.living(raw(LEADS, *given), as_of=NOW)
    history = versions.living(raw(CHANGES, *changes), as_of=NOW)
    return {row["lead_id"]: row for row in rows(leads.leads(current, changes=history, crm=CRM))}


def marketing(name: str, *given: dict[str, Any]) -> list[dict[str, Any]]:
    """People of the one system whose raw table has rows."""
    living = {one: versions.living(raw(one, *(given if one == name else ())), as_of=NOW) for one in marketing_persons.TABLES}
    return rows(marketing_persons.marketing_persons(living), "source_key")


def conversion(number: int, record: int, moment: str) -> dict[str, Any]:
    return raw_row(CHANGES, f"017{number:012d}AAA", LeadId=lead(record), Field="leadConverted", CreatedDate=moment)


def test_the_moment_of_conversion_is_the_history_s_else_the_start_of_the_day() -> None:
    converted = {"IsConverted": "true", "ConvertedDate": "2026-11-05", "ConvertedContactId": contact(1), "ConvertedAccountId": account(1)}
    found = staged_leads(
        raw_row(LEADS, lead(1), **converted),
        raw_row(LEADS, lead(2), **converted),
        raw_row(LEADS, lead(3), IsConverted="false", ConvertedDate="2026-11-05"),
        raw_row(LEADS, lead(4), **converted),
        changes=[
            conversion(1, 1, "2026-11-05T16:20:00.000Z"),
            # the record was restored and converted again
            conversion(2, 1, "2026-11-06T09:00:00.000Z"),
            conversion(3, 3, "2026-11-05T16:20:00.000Z"),
            conversion(4, 4, "infinity"),
        ],
    )
    expected = {
        1: datetime(2026, 11, 6, 9, tzinfo=UTC),
        2: datetime(2026, 11, 5, tzinfo=UTC),
        3: None,
        4: datetime(2026, 11, 5, tzinfo=UTC),
    }
    assert expected == {number: found[lead(number)]["converted_at"] for number in expected}
    assert [contact(1), account(1)] == [found[lead(1)][name] for name in ("converted_contact_id", "converted_account_id")]


def test_queues_own_leads_and_inputs_are_read_by_the_agreement() -> None:
    found = staged_leads(
        raw_row(LEADS, lead(1), OwnerId=QUEUE, HasOptedOutOfEmail="true", custom={"Hold__c": "true", "Said__c": " call later "}),
        raw_row(LEADS, lead(2), OwnerId=user(1), custom={"Hold__c": "false"}),
        raw_row(LEADS, lead(3), Email=" Jane@Example.com "),
    )
    names = ("is_owned_by_queue", "is_opted_out", "is_on_hold", "disposition", "email")
    expected = {
        1: (True, True, True, "call later", None),
        2: (False, False, False, None, None),
        3: (False, False, False, None, "jane@example.com"),
    }
    assert expected == {number: tuple(found[lead(number)][name] for name in names) for number in expected}


def test_contacts_read_their_own_inputs_only() -> None:
    name = "raw_salesforce_contacts"
    table = raw(name, raw_row(name, contact(1), AccountId=account(1), custom={"Said__c": "no budget", "Hold__c": "true"}))
    (found,) = rows(contacts.contacts(versions.living(table, as_of=NOW), crm=CRM))
    assert (account(1), "no budget", False) == (found["account_id"], found["disposition"], found["is_on_hold"])


def test_managers_without_circles() -> None:
    # 1 -> 2 -> 3 -> 1 is a circle; 4 reports into it, 5 to himself, 6 to somebody who left, 7 to an inactive user
    managers = {1: 2, 2: 3, 3: 1, 4: 1, 5: 5, 6: 99, 7: 8, 8: None}
    table = raw(
        USERS,
        *[
            raw_row(USERS, user(number), ManagerId=user(manager) if manager else None, IsActive="false" if number == 8 else "true")
            for number, manager in managers.items()
        ],
    )
    found = {row["user_id"]: (row["manager_id"], row["manager_is_active"]) for row in rows(users.users(versions.living(table, as_of=NOW)))}
    expected = {
        1: (None, None),
        2: (user(3), True),
        3: (user(1), True),
        4: (user(1), True),
        5: (None, None),
        6: (user(99), False),
        7: (user(8), False),
        8: (None, None),
    }
    assert {user(number): pair for number, pair in expected.items()} == found


def test_who_stands_behind_a_queue() -> None:
    groups = raw(
        GROUPS,
        raw_row(GROUPS, QUEUE, Name="Inbound", Type="Queue"),
        raw_row(GROUPS, "00G000000000002AAA", Name="Public group", Type="Regular"),
        raw_row(GROUPS, "00G000000000003AAA", Name=None, Type="Queue"),
    )
    members = raw(
        MEMBERS,
        raw_row(MEMBERS, "011000000000001AAA", GroupId=QUEUE, UserOrGroupId=user(1)),
        raw_row(MEMBERS, "011000000000002AAA", GroupId=QUEUE, UserOrGroupId=user(1)),
        raw_row(MEMBERS, "011000000000003AAA", GroupId=QUEUE, UserOrGroupId="00G000000000002AAA"),
        raw_row(MEMBERS, "011000000000004AAA", GroupId="00G000000000002AAA", UserOrGroupId=user(2)),
        raw_row(MEMBERS, "011000000000005AAA", GroupId="00G000000000003AAA", UserOrGroupId=user(3)),
    )
    found = rows(users.queue_members(groups, members), "queue_id")
    expected = [(QUEUE, "Inbound", user(1)), ("00G000000000003AAA", "00G000000000003AAA", user(3))]
    assert expected == [(row["queue_id"], row["queue_name"], row["user_id"]) for row in found]


def test_marketo_people_have_flags_and_a_birth() -> None:
    name = "raw_marketo_leads"
    first, second = marketing(
        name,
        raw_row(name, "7", email="A@B.example", unsubscribed="true", sfdcLeadId=lead(1)),
        raw_row(name, "8", createdAt=None, isAnonymous="1", sfdcContactId="not an id"),
    )
    assert ("a@b.example", True, False, lead(1)) == tuple(first[one] for one in ("email", "is_unsubscribed", "is_anonymous", "lead_id"))
    assert (True, None, second["modified_at"]) == tuple(second[one] for one in ("is_anonymous", "contact_id", "created_at"))


def test_hubspot_people_have_flags_too() -> None:
    name = "raw_hubspot_contacts"
    first, second = marketing(
        name,
        raw_row(name, "7", email="A@B.example", hs_email_optout="true", salesforceleadid=lead(1)),
        raw_row(name, "8", hs_email_hard_bounce_reason_enum="UNKNOWN_USER"),
    )
    assert ("hubspot:7", "a@b.example", True, False, lead(1)) == tuple(
        first[one] for one in ("source_key", "email", "is_unsubscribed", "is_email_invalid", "lead_id")
    )
    assert (False, True, False) == tuple(second[one] for one in ("is_unsubscribed", "is_email_invalid", "is_anonymous"))


def test_a_system_that_knows_only_addresses_gives_people_without_the_rest() -> None:
    newsletter = System("newsletter", "Newsletter", "marketing", ())
    people = ibis.memtable({"marketing_id": ["7"], "email": ["a@b.example"], "modified_at": [NOW], "known_at": [NOW]})

    found = one(stacked([marketing_persons.of_system(newsletter, people)], CONTRACTS["marketing_persons"]))

    empty = dict.fromkeys(CONTRACTS["marketing_persons"].names)
    flags = dict.fromkeys(("is_unsubscribed", "is_email_invalid", "is_anonymous"), False)
    own = {"source_key": "newsletter:7", "system": "newsletter", "marketing_id": "7", "email": "a@b.example"}
    assert found == empty | flags | own | dict.fromkeys(("created_at", "modified_at", "known_at"), NOW)
