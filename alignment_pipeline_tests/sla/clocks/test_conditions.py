"""A promise for some records only: by any field that is read, of the person, the lead, the account or the deal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.agreement.sla_policies import Policy
from alignment_pipeline_tests.sla.factories import ACCOUNT, CONTACT, DEAL, LEAD, World, at, rows_of

START = at("2026-11-18T10:00:00")
OTHER = "00Q000000000002AAA"


def policy(**more: Any) -> dict[str, Any]:
    return {
        "name": "p", "title": "P", "trigger": {"event": "activity"}, "stops": [{"event": "touch"}], "target": {"hours": 1},
        "time": "calendar", **more,
    }  # fmt: skip


def clocked(world: World, crm: Crm, **more: Any) -> set[object]:
    sla = Sla.model_validate({"calendars": [], "policies": [policy(**more)]})
    return {row["subject_id"] for row in rows_of(world.ledger(sla, crm, START + timedelta(hours=2)).clocks)}


def value(world: World, key: str, field: str, held: str) -> World:
    return world.add("condition_values", source_key=key, field=field, value=held)


def two_leads() -> World:
    world = World().lead().lead(OTHER).hand_raise(START).hand_raise(START, source=f"lead:{OTHER}")
    value(world, f"lead:{LEAD}", "Lead.Region__c", "EMEA North")
    return value(world, f"lead:{OTHER}", "Lead.Region__c", "Americas")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"where": {"Lead.Region__c": ["emea*"]}}, {LEAD}),
        ({"where_not": {"Lead.Region__c": ["emea*"]}}, {OTHER}),
        ({"where": {"Lead.Region__c": ["emea*", "americas"]}}, {LEAD, OTHER}),
        ({"where": {"Lead.Rating": ["*"]}}, set()),
        ({"where_not": {"Lead.Rating": ["*"]}}, {LEAD, OTHER}),
        ({"where": {"Lead.Region__c": ["*"]}, "where_not": {"Lead.Region__c": ["am*"]}}, {LEAD}),
    ],
)
def test_a_field_of_the_lead_decides(crm: Crm, conditions: dict[str, Any], expected: set[str]) -> None:
    assert clocked(two_leads(), crm, **conditions) == {f"lead:{one}" for one in expected}


def test_one_record_of_the_person_is_enough(crm: Crm) -> None:
    person = f"lead:{LEAD}"
    world = World().lead().contact(person=person).hand_raise(START)
    value(world, f"contact:{CONTACT}", "Contact.Department", "Procurement")
    assert clocked(world, crm, where={"Contact.Department": ["procure*"]}) == {person}
    assert clocked(world, crm, where_not={"Contact.Department": ["procure*"]}) == set()


def test_what_the_person_says_and_what_the_account_says_decide(crm: Crm) -> None:
    world = World().lead().hand_raise(START).account(people=[f"lead:{LEAD}"])
    world.rows["people"][0]["country"] = "Germany"
    value(world, f"account:{ACCOUNT}", "Account.Tier__c", "Gold")
    assert clocked(world, crm, where={"person.country": ["germany"], "Account.Tier__c": ["gold"]}) == {f"lead:{LEAD}"}
    assert clocked(world, crm, where={"person.country": ["france"]}) == set()
    assert clocked(world, crm, where_not={"Account.Tier__c": ["gold"]}) == set()


def test_accounts_and_deals_have_conditions_too(crm: Crm) -> None:
    world = World().lead().account().deal(created=START).mqa(START)
    value(world, f"opportunity:{DEAL}", "Opportunity.Type", "New Business")
    value(world, f"account:{ACCOUNT}", "Account.Industry", "Energy")
    of_deals = {"subject": "opportunity", "trigger": {"event": "opportunity_created"}}
    of_accounts = {"subject": "account", "trigger": {"event": "mqa_entered"}}
    assert clocked(world, crm, **of_deals, where={"Opportunity.Type": ["new*"], "Account.Industry": ["energy"]}) == {DEAL}
    assert clocked(world, crm, **of_deals, where_not={"Account.Industry": ["energy"]}) == set()
    assert clocked(world, crm, **of_accounts, where={"Account.Industry": ["energy"]}) == {ACCOUNT}


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"subject": "account", "where": {"Lead.Rating": ["hot"]}}, "Lead.Rating is no field of subject account"),
        ({"where": {"person.shoe_size": ["44"]}}, "person.shoe_size is no column of people"),
        ({"where": {"Opportunity.Type": ["new"]}}, "Opportunity.Type is no field of subject person"),
    ],
)
def test_a_field_that_the_subject_has_not_is_refused_in_words(given_: dict[str, Any], said: str) -> None:
    usual = {"trigger": {"event": "mqa_entered"}} if given_.get("subject") == "account" else {}
    with pytest.raises(ValidationError, match=said):
        Policy.model_validate(policy(**usual | given_))


@settings(max_examples=12, deadline=None)
@given(st.dictionaries(st.sampled_from([LEAD, OTHER]), st.sampled_from(["EMEA", "APAC", "Americas"])), st.sampled_from(["EMEA", "A*", "*"]))
def test_a_condition_and_its_opposite_part_the_leads(crm: Crm, held: dict[str, str], pattern: str) -> None:
    """The law: each subject meets either `where` or the same `where_not`, never both."""
    world = World().lead().lead(OTHER).hand_raise(START).hand_raise(START, source=f"lead:{OTHER}")
    for lead, region in held.items():
        value(world, f"lead:{lead}", "Lead.Region__c", region)
    met, unmet = (clocked(world, crm, **{key: {"Lead.Region__c": [pattern]}}) for key in ("where", "where_not"))

    assert met | unmet == {f"lead:{LEAD}", f"lead:{OTHER}"} and not met & unmet


def test_the_example_of_two_countries_clocks_each_new_lead_but_not_those_of_lists(crm: Crm) -> None:
    """Four business hours in Berlin from a lead's creation at 16:00 there: until 11:00 of the next day. A bought list makes no promise."""
    path = loader.example_path("two_countries")
    created = at("2026-11-18T10:00:00")
    world = World().lead(LEAD, created=created).lead(OTHER, created=created)
    world.add("condition_values", source_key=f"lead:{LEAD}", field="Lead.LeadSource", value="Web")
    world.add("condition_values", source_key=f"lead:{OTHER}", field="Lead.LeadSource", value="Purchased List")

    ledger = world.ledger(loader.load(path).sla, crm, created + timedelta(hours=1))

    clocks = [row for row in rows_of(ledger.clocks) if row["policy"] == "first_call"]
    assert [(row["record_id"], row["started_at"], row["due_at"]) for row in clocks] == [(LEAD, created, at("2026-11-19T05:00:00"))]
    assert len(path.read_text(encoding="utf-8").splitlines()) < 120
