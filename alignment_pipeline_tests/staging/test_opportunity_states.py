"""Spans of an opportunity's life: from history, from tracked fields, from what was seen; deleted and reopened ones too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from alignment_pipeline.agreement.currencies import Currencies, Rate
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.staging import crm_record_states, opportunity_states, record_changes
from alignment_pipeline_tests.staging.factories import NOW, account, opportunity, raw, raw_row, rows, user

_RECORDS = ("accounts", "contacts", "leads", "opportunities")
STAGES = [("Prospecting", 1, False, False), ("Proposal", 3, False, False), ("Closed Won", 8, True, True), ("Closed Lost", 9, True, False)]


def at(month: int, day: int, hour: int = 8) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def states(
    versions: list[dict[str, Any]],
    history: Sequence[dict[str, Any]] = (),
    changes: Sequence[dict[str, Any]] = (),
    accounts: Sequence[dict[str, Any]] = (),
    *,
    currencies: Currencies | None = None,
    fiscal: Fiscal | None = None,
    known: datetime = NOW,
) -> list[dict[str, Any]]:
    tables = {f"raw_salesforce_{name}": raw(f"raw_salesforce_{name}") for name in (*_RECORDS, "lead_changes", "contact_changes")}
    tables["raw_salesforce_opportunities"] = raw("raw_salesforce_opportunities", *versions)
    tables["raw_salesforce_accounts"] = raw("raw_salesforce_accounts", *accounts)
    tables["raw_salesforce_opportunity_changes"] = raw("raw_salesforce_opportunity_changes", *changes)
    over_time = "raw_salesforce_opportunity_stages_over_time"
    stages = [
        raw_row(
            "raw_salesforce_opportunity_stages", f"01J{n:012d}AAA", MasterLabel=label, SortOrder=str(n), IsClosed=str(shut), IsWon=str(won)
        )
        for label, n, shut, won in STAGES
    ]
    found = opportunity_states.opportunity_states(
        tables["raw_salesforce_opportunities"],
        raw(over_time, *history),
        record_changes.record_changes(tables, inputs={}, as_of=known),
        raw("raw_salesforce_opportunity_stages", *stages),
        crm_record_states.crm_record_states(tables, as_of=known),
        crm=Crm(fields=[], currency_field="CurrencyIsoCode"),
        currencies=currencies or Currencies(),
        fiscal=fiscal or Fiscal(),
        as_of=known,
    )
    return rows(found, "opportunity_id", "valid_from_at")


def version(moment: datetime, *, number: int = 1, known: datetime | None = None, is_deleted: bool = False, **fields: Any) -> dict[str, Any]:
    given = {"CreatedDate": "2026-01-05T08:00:00.000Z", "OwnerId": user(1), "CloseDate": "2026-12-31", **fields}
    stamps = {"modified_at": moment, "known_at": known or moment, "is_deleted": is_deleted, "row_hash": moment.isoformat()}
    return raw_row("raw_salesforce_opportunities", opportunity(number), **stamps, **given)


def entry(
    number: int, moment: datetime, stage: str, amount: float | None, *, known: datetime | None = None, **fields: Any
) -> dict[str, Any]:
    given = {"StageName": stage, "Amount": None if amount is None else str(amount), "CloseDate": "2026-12-31", "Probability": "10"}
    stamps = {"modified_at": moment, "known_at": known or moment, "CreatedDate": moment.isoformat()}
    return raw_row(
        "raw_salesforce_opportunity_stages_over_time", f"008{number:012d}AAA", OpportunityId=opportunity(1), **stamps, **{**given, **fields}
    )


def change(number: int, moment: datetime, field: str, old: Any, new: Any) -> dict[str, Any]:
    return raw_row(
        "raw_salesforce_opportunity_changes", f"017{number:012d}AAA", OpportunityId=opportunity(1), Field=field, OldValue=old, NewValue=new,
        CreatedDate=moment.isoformat(), known_at=moment, modified_at=moment,
    )  # fmt: skip


def told(found: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in found]


def test_each_history_row_begins_a_span_with_its_values() -> None:
    history = [entry(1, at(1, 5), "Prospecting", 100), entry(2, at(2, 1), "Proposal", 120), entry(3, at(3, 1), "Closed Won", 130)]
    found = states([version(at(3, 1), StageName="Closed Won", Amount="130")], history)
    expected = [
        (at(1, 5), at(2, 1), "Prospecting", 10_000, False, None),
        (at(2, 1), at(3, 1), "Proposal", 12_000, False, None),
        (at(3, 1), None, "Closed Won", 13_000, True, at(3, 1)),
    ]
    assert expected == told(found, "valid_from_at", "valid_to_at", "stage", "amount_cents", "is_won", "closed_at")
    assert not any(row["is_reconstructed"] for row in found)


def test_before_the_first_history_row_its_values_hold_and_are_marked() -> None:
    found = states(
        [version(at(3, 1), StageName="Proposal", Amount="120")],
        [entry(1, at(2, 1), "Proposal", 120)],
        [change(1, at(3, 1), "Owner", user(1), user(2))],
    )
    expected = [(at(1, 5), "Proposal", True, user(1)), (at(2, 1), "Proposal", False, user(1)), (at(3, 1), "Proposal", False, user(1))]
    assert expected == told(found, "valid_from_at", "stage", "is_reconstructed", "owner_id")


def test_a_deal_without_history_is_what_it_is_today_and_marked_until_it_was_seen() -> None:
    found = states([version(at(6, 1), StageName="Proposal", Amount="50")])
    expected = [(at(1, 5), "Proposal", 5_000, True), (at(6, 1), "Proposal", 5_000, False)]
    assert expected == told(found, "valid_from_at", "stage", "amount_cents", "is_reconstructed")


def test_tracked_fields_hold_from_their_change_and_the_old_value_before() -> None:
    changes = [change(1, at(2, 10), "Owner", user(1), user(2)), change(2, at(4, 1), "Type", "New", "Renewal")]
    found = states([version(at(4, 1), OwnerId=user(2), Type="Renewal")], [entry(1, at(1, 5), "Prospecting", 1)], changes)
    expected = [(at(1, 5), user(1), "New"), (at(2, 10), user(2), "New"), (at(4, 1), user(2), "Renewal")]
    assert expected == told(found, "valid_from_at", "owner_id", "opportunity_type")


def test_what_no_history_tells_is_known_from_the_day_it_was_seen() -> None:
    found = states([version(at(1, 5), OwnerId=user(1)), version(at(5, 1), OwnerId=user(3))], [entry(1, at(1, 5), "Prospecting", 1)])
    assert [(at(1, 5), user(1)), (at(5, 1), user(3))] == told(found, "valid_from_at", "owner_id")


@pytest.mark.parametrize("is_tombstone", [False, True])
def test_a_deleted_deal_is_there_until_its_deletion(is_tombstone: bool) -> None:
    bare = {"StageName": None, "CreatedDate": None, "OwnerId": None, "CloseDate": None} if is_tombstone else {}
    found = states([version(at(1, 5)), version(at(4, 1), is_deleted=True, **bare)], [entry(1, at(1, 5), "Prospecting", 70)])
    assert [(at(1, 5), "Prospecting", False), (at(4, 1), "Prospecting", True)] == told(found, "valid_from_at", "stage", "is_deleted")


@pytest.mark.parametrize("is_tombstone", [True, False])
def test_a_deleted_deal_was_what_its_history_said(is_tombstone: bool) -> None:
    """The CRM deletes the history with the deal: as rows that say so, or as tombstones with an id alone."""
    gone = version(at(4, 1), is_deleted=True, StageName="Proposal", Amount="150")
    history = [entry(1, at(1, 5), "Prospecting", 100), entry(2, at(2, 1), "Proposal", 150)]
    nothing = {"StageName": None, "Amount": None, "CloseDate": None, "Probability": None, "CreatedDate": None, "OpportunityId": None}
    deleted = [row | {"is_deleted": True, "known_at": at(4, 1), "row_hash": "gone"} | (nothing if is_tombstone else {}) for row in history]

    found = states([version(at(2, 1), StageName="Proposal", Amount="150"), gone], [*history, *deleted])

    assert [("Prospecting", 10_000, False), ("Proposal", 15_000, False), ("Proposal", 15_000, True)] == told(
        found, "stage", "amount_cents", "is_deleted"
    )


def test_a_deal_that_came_back_from_the_bin_is_there_again() -> None:
    found = states([version(at(1, 5)), version(at(4, 1), is_deleted=True), version(at(5, 1))], [entry(1, at(1, 5), "Prospecting", 70)])
    assert [(at(1, 5), False), (at(4, 1), True), (at(5, 1), False)] == told(found, "valid_from_at", "is_deleted")


def test_a_reopened_deal_is_open_again_and_closes_anew() -> None:
    history = [
        entry(1, at(1, 5), "Prospecting", 1), entry(2, at(2, 1), "Closed Lost", 1), entry(3, at(3, 1), "Proposal", 1),
        entry(4, at(4, 1), "Closed Won", 1),
    ]  # fmt: skip
    found = states([version(at(4, 1), StageName="Closed Won", Amount="1")], history)
    assert [(False, None), (True, at(2, 1)), (False, None), (True, at(4, 1))] == told(found, "is_closed", "closed_at")


def test_a_retired_stage_is_judged_by_its_forecast_category() -> None:
    history = [
        entry(1, at(1, 5), "Old Open", 1, ForecastCategory="BestCase"),
        entry(2, at(2, 1), "Old Won", 1, ForecastCategory="Closed", Probability="100"),
        entry(3, at(3, 1), "Old Lost", 1, ForecastCategory="Omitted", Probability="0"),
        entry(4, at(4, 1), "Old Parked", 1, ForecastCategory="Omitted", Probability="5"),
    ]
    seen = version(at(4, 1), StageName="Old Parked", Amount="1", ForecastCategoryName="Omitted", Probability="5")
    assert [(False, False), (True, True), (True, False), (False, False)] == told(states([seen], history), "is_closed", "is_won")


def test_rates_are_those_of_the_close_date_s_fiscal_year_and_a_missing_one_is_no_amount() -> None:
    rates = [Rate(currency="EUR", fiscal_year=2026, units=0.8), Rate(currency="EUR", fiscal_year=2027, units=0.5)]
    money = Currencies(company="USD", rates=rates)
    history = [
        entry(1, at(1, 5), "Prospecting", 100, CloseDate="2026-06-30"),
        entry(2, at(2, 1), "Prospecting", 100, CloseDate="2026-07-01"),
    ]
    deals = [
        version(at(2, 1), Amount="100", CloseDate="2026-07-01", custom={"CurrencyIsoCode": "EUR"}),
        version(at(2, 1), number=2, Amount="100", custom={"CurrencyIsoCode": "CHF"}),
        version(at(2, 1), number=3, Amount="12.345"),
        version(at(2, 1), number=4),
    ]
    found = states(deals, history, currencies=money, fiscal=Fiscal(first_month=7))
    expected = [("EUR", 12_500), ("EUR", 20_000), ("CHF", None), ("USD", 1_235), ("USD", None)]
    assert expected == list(dict.fromkeys(told(found, "currency", "amount_cents")))


def test_a_merged_account_is_its_survivor() -> None:
    merged = [
        raw_row("raw_salesforce_accounts", account(1), MasterRecordId=account(2), is_deleted=True),
        raw_row("raw_salesforce_accounts", account(2)),
    ]
    found = states([version(at(1, 5), AccountId=account(1))], [entry(1, at(1, 5), "Prospecting", 1)], accounts=merged)
    assert {account(2)} == {row["account_id"] for row in found}


def test_what_became_known_later_changes_nothing_that_was_known() -> None:
    seen, first = version(at(1, 5)), entry(1, at(1, 5), "Prospecting", 100)
    late = entry(2, at(2, 1), "Proposal", 150, known=at(6, 1))
    assert states([seen], [first], known=at(3, 1)) == states([seen], [first, late], known=at(3, 1))
    assert 15_000 == states([seen], [first, late])[-1]["amount_cents"]


def test_a_deal_whose_record_was_read_later_is_known_from_its_history() -> None:
    record = version(at(6, 1), StageName="Proposal", Amount="150")
    found = states([record], [entry(1, at(1, 5), "Prospecting", 100)], known=at(3, 1))
    assert [(at(1, 5), 10_000, at(1, 5), None)] == told(found, "valid_from_at", "amount_cents", "created_at", "owner_id")
    assert found == states([], [entry(1, at(1, 5), "Prospecting", 100)], known=at(3, 1))


def test_of_several_rows_at_one_moment_the_last_holds() -> None:
    history = [entry(1, at(1, 5), "Prospecting", 1), entry(2, at(2, 1), "Proposal", 2), entry(3, at(2, 1), "Closed Won", 3)]
    found = states([version(at(2, 1), StageName="Closed Won", Amount="3")], history)
    assert ["Prospecting", "Closed Won"] == [row["stage"] for row in found]
    assert (at(2, 1), date(2026, 12, 31)) == (found[-1]["valid_from_at"], found[-1]["close_on"])
