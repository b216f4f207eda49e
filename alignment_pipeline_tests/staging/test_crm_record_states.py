"""What the mapped fields hold now, what became of each record, and how opportunities closed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from alignment_pipeline.agreement.currencies import Currencies
from alignment_pipeline.agreement.field_map import Crm, FieldMapping
from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.staging import crm_field_values, crm_record_states, opportunities, versions
from alignment_pipeline_tests.staging.factories import NOW, account, contact, days_ago, lead, opportunity, raw, raw_row, rows

TYPES = {"Number__c": "number", "Percent__c": "percent", "Box__c": "checkbox", "At__c": "datetime", "On__c": "date", "Text__c": "text"}
CRM = Crm(
    fields=[
        FieldMapping(object="Lead", field=field, value="person.stage", type=kind, label=field, scale=2 if kind == "number" else 0)  # type: ignore[arg-type]
        for field, kind in TYPES.items()
    ]
)


def values(custom: dict[str, Any]) -> dict[str, Any]:
    """Field -> value, as the plan reads it."""
    living = {"Lead": raw("raw_salesforce_leads", raw_row("raw_salesforce_leads", lead(1), custom=custom))}
    return {row["field"]: json.loads(row["value"]) for row in rows(crm_field_values.crm_field_values(living, crm=CRM))}


def test_values_have_the_type_of_their_field() -> None:
    given = {
        "Number__c": "12.50",
        "Percent__c": "7",
        "Box__c": "true",
        "At__c": "2026-11-20T13:00:00.000+0100",
        "On__c": "2026-11-20",
        "Text__c": "12.50",
    }
    expected = {
        "Number__c": 12.5,
        "Percent__c": 7.0,
        "Box__c": True,
        "At__c": "2026-11-20T12:00:00Z",
        "On__c": "2026-11-20",
        "Text__c": "12.50",
    }
    assert expected == values(given)


def test_empty_is_null_and_an_unticked_box_is_false() -> None:
    assert dict.fromkeys(TYPES) | {"Box__c": False} == values(dict.fromkeys(TYPES))


def test_a_field_that_was_not_read_has_no_row() -> None:
    assert {"Text__c": "x"} == values({"Text__c": "x"})


def test_what_does_not_fit_its_type_stays_text_so_that_the_plan_sees_a_difference() -> None:
    given = {"Number__c": "NaN", "Percent__c": "1e999", "At__c": "yesterday", "Text__c": 'quote " and \\ slash\n'}
    assert given == values(given)


def states(**given: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    names = ("accounts", "contacts", "leads", "opportunities")
    tables = {f"raw_salesforce_{name}": raw(f"raw_salesforce_{name}", *given.get(name, ())) for name in names}
    return {row["record_id"]: row for row in rows(crm_record_states.crm_record_states(tables, as_of=NOW))}


def merged(number: int, into: int | None) -> dict[str, Any]:
    master = {"MasterRecordId": account(into)} if into is not None else {}
    return raw_row("raw_salesforce_accounts", account(number), is_deleted=into is not None, **master)


def test_chains_of_merges_end_at_the_survivor() -> None:
    # 1 -> 2 -> 3; 4 <-> 5 is a circle; 6 was merged into itself by a broken restore; 7 into somebody never read
    found = states(accounts=[merged(1, 2), merged(2, 3), merged(3, None), merged(4, 5), merged(5, 4), merged(6, 6), merged(7, 99)])
    expected = {1: 3, 2: 3, 3: 3, 4: 4, 5: 5, 6: 6, 7: 99}
    assert {account(number): account(end) for number, end in expected.items()} == {
        record: row["survivor_id"] for record, row in found.items()
    }
    assert [True, True, False] == [found[account(number)]["is_deleted"] for number in (1, 2, 3)]


def test_a_survivor_that_was_deleted_stays_the_survivor() -> None:
    gone = raw_row("raw_salesforce_accounts", account(2), is_deleted=True)
    found = states(accounts=[merged(1, 2), gone])
    assert (account(2), True) == (found[account(1)]["survivor_id"], found[account(2)]["is_deleted"])


def test_a_converted_lead_names_its_contact_and_every_object_is_there() -> None:
    found = states(
        leads=[raw_row("raw_salesforce_leads", lead(1), IsConverted="true", ConvertedContactId=contact(1))],
        contacts=[raw_row("raw_salesforce_contacts", contact(1))],
        opportunities=[raw_row("raw_salesforce_opportunities", opportunity(1))],
    )
    assert {"Lead", "Contact", "Opportunity"} == {row["object"] for row in found.values()}
    assert contact(1) == found[lead(1)]["converted_to_id"]


def deal(number: int, **more: Any) -> dict[str, Any]:
    return raw_row("raw_salesforce_opportunities", opportunity(number), **{"CloseDate": "2026-11-30", "IsClosed": "true"} | more)


def step(number: int, of: int, stage: str, days: float) -> dict[str, Any]:
    name = "raw_salesforce_opportunity_stages_over_time"
    return raw_row(name, f"008{number:012d}AAA", OpportunityId=opportunity(of), StageName=stage, CreatedDate=days_ago(days).isoformat())


def test_when_an_opportunity_closed() -> None:
    stages = "raw_salesforce_opportunity_stages"
    labels = raw(
        stages,
        raw_row(stages, "01J000000000001AAA", MasterLabel="Prospecting", IsClosed="false", IsWon="false"),
        raw_row(stages, "01J000000000002AAA", MasterLabel="Closed Won", IsClosed="true", IsWon="true"),
    )
    history = [
        step(1, 1, "Prospecting", 30),
        step(2, 1, "Closed Won", 20),
        # reopened, and closed again; the amount was corrected afterwards
        step(3, 1, "Prospecting", 15),
        step(4, 1, "Closed Won", 10),
        step(5, 1, "Closed Won", 5),
        step(6, 3, "A stage that was retired", 9),
    ]
    name = "raw_salesforce_opportunity_stages_over_time"
    changes = opportunities.opportunity_stage_changes(versions.living(raw(name, *history), as_of=NOW), stages=labels)
    living = versions.living(
        raw("raw_salesforce_opportunities", deal(1, IsWon="true"), deal(2), deal(3, IsClosed="false"), deal(4, CloseDate="?")), as_of=NOW
    )
    found = rows(
        opportunities.opportunities(
            living, opportunity_stage_changes=changes, crm=Crm(fields=[]), currencies=Currencies(), fiscal=Fiscal()
        ),
        "opportunity_id",
    )
    expected = [(True, days_ago(10)), (False, datetime(2026, 11, 30, tzinfo=UTC)), (False, None), (False, None)]
    assert expected == [(row["is_won"], row["closed_at"]) for row in found]
    assert [False] == [row["is_closed"] for row in rows(changes) if row["stage"].startswith("A stage")]
