"""An organisation's currencies and their rates, read at once: for `alignment doctor` and `alignment init`.

Belongs here: asking and saying what is there. A run reads the same objects as streams; which rate decides is the agreement's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from alignment_pipeline.agreement import constant_rates
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.constant_rates import DatedRate
from alignment_pipeline.connectors.findings import Finding
from alignment_pipeline.connectors.salesforce import rest_query, soql
from alignment_pipeline.connectors.salesforce.describe import Describer
from alignment_pipeline.connectors.salesforce.session import SalesforceSession

#: The field of a record's currency, in an organisation with several.
FIELD = "CurrencyIsoCode"
_TYPES, _DATED = "CurrencyType", "DatedConversionRate"
_MOST_SHOWN = 8


@dataclass(frozen=True)
class OrganizationCurrencies:
    """`rates` are dated, or the one of each currency that always holds. None of these where the objects are hidden."""

    corporate: str | None
    rates: tuple[DatedRate, ...]
    are_dated: bool

    @property
    def about(self) -> str:
        """What the rates are, for a person."""
        if self.are_dated:
            return "the dated exchange rates of the organisation"
        return "the current rates of CurrencyType, since dated ones are off (advanced currency management) or hidden"


def read(session: SalesforceSession) -> OrganizationCurrencies | None:
    """The organisation's currencies; None where it has one, or hides both objects from this user."""
    descriptions = Describer(session).describe_all([_TYPES, _DATED])
    if descriptions[_TYPES] is None:
        return None
    fields = ("IsoCode", "ConversionRate", "IsCorporate")
    types = list(rest_query.records(session, soql.select(_TYPES, fields, order_by=("Id",)), "currencies"))
    corporate = next((str(row["IsoCode"]) for row in types if row["IsCorporate"]), None)
    rates = [DatedRate(str(row["IsoCode"]), date.min, float(row["ConversionRate"])) for row in types]
    if descriptions[_DATED] is not None:
        query = soql.select(_DATED, ("IsoCode", "StartDate", "ConversionRate"), order_by=("Id",))
        dated = [
            DatedRate(str(row["IsoCode"]), date.fromisoformat(row["StartDate"]), float(row["ConversionRate"]))
            for row in rest_query.records(session, query, "dated conversion rates")
        ]
        if dated:
            own = [rate for rate in rates if rate.currency == corporate and corporate not in {one.currency for one in dated}]
            return OrganizationCurrencies(corporate, (*dated, *own), True)
    return OrganizationCurrencies(corporate, tuple(rates), False)


def findings(session: SalesforceSession, agreement: Agreement, *, has_field: bool) -> Iterator[Finding]:
    """Whether deals in several currencies are read as such, and which constant rates are missing, with a proposal."""
    mapped = agreement.crm.currency_field
    if not has_field and not mapped:
        return
    if not has_field:
        text = f"Opportunity.{mapped}, which crm.currency_field names, is not there or hidden"
        yield Finding("currencies", "warn", text, "give read access to it; where the organisation has one currency, leave the setting out")
        return
    if not mapped:
        fix = f"set crm.currency_field to {FIELD} and the rates under currencies; `alignment init` proposes them"
        yield Finding("currencies", "fail", "deals are in several currencies, and their amounts are added up as if in one", fix)
        return
    known = read(session)
    if known is None:
        fix = "give the integration user read access to CurrencyType, or set the rates by hand under currencies.rates"
        yield Finding("currencies", "warn", "the organisation's rates are hidden; only the agreement's constant rates are known", fix)
        return
    company, fiscal = agreement.currencies.company, agreement.fiscal
    if company not in {rate.currency for rate in known.rates}:
        fix = "set currencies.company to a currency of the organisation"
        yield Finding("currencies", "warn", f"{company} is no currency of the organisation, whose own is {known.corporate}", fix)
        return
    yield Finding("currencies", "ok", f"the agreement's constant rates decide; beside them stand {known.about}")
    wanted = constant_rates.proposed(known.rates, company=company, fiscal=fiscal, today=fiscal.day_of(session.clock.now()))
    lacking = constant_rates.missing(wanted, agreement.currencies)
    if lacking:
        named = ", ".join(f"{rate.currency} {rate.fiscal_year}" for rate in lacking[:_MOST_SHOWN])
        lines = ", ".join(constant_rates.as_yaml(rate) for rate in lacking[:_MOST_SHOWN])
        more = f" and {len(lacking) - _MOST_SHOWN} more" if len(lacking) > _MOST_SHOWN else ""
        yield Finding(
            "currencies",
            "warn",
            f"no constant rate for {named}{more} (fiscal years): deals that close then count as without amount",
            f"under currencies.rates, from the first day of each year by {known.about}: {lines}",
        )
