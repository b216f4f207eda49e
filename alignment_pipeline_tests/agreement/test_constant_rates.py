"""What the CRM's rates propose: one per currency and fiscal year, the one in force on the year's first day."""

from __future__ import annotations

from datetime import date

from alignment_pipeline.agreement import constant_rates
from alignment_pipeline.agreement.constant_rates import DatedRate
from alignment_pipeline.agreement.currencies import Currencies, Rate
from alignment_pipeline.agreement.fiscal import Fiscal

RATES = [
    DatedRate("EUR", date.min, 0.95),
    DatedRate("EUR", date(2026, 1, 1), 0.87),
    DatedRate("EUR", date(2025, 2, 1), 0.92),
    DatedRate("EUR", date(2026, 8, 1), 0.86),
    DatedRate("USD", date.min, 1.0),
]
TODAY = date(2026, 11, 20)


def proposed(rates: list[DatedRate], company: str = "USD", first_month: int = 1) -> dict[tuple[str, int], float]:
    made = constant_rates.proposed(rates, company=company, fiscal=Fiscal(first_month=first_month), today=TODAY)
    return {(rate.currency, rate.fiscal_year): rate.units for rate in made}


def test_the_rate_of_the_years_first_day_is_proposed_whatever_follows_in_it() -> None:
    assert {("EUR", 2024): 0.95, ("EUR", 2025): 0.95, ("EUR", 2026): 0.87, ("EUR", 2027): 0.86} == proposed(RATES)
    # fiscal years that begin in August: 2026 began on 1 August 2025
    assert {("EUR", 2025): 0.95, ("EUR", 2026): 0.92, ("EUR", 2027): 0.86, ("EUR", 2028): 0.86} == proposed(RATES, first_month=8)


def test_a_year_before_all_rates_takes_the_first_one_known() -> None:
    assert {0.9} == set(proposed([DatedRate("EUR", date(2026, 3, 1), 0.9), DatedRate("USD", date.min, 1.0)]).values())


def test_rates_are_for_the_companys_currency() -> None:
    found = proposed([*RATES, DatedRate("CHF", date.min, 0.8)], company="CHF")

    assert (1.0875, 1.25) == (found["EUR", 2026], found["USD", 2026])
    assert {} == proposed(RATES, company="JPY")


def test_only_what_the_agreement_lacks_is_missing() -> None:
    wanted = constant_rates.proposed(RATES, company="USD", fiscal=Fiscal(), today=TODAY)
    have = Currencies(rates=[Rate(currency="EUR", fiscal_year=year, units=0.5) for year in (2024, 2026)])

    assert ["{currency: EUR, fiscal_year: 2025, units: 0.95}", "{currency: EUR, fiscal_year: 2027, units: 0.86}"] == [
        constant_rates.as_yaml(rate) for rate in constant_rates.missing(wanted, have)
    ]
