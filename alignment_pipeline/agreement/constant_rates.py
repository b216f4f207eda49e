"""Constant rates that the CRM's own rates propose for an agreement.

Belongs here: from dated rates to one rate per currency and fiscal year. Nothing sets them: a person puts them into the agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from alignment_pipeline.agreement.currencies import Currencies, Rate
from alignment_pipeline.agreement.fiscal import Fiscal

# coverage looks at up to two years of past quarters; open deals close up to the next one
YEARS_BACK, YEARS_AHEAD = 2, 1
_DIGITS = 6


@dataclass(frozen=True)
class DatedRate:
    """Units of a currency for one of the CRM's corporate currency, from a day on."""

    currency: str
    starts_on: date
    units: float


def proposed(rates: Iterable[DatedRate], *, company: str, fiscal: Fiscal, today: date) -> list[Rate]:
    """For each other currency and fiscal year the rate in force on the year's first day, or the first one known after it.

    The first day's, as budgets are set: it is known when the year begins and does not change with it. A currency that the company's
    cannot be compared with has none.
    """
    known = sorted(rates, key=lambda rate: rate.starts_on)
    year = fiscal.year_of(today)
    wanted = []
    for code in sorted({rate.currency for rate in known} - {company}):
        for number in range(year - YEARS_BACK, year + YEARS_AHEAD + 1):
            first = _first_day(fiscal, number)
            units, own = _on(known, code, first), _on(known, company, first)
            if units and own:
                wanted.append(Rate(currency=code, fiscal_year=number, units=round(units / own, _DIGITS)))
    return wanted


def missing(wanted: Sequence[Rate], currencies: Currencies) -> list[Rate]:
    """The proposed rates for which the agreement has none."""
    given = {(rate.currency, rate.fiscal_year) for rate in currencies.rates}
    return [rate for rate in wanted if (rate.currency, rate.fiscal_year) not in given]


def as_yaml(rate: Rate) -> str:
    """A rate as it stands in the agreement."""
    return f"{{currency: {rate.currency}, fiscal_year: {rate.fiscal_year}, units: {rate.units:g}}}"


def _first_day(fiscal: Fiscal, year: int) -> date:
    return date(year - (1 if fiscal.first_month > 1 else 0), fiscal.first_month, 1)


def _on(known: Sequence[DatedRate], code: str, day: date) -> float | None:
    own = [rate for rate in known if rate.currency == code]
    held = [rate for rate in own if rate.starts_on <= day]
    return held[-1].units if held else own[0].units if own else None
