"""How well people and accounts fit the ideal customer, and the tiers that follow.

Belongs here: criteria, bands, tiers. A value that nobody knows is not scored: it neither adds nor takes away.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, model_validator

from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.section import Section

PersonField = Literal[
    "seniority", "function", "title", "country", "state", "city", "industry", "employees", "annual_revenue_usd", "lead_source",
    "email_domain", "status", "account_tier",
]  # fmt: skip
AccountField = Literal[
    "industry", "employees", "annual_revenue_usd", "country", "state", "city", "account_type", "website_domain",
    "is_target_flagged", "is_customer",
]  # fmt: skip
NUMERIC_FIELDS = frozenset({"employees", "annual_revenue_usd"})
Bant = Literal["budget", "authority", "need", "timeline"]
BANT: tuple[Bant, ...] = ("budget", "authority", "need", "timeline")


class Band(Section):
    """Points for a value: texts by pattern, numbers from `at_least` up to but without `below`."""

    values: list[Pattern] = Field(default=[], description="Texts that earn the points")
    at_least: float | None = Field(default=None, description="Smallest number that earns the points")
    below: float | None = Field(default=None, description="First number that no longer does")
    points: Annotated[float, Field(ge=-1000, le=1000)] = Field(description="Points that the value earns")


class Criterion(Section):
    """One thing to know. The first band that holds gives the points; a known value in no band gives `otherwise`."""

    name: str = Field(min_length=1, max_length=40, description="Name in reasons and factors")
    bands: list[Band] = Field(min_length=1)
    otherwise: Annotated[float, Field(ge=-1000, le=1000)] = Field(default=0, description="Points for a known value in no band")
    bant: Bant | None = Field(default=None, description="Which BANT question the value answers")

    @property
    def most(self) -> float:
        """Most points that the criterion can give."""
        return max(0.0, self.otherwise, *(band.points for band in self.bands))


class PersonCriterion(Criterion):
    """A criterion on a person."""

    field: PersonField = Field(description="What is known of the person")

    @model_validator(mode="after")
    def _right_bands(self) -> Self:
        return _checked(self, self.field)


class AccountCriterion(Criterion):
    """A criterion on an account."""

    field: AccountField = Field(description="What is known of the account")

    @model_validator(mode="after")
    def _right_bands(self) -> Self:
        return _checked(self, self.field)


C = TypeVar("C", bound=Criterion)


def _checked(criterion: C, field: str) -> C:
    for band in criterion.bands:
        has_range = band.at_least is not None or band.below is not None
        if (field in NUMERIC_FIELDS) != has_range or has_range == bool(band.values):
            wanted = "at_least and below" if field in NUMERIC_FIELDS else "values"
            raise ValueError(f"criterion {criterion.name!r} on {field}: a band takes {wanted}")
    return criterion


class Tier(Section):
    """A tier of target accounts."""

    tier: Annotated[int, Field(ge=1, le=3)] = Field(description="Number of the tier, 1 is the best")
    fit_at_least: Annotated[float, Field(ge=0, le=100)] = Field(description="Account fit from which it is proposed")
    max_accounts: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="At most so many by fit, the best first; the next ones fall to the tier below"
    )


class Tiers(Section):
    """The target account list: proposed from fit, decided by people."""

    by_fit: list[Tier] = Field(default=[], description="Tiers from the first to the last")
    flagged_tier: Annotated[int, Field(ge=1, le=3)] = Field(
        default=1, description="Tier of an account that the CRM flags as target, unless fit proposes a better one"
    )
    overrides_file: str | None = Field(
        default=None, description="CSV with account_id, tier (1-3, or empty: no target) and reason; stands above fit and flag"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        numbers = [tier.tier for tier in self.by_fit]
        limits = [tier.fit_at_least for tier in self.by_fit]
        if numbers != sorted(set(numbers)) or limits != sorted(limits, reverse=True):
            raise ValueError("by_fit: tiers go from 1 to 3, each once, with falling fit_at_least")
        return self


class Fit(Section):
    """Criteria of people and accounts."""

    people: list[PersonCriterion] = []
    accounts: list[AccountCriterion] = []
    known_pct_at_least: Annotated[float, Field(ge=0, le=100)] = Field(
        default=30, description="Share of all points whose values must be known; below it, fit is not scored instead of low"
    )
