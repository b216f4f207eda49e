"""Amounts are in the company's currency at the rate of their fiscal year; without a rate there is no amount."""

from __future__ import annotations

from datetime import date

import ibis
import pytest

from alignment_pipeline.agreement.currencies import Currencies
from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.staging import money

CURRENCIES = Currencies.model_validate({
    "company": "EUR",
    "rates": [{"currency": "USD", "fiscal_year": 2026, "units": 1.25}, {"currency": "USD", "fiscal_year": 2027, "units": 2.0}],
})  # fmt: skip


@pytest.mark.parametrize(("currency", "close_on", "units"), [
    ("EUR", date(2026, 11, 30), 1.0),
    (None, date(2026, 11, 30), 1.0),
    ("usd", date(2026, 1, 31), 1.25),
    # a fiscal year that begins in February bears the number of the year in which it ends
    ("USD", date(2026, 2, 1), 2.0),
    ("GBP", date(2026, 11, 30), None),
    ("USD", date(2030, 1, 1), None),
    ("USD", None, None),
])  # fmt: skip
def test_the_rate_is_that_of_the_close_dates_fiscal_year(currency: str | None, close_on: date | None, units: float | None) -> None:
    deals = ibis.memtable([(currency, close_on)], schema={"currency": "string", "close_on": "date"})
    code = money.code(deals.currency, CURRENCIES)

    rated = deals.select(units=money.units(code, deals.close_on, currencies=CURRENCIES, fiscal=Fiscal(first_month=2)))

    assert [units] == rated.to_pyarrow()["units"].to_pylist()
