"""The CRM's own rates of exchange, for the company's currency.

Belongs here: which rate holds from which day. The rates that everything is decided by are the agreement's (`money.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.currencies import Currencies
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.contracts.staging_facts import CURRENCY_RATES
from alignment_pipeline.staging.sources import typed
from alignment_pipeline.staging.values import FIRST_DAY

ALWAYS = FIRST_DAY
DATED, CURRENT = "dated", "current"
_Steps = Mapping[date, float]


def currency_rates(types: ibis.Table, dated: ibis.Table, *, crm: Crm, currencies: Currencies) -> ibis.Table:
    """`currency_rates` from the current versions of CurrencyType and DatedConversionRate.

    A dated rate holds until the next one of its currency begins. Where there are none, the one rate of CurrencyType holds on every day.
    Empty where the CRM has one currency, or does not know the company's, or where the agreement does not name the currency of deals.
    """
    if crm.currency_field is None:
        return ibis.memtable(CURRENCY_RATES.empty())
    known = typed(types, "raw_salesforce_currency_types").order_by("currency").to_pyarrow().to_pylist()
    rows = typed(dated, "raw_salesforce_dated_conversion_rates").order_by("modified_at", "rate_id").to_pyarrow().to_pylist()
    by_day: dict[str, dict[date, float]] = {}
    for row in rows:
        by_day.setdefault(row["currency"].upper(), {})[row["starts_on"]] = row["units"]
    basis = DATED if by_day else CURRENT
    by_day = by_day or {row["currency"].upper(): {ALWAYS: row["units"]} for row in known}
    # the CRM gives rates for its corporate currency, whose own rate is 1
    by_day |= {row["currency"].upper(): {ALWAYS: 1.0} for row in known if row["is_corporate"]}
    company = _positive(by_day.get(currencies.company, {}))
    spans = [] if not company else [one for code, steps in sorted(by_day.items()) for one in _spans(code, _positive(steps), company)]
    return ibis.memtable(pa.Table.from_pylist([row | {"basis": basis} for row in spans], schema=CURRENCY_RATES.schema))


def _positive(steps: _Steps) -> _Steps:
    return {day: units for day, units in steps.items() if units > 0}


def _spans(currency: str, steps: _Steps, company: _Steps) -> list[dict[str, object]]:
    """The spans of one currency against the company's, which may have steps of its own."""
    if not steps:
        return []
    days = sorted(day for day in {*steps, *company} if day >= max(min(steps), min(company)))
    units = [_on(steps, day) / _on(company, day) for day in days]
    return [
        {"currency": currency, "starts_on": day, "ends_on": following, "units": rate}
        for day, following, rate in zip(days, [*days[1:], None], units, strict=True)
    ]


def _on(steps: _Steps, day: date) -> float:
    return steps[max(one for one in steps if one <= day)]
