"""The CRM's own rates: each holds until the next of its currency, against the company's; a CRM with one currency has none."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from alignment_pipeline.agreement.currencies import Currencies
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.staging import currency_rates
from alignment_pipeline.staging.currency_rates import ALWAYS
from alignment_pipeline_tests.staging.factories import raw, raw_row

TYPES, DATED = "raw_salesforce_currency_types", "raw_salesforce_dated_conversion_rates"
FIRST = "0001-01-01"


def kind(code: str, units: str, *, corporate: bool = False) -> dict[str, Any]:
    return raw_row(TYPES, f"01L{code:>015}", IsoCode=code, ConversionRate=units, IsCorporate=str(corporate).lower())


def rate(code: str, day: str, units: str) -> dict[str, Any]:
    return raw_row(DATED, f"04w{code}{day:>012}", IsoCode=code, StartDate=day, ConversionRate=units)


def rates(
    types: list[dict[str, Any]], dated: list[dict[str, Any]], company: str = "USD", field: str | None = "CurrencyIsoCode"
) -> list[tuple[Any, ...]]:
    crm = Crm(fields=[], currency_field=field)
    made = currency_rates.currency_rates(raw(TYPES, *types), raw(DATED, *dated), crm=crm, currencies=Currencies(company=company))
    return [tuple(row.values()) for row in made.order_by("currency", "starts_on").to_pyarrow().to_pylist()]


def test_a_dated_rate_holds_until_the_next_of_its_currency() -> None:
    found = rates(
        [kind("USD", "1.0", corporate=True), kind("EUR", "0.9")],
        [rate("EUR", "2026-04-01", "0.858"), rate("EUR", FIRST, "0.95"), rate("EUR", "2026-07-01", "0.875"), rate("USD", FIRST, "1.0")],
    )

    assert [
        ("EUR", ALWAYS, date(2026, 4, 1), 0.95, "dated"),
        ("EUR", date(2026, 4, 1), date(2026, 7, 1), 0.858, "dated"),
        ("EUR", date(2026, 7, 1), None, 0.875, "dated"),
        ("USD", ALWAYS, None, 1.0, "dated"),
    ] == found


def test_without_dated_rates_the_current_one_holds_on_every_day() -> None:
    found = rates([kind("USD", "1.0", corporate=True), kind("EUR", "0.9")], [])

    assert [("EUR", ALWAYS, None, 0.9, "current"), ("USD", ALWAYS, None, 1.0, "current")] == found


def test_a_crm_with_one_currency_or_without_the_companys_has_none_and_an_agreement_that_reads_none() -> None:
    assert [] == rates([kind("USD", "1.0", corporate=True), kind("EUR", "0.9")], [], field=None)
    assert [] == rates([], [])
    assert [] == rates([kind("USD", "1.0", corporate=True), kind("EUR", "0.9")], [], company="CHF")


def test_what_cannot_be_a_rate_is_none() -> None:
    types = [kind("USD", "1.0", corporate=True)]

    assert ["USD"] == [row[0] for row in rates(types, [rate("EUR", "2026-01-01", "0.0"), rate("EUR", "soon", "0.9")])]


def test_rates_are_for_the_companys_currency_when_another_is_the_crms_own() -> None:
    """Every day of two years against the quotient of both currencies' rates of that day."""
    chance = random.Random(4)
    days = [date(2025, 1, 1) + timedelta(days=chance.randrange(700)) for _ in range(24)]
    steps = {code: {FIRST: round(chance.uniform(0.5, 2), 6)} for code in ("USD", "EUR")}
    for day in days:
        steps[chance.choice(("USD", "EUR"))][day.isoformat()] = round(chance.uniform(0.5, 2), 6)
    dated = [rate(code, day, str(units)) for code, own in steps.items() for day, units in own.items()]
    found = rates([kind("CHF", "1.0", corporate=True), kind("USD", "1.1"), kind("EUR", "1.2")], dated)
    assert {"CHF", "EUR", "USD"} == {row[0] for row in found}
    for number in range(700):
        day = date(2025, 1, 1) + timedelta(days=number)
        on = {code: own[max(one for one in own if one <= day.isoformat())] for code, own in steps.items()} | {"CHF": 1.0}
        holding = {row[0]: row[3] for row in found if row[1] <= day and (row[2] is None or day < row[2])}
        assert {code: units / on["USD"] for code, units in on.items()} == holding, day
