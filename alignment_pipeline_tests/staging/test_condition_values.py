"""Values of the fields that conditions name: standard and custom ones, of living records, empty ones left out."""

from __future__ import annotations

from typing import Any

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.staging import condition_values as rule
from alignment_pipeline_tests.staging.factories import account, contact, lead, opportunity, raw, raw_row, rows

LEADS, CONTACTS, ACCOUNTS, DEALS = rule.TABLES


def made(policies: list[dict[str, Any]], **given: dict[str, Any]) -> dict[tuple[str, str], str]:
    usual = {"title": "P", "trigger": {"event": "touch"}, "stops": [{"event": "touch"}], "target": {"hours": 1}, "time": "calendar"}
    sla = Sla.model_validate({"policies": [usual | {"name": f"p{place}"} | one for place, one in enumerate(policies)]})
    living = {name: raw(name, *([given[name]] if name in given else [])) for name in rule.TABLES}
    return {(row["source_key"], row["field"]): row["value"] for row in rows(rule.condition_values(living, sla=sla))}


def test_a_standard_field_and_a_custom_one_are_read_and_an_empty_one_is_left_out() -> None:
    policy = {"where": {"Lead.Rating": ["hot"], "Lead.Region__c": ["*"]}, "where_not": {"Lead.Industry": ["*"], "person.country": ["x"]}}
    found = made([policy], **{LEADS: raw_row(LEADS, lead(1), Rating=" Hot ", custom={"Region__c": "EMEA"})})
    assert found == {(f"lead:{lead(1)}", "Lead.Rating"): "Hot", (f"lead:{lead(1)}", "Lead.Region__c"): "EMEA"}


def test_every_object_has_its_own_fields_and_a_field_of_two_policies_is_read_once() -> None:
    deals = {"subject": "opportunity", "where": {"Opportunity.Type": ["new"], "Account.Type": ["*"]}}
    found = made(
        [deals, deals, {"where": {"Contact.Title": ["ceo"]}}],
        **{
            CONTACTS: raw_row(CONTACTS, contact(1), Title="CEO"),
            ACCOUNTS: raw_row(ACCOUNTS, account(1), Type="Customer"),
            DEALS: raw_row(DEALS, opportunity(1), Type="New"),
        },
    )
    assert found == {
        (f"contact:{contact(1)}", "Contact.Title"): "CEO",
        (f"account:{account(1)}", "Account.Type"): "Customer",
        (f"opportunity:{opportunity(1)}", "Opportunity.Type"): "New",
    }


def test_without_conditions_nothing_is_read() -> None:
    assert made([{}], **{LEADS: raw_row(LEADS, lead(1), Rating="Hot")}) == {}
