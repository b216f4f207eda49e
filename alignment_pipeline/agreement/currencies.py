"""Currencies: the company's own, and one constant rate per currency and fiscal year.

Belongs here: what rates the agreement fixes, so that exchange rates never move pipeline. Converting: `staging/opportunity_states.py`.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from alignment_pipeline.agreement.section import Section

Code = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Z]{3}$")]


class Rate(Section):
    """One currency in one fiscal year, as Salesforce writes rates."""

    currency: Code = Field(description="ISO code")
    fiscal_year: Annotated[int, Field(ge=1990, le=2100)] = Field(description="Fiscal year of the close date for which the rate holds")
    units: Annotated[float, Field(gt=0)] = Field(description="Units of this currency for one unit of the company's")


class Currencies(Section):
    """The company's currency and the rates of others. A deal in a currency without a rate counts as one without amount."""

    company: Code = Field(default="USD", description="Currency of every published amount")
    rates: list[Rate] = Field(default=[], description="Constant rates; empty for a CRM with one currency")

    @model_validator(mode="after")
    def _one_rate_each(self) -> Self:
        keys = [(rate.currency, rate.fiscal_year) for rate in self.rates]
        twice = sorted({f"{currency} {year}" for currency, year in keys if keys.count((currency, year)) > 1})
        if twice:
            raise ValueError(f"one rate for each currency and fiscal year; given twice: {', '.join(twice)}")
        return self
