"""Changes of fields: what history tracking says, and what we observed where it says nothing."""

from __future__ import annotations

from typing import Any

from alignment_pipeline.staging import record_changes
from alignment_pipeline_tests.staging.factories import NOW, account, contact, days_ago, lead, opportunity, raw, raw_row, rows, user

_RECORDS = ("leads", "contacts", "accounts", "opportunities")
_HISTORIES = ("lead_changes", "contact_changes", "opportunity_changes")


def changes(*, inputs: dict[str, list[str]] | None = None, as_of: Any = NOW, **given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    tables = {f"raw_salesforce_{name}": raw(f"raw_salesforce_{name}", *given.get(name, ())) for name in (*_RECORDS, *_HISTORIES)}
    return rows(record_changes.record_changes(tables, inputs=inputs or {}, as_of=as_of), "object", "record_id", "changed_at", "field")


def history(number: int, field: str, old: str | None, new: str | None, **more: Any) -> dict[str, Any]:
    return raw_row("raw_salesforce_lead_changes", f"017{number:012d}AAA", LeadId=lead(1), Field=field, OldValue=old, NewValue=new, **more)


def version(days: float, known: float | None = None, record: int = 1, **fields: Any) -> dict[str, Any]:
    stamps = {"modified_at": days_ago(days), "known_at": days_ago(known if known is not None else days)}
    return raw_row("raw_salesforce_leads", lead(record), **stamps, **fields)


def test_of_an_owner_s_two_history_rows_the_one_with_ids_counts() -> None:
    found = changes(
        lead_changes=[
            history(1, "Owner", "Ann Rep", "Bob Rep"),
            history(2, "Owner", user(1), user(2)),
            history(3, "Status", "Open", "Working"),
            history(4, "created", None, None),
        ]
    )
    expected = {"OwnerId": (user(1), user(2)), "Status": ("Open", "Working"), "created": (None, None)}
    assert expected == {row["field"]: (row["old_value"], row["new_value"]) for row in found}
    assert all(not row["is_observed"] and row["earliest_at"] == row["changed_at"] for row in found)


def test_a_contact_s_account_is_named_by_its_api_name() -> None:
    name = "raw_salesforce_contact_changes"
    both = [
        raw_row(name, "017000000000001AAA", ContactId=contact(1), Field="Account", OldValue="Acme", NewValue="Umbrella"),
        raw_row(name, "017000000000002AAA", ContactId=contact(1), Field="Account", OldValue=account(1), NewValue=account(2)),
    ]
    (found,) = changes(contact_changes=both)
    assert ("AccountId", account(2)) == (found["field"], found["new_value"])


def test_where_tracking_is_off_changes_are_observed_between_two_readings() -> None:
    found = changes(
        leads=[
            version(9, Status="Open", OwnerId=user(1)),
            # changed somewhere after day 5, when we last knew the old one, and before its stamp
            version(6, known=5, Status="Open", OwnerId=user(1), Title="CEO"),
            version(3, known=2, Status="Working", OwnerId=user(1)),
        ]
    )
    (seen,) = found
    assert ("Status", "Open", "Working", True) == tuple(seen[name] for name in ("field", "old_value", "new_value", "is_observed"))
    assert (days_ago(5), days_ago(3), days_ago(2)) == (seen["earliest_at"], seen["changed_at"], seen["known_at"])
    assert seen["change_id"].startswith(f"observed:Lead.Status:{lead(1)}:")


def test_the_interval_of_an_observed_change_never_ends_before_it_begins() -> None:
    # two versions arrived with one reading: the older one became known only after the newer one's stamp
    (seen,) = changes(leads=[version(9, known=1, Status="Open"), version(4, known=1, Status="Working")])
    assert seen["earliest_at"] <= seen["changed_at"] == days_ago(4)


def test_a_first_version_is_no_change_and_to_null_is_one() -> None:
    (seen,) = changes(leads=[version(9, Status="Open", OwnerId=user(1)), version(3, Status="Open", OwnerId=None)])
    assert ("OwnerId", user(1), None) == (seen["field"], seen["old_value"], seen["new_value"])


def test_tracked_fields_are_not_observed_too() -> None:
    found = changes(
        lead_changes=[history(1, "Status", "Open", "Working")],
        leads=[version(9, Status="Open", OwnerId=user(1)), version(3, Status="Working", OwnerId=user(2))],
    )
    assert [("OwnerId", True), ("Status", False)] == sorted((row["field"], row["is_observed"]) for row in found)


def test_people_s_input_fields_are_observed() -> None:
    found = changes(
        inputs={"Lead": ["Said__c"]},
        leads=[
            raw_row("raw_salesforce_leads", lead(1), modified_at=days_ago(9), custom={"Said__c": None}),
            raw_row("raw_salesforce_leads", lead(1), modified_at=days_ago(3), custom={"Said__c": "wrong number"}),
        ],
    )
    assert [("Said__c", None, "wrong number")] == [(row["field"], row["old_value"], row["new_value"]) for row in found]


def test_as_known_earlier_the_change_had_not_happened() -> None:
    given = [version(9, Status="Open"), version(3, known=2, Status="Working")]
    assert [] == changes(leads=given, as_of=days_ago(2.5))
    assert 1 == len(changes(leads=given, as_of=days_ago(2)))


def test_every_change_has_an_id_of_its_own() -> None:
    deals = [
        raw_row("raw_salesforce_opportunities", opportunity(1), modified_at=days_ago(9 - step), StageName=f"Stage {step}", Amount=str(step))
        for step in range(4)
    ]
    found = changes(opportunities=deals)
    assert 6 == len(found) == len({row["change_id"] for row in found})


def test_two_edits_within_one_second_are_two_changes() -> None:
    found = changes(
        leads=[
            version(9, Status="Open"),
            version(3, known=2, Status="Working"),
            version(3, known=1, Status="Closed"),
        ]
    )
    assert [("Open", "Working"), ("Working", "Closed")] == sorted((row["old_value"], row["new_value"]) for row in found)
    assert 2 == len({row["change_id"] for row in found})
