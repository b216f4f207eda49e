"""Currencies and their rates: read where the agreement says that there are several, said where they are hidden, proposed where missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.connectors.salesforce import currencies
from alignment_pipeline.connectors.salesforce.connector import SALESFORCE
from alignment_pipeline.connectors.streams import StreamReport, StreamState
from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.server import Sandbox
from alignment_pipeline.sandbox.world import World, sandbox_clock
from alignment_pipeline_tests.connectors.served import NOW, Served, rows_of

OURS = ("CurrencyType", "DatedConversionRate")
USUAL = loader.load(loader.default_path())
EXAMPLE = loader.load(loader.example_path("two_currencies"))
# without the first of the example's years
SEVERAL = EXAMPLE.model_copy(update={"currencies": EXAMPLE.currencies.model_copy(update={"rates": EXAMPLE.currencies.rates[1:]})})
RATES = [(date.min, date(2026, 1, 1), 0.95), (date(2026, 1, 1), date(9999, 12, 31), 0.87)]


@contextmanager
def organisation(codes: tuple[str, ...] = ("USD", "EUR")) -> Iterator[Served]:
    store = SalesforceStore(currencies=codes)
    if codes:
        units = {"USD": 1.0, "EUR": 0.87}
        store.load({
            "CurrencyType": [
                {"IsoCode": code, "ConversionRate": units[code], "DecimalPlaces": 2, "IsActive": True, "IsCorporate": code == codes[0]}
                for code in codes
            ],
            "DatedConversionRate": [
                {"IsoCode": "EUR", "StartDate": day, "NextStartDate": end, "ConversionRate": rate} for day, end, rate in RATES
            ],
        })  # fmt: skip
    world = World(sandbox_clock(NOW, base=lambda: 1_000_000.0), Faults(), store, MarketoStore())
    with Sandbox(world) as sandbox:
        yield Served(sandbox, world)


@pytest.fixture
def several() -> Iterator[Served]:
    with organisation() as found:
        yield found


def run(served: Served, agreement: Agreement, states: dict[str, StreamState] | None = None) -> dict[str, tuple[list[Any], StreamReport]]:
    """Rows and report of our two streams after a reading of all."""
    readings = SALESFORCE.read(served.salesforce(), states or {}, lambda _: None, agreement.crm)
    found = {reading.stream.object: (rows_of(reading), reading.report) for reading in readings}
    assert len(found) == len(SALESFORCE.system.streams)
    return {name: found[name] for name in OURS} if states is None else found


def said(served: Served, agreement: Agreement, *, has_field: bool = True) -> list[tuple[str, str, str]]:
    found = currencies.findings(served.salesforce(), agreement, has_field=has_field)
    return [(one.status, one.text, one.fix) for one in found]


def test_rates_are_read_where_the_agreement_names_the_currency_of_deals(several: Served) -> None:
    found = run(several, SEVERAL)

    assert [("USD", "1", "true"), ("EUR", "0.87", "false")] == [
        (row["IsoCode"], row["ConversionRate"], row["IsCorporate"]) for row in found["CurrencyType"][0]
    ]
    assert [("EUR", "0001-01-01", "0.95"), ("EUR", "2026-01-01", "0.87")] == [
        (row["IsoCode"], row["StartDate"], row["ConversionRate"]) for row in found["DatedConversionRate"][0]
    ]


def test_otherwise_nobody_asks_for_them(several: Served) -> None:
    for rows, report in run(several, USUAL).values():
        assert ([], "left out", 0) == (rows, report.method, report.calls)
        assert report.note == "not asked for: crm.currency_field of the agreement is empty"


def test_without_dated_rates_a_run_says_so_and_goes_on(several: Served) -> None:
    several.fault("hide_object", object="DatedConversionRate", count=None)
    found = run(several, SEVERAL)

    assert (2, "absent") == (len(found["CurrencyType"][0]), found["DatedConversionRate"][1].method)
    assert "advanced currency management is off" in str(found["DatedConversionRate"][1].note)


def test_a_dated_rate_that_was_deleted_ends(several: Served) -> None:
    first = {reading.stream.object: reading for reading in SALESFORCE.read(several.salesforce(), {}, lambda _: None, SEVERAL.crm)}
    rows = {name: rows_of(reading) for name, reading in first.items()}
    states = {name: reading.report.state for name, reading in first.items()}
    several.world.advance(3600)
    gone = rows["DatedConversionRate"][1]["record_id"]
    People(several.world.salesforce).delete(gone)
    several.world.advance(3600)

    again = run(several, SEVERAL, states)["DatedConversionRate"][0]
    assert [gone] == [row["record_id"] for row in again if row["is_deleted"]]


def test_the_doctor_says_which_rates_decide_and_which_are_missing(several: Served) -> None:
    (decide, lacking) = said(several, SEVERAL)

    assert [decide] == said(several, EXAMPLE)
    assert ("ok", "the agreement's constant rates decide; beside them stand the dated exchange rates of the organisation") == decide[:2]
    assert ("warn", "no constant rate for EUR 2024 (fiscal years): deals that close then count as without amount") == lacking[:2]
    assert lacking[2].endswith("from the first day of each year by the dated exchange rates of the organisation: "
                               "{currency: EUR, fiscal_year: 2024, units: 0.95}")  # fmt: skip


def test_the_doctor_proposes_from_current_rates_where_dated_ones_are_off(several: Served) -> None:
    several.fault("hide_object", object="DatedConversionRate", count=None)
    (decide, lacking) = said(several, SEVERAL)

    assert "current rates of CurrencyType, since dated ones are off" in decide[1]
    assert lacking[2].endswith("{currency: EUR, fiscal_year: 2024, units: 0.87}")


def test_the_doctor_says_what_is_hidden_or_not_asked_for(several: Served) -> None:
    assert [("fail", "deals are in several currencies, and their amounts are added up as if in one")] == [
        one[:2] for one in said(several, USUAL)
    ]
    assert [] == said(several, USUAL, has_field=False)
    assert ["Opportunity.CurrencyIsoCode, which crm.currency_field names, is not there or hidden"] == [
        one[1] for one in said(several, SEVERAL, has_field=False)
    ]
    swiss = SEVERAL.model_copy(update={"currencies": SEVERAL.currencies.model_copy(update={"company": "CHF"})})
    assert ["CHF is no currency of the organisation, whose own is USD"] == [one[1] for one in said(several, swiss)]
    several.fault("hide_object", object="CurrencyType", count=None)
    assert ["the organisation's rates are hidden; only the agreement's constant rates are known"] == [
        one[1] for one in said(several, SEVERAL)
    ]


def test_an_organisation_with_one_currency_has_none() -> None:
    with organisation(()) as single:
        assert currencies.read(single.salesforce()) is None
        assert ["absent", "absent"] == [report.method for _, report in run(single, SEVERAL).values()]
