"""Money in the company's currency, at the constant rates of the agreement.

Belongs here: which rate holds for an amount. The rates: `agreement/currencies.py`.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.currencies import Currencies
from alignment_pipeline.agreement.fiscal import Fiscal


def code(currency: ibis.Value, currencies: Currencies) -> ibis.Value:
    """The ISO code of an amount; one without is in the company's currency, as in a CRM that has only one."""
    return currency.upper().fill_null(currencies.company)


def units(code: ibis.Value, close_on: ibis.Value, *, currencies: Currencies, fiscal: Fiscal) -> ibis.Value:
    """How many units of a currency (`code`) are one of the company's in the fiscal year of a close date; null without a rate."""
    year = close_on.year() + ibis.ifelse((close_on.month() >= fiscal.first_month) & (fiscal.first_month > 1), 1, 0)
    rated = [((code == rate.currency) & (year == rate.fiscal_year), rate.units) for rate in currencies.rates]
    return ibis.cases((code == currencies.company, 1.0), *rated, else_=ibis.null("float64"))
