"""Several currencies in the embedded Salesforce: rates are records, and amounts are converted only where Salesforce converts them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.salesforce.store import DEFAULT_PACKAGE, SalesforceStore
from alignment_pipeline.sandbox.world import World, sandbox_clock
from alignment_pipeline_tests.sandbox.salesforce_world import NOW, Client, served, world

FOR_EVER = date(9999, 12, 31)
RATES = [(date.min, date(2026, 7, 1), 0.8), (date(2026, 7, 1), FOR_EVER, 0.5)]


def deal(number: int, amount: float, code: str, close: date) -> dict[str, Any]:
    own = {"StageName": "Prospecting", "Amount": amount, "CurrencyIsoCode": code, "CloseDate": close}
    return {"Id": f"006{number:012d}", "Name": f"Deal {number}"} | own


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    store = SalesforceStore(currencies=("USD", "EUR"))
    usual = {"DecimalPlaces": 2, "IsActive": True}
    store.load({
        "CurrencyType": [
            usual | {"IsoCode": "USD", "ConversionRate": 1.0, "IsCorporate": True},
            usual | {"IsoCode": "EUR", "ConversionRate": 0.5, "IsCorporate": False},
        ],
        "DatedConversionRate": [
            {"IsoCode": "EUR", "StartDate": day, "NextStartDate": end, "ConversionRate": units} for day, end, units in RATES
        ],
        "Account": [{"Name": "Acme", "AnnualRevenue": 100.0, "CurrencyIsoCode": "EUR"}],
        "Opportunity": [
            deal(1, 100.0, "USD", date(2026, 3, 1)),
            deal(2, 100.0, "EUR", date(2026, 6, 30)),
            deal(3, 100.0, "EUR", date(2026, 7, 1)),
        ],
    })  # fmt: skip
    with served(World(sandbox_clock(NOW, base=lambda: 1_000_000.0), Faults(), store)) as found:
        yield found


def asked(client: Client, soql: str) -> list[dict[str, Any]]:
    records = client.get("/query", params={"q": soql}).json()["records"]
    return [{name: value for name, value in record.items() if name != "attributes"} for record in records]


def test_amounts_are_added_up_in_the_companys_currency_at_the_dated_rate_of_the_close_date(client: Client) -> None:
    assert [{"total": 100 + 125 + 200, "most": 200.0, "n": 3}] == asked(
        client, "SELECT SUM(Amount) total, MAX(Amount) most, COUNT(Id) n FROM Opportunity"
    )
    assert [{"CurrencyIsoCode": "EUR", "total": 325.0}, {"CurrencyIsoCode": "USD", "total": 100.0}] == asked(
        client, "SELECT CurrencyIsoCode, SUM(Amount) total FROM Opportunity GROUP BY CurrencyIsoCode ORDER BY CurrencyIsoCode"
    )
    # an amount without a date of its own goes by the currency's one rate
    assert [{"expr0": 200.0}] == asked(client, "SELECT SUM(AnnualRevenue) FROM Account")


def test_a_plain_field_is_never_converted_and_a_function_does_it(client: Client) -> None:
    assert [{"Amount": 100.0, "own": worth} for worth in (100.0, 125.0, 200.0)] == asked(
        client, "SELECT Amount, convertCurrency(Amount) own FROM Opportunity ORDER BY Id"
    )


def test_dated_rates_are_read_changed_and_deleted_but_not_made(client: Client) -> None:
    described = client.get("/sobjects/DatedConversionRate/describe").json()
    assert (False, True, True) == tuple(described[name] for name in ("createable", "updateable", "deletable"))
    found = asked(client, "SELECT StartDate, NextStartDate FROM DatedConversionRate ORDER BY StartDate")
    assert [("0001-01-01", "2026-07-01"), ("2026-07-01", "9999-12-31")] == [(row["StartDate"], row["NextStartDate"]) for row in found]


@pytest.mark.parametrize("name", ["CurrencyType", "DatedConversionRate"])
def test_an_organisation_with_one_currency_has_no_rates(name: str) -> None:
    with served(world(DEFAULT_PACKAGE, {})) as single:
        assert 404 == single.get(f"/sobjects/{name}/describe").status_code
        refused = single.get("/query", params={"q": f"SELECT Id FROM {name}"})
        assert (400, "INVALID_TYPE") == (refused.status_code, refused.json()[0]["errorCode"])
