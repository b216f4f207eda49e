"""What marketing promises sales: volume, quality, value, coverage, contribution, per period and paced by business day.

Belongs here: what a commitment may say. The rule that judges it: `sla/standing/commitments.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from alignment_pipeline.agreement.calendars import Slug
from alignment_pipeline.agreement.section import Section

Measure = Literal[
    "mqls",
    "mqas",
    "new_contacts",
    "acceptance_pct",
    "sourced_pipeline_usd",
    "pipeline_usd",
    "won_usd",
    "sourced_won_pct",
    "coverage_ratio",
]
RATIOS: frozenset[str] = frozenset({"acceptance_pct", "sourced_won_pct", "coverage_ratio"})


class ContactYield(Section):
    """When a further contact at an account is worth its price: a number without analysis is not better than none."""

    window_days: Annotated[int, Field(ge=30, le=1_095)] = Field(default=365, description="Opportunities created in these last days count")
    classes: list[Annotated[int, Field(ge=0, le=1_000)]] = Field(
        default=[0, 1, 2, 3, 5, 8, 13], min_length=2, description="Smallest number of contacts of each class of accounts, rising"
    )
    min_accounts: Annotated[int, Field(ge=1, le=100_000)] = Field(default=20, description="Fewer accounts in a class say nothing")
    min_marginal_pct: Annotated[float, Field(ge=0, le=100)] = Field(
        default=0.5, description="Points of opportunity rate that one more contact must bring for new contacts to be asked for"
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.classes != sorted(set(self.classes)):
            raise ValueError(f"classes must rise; found {self.classes}")
        return self


class Commitment(Section):
    """One promise of marketing. Amounts are paced through the period's business days; ratios must hold at any time.

    On its ladder, `at_share` is how many times more the pace asks for than there is: 1 = behind, 2 = twice as much is asked for.
    """

    name: Slug = Field(description="Name in tables")
    title: str = Field(min_length=1, max_length=80, description="Name for people")
    measure: Measure = Field(description="What is counted")
    period: Literal["month", "quarter", "year"] = Field(default="quarter", description="Period in which it is owed")
    goal: Annotated[float, Field(gt=0)] = Field(description="Amount by the period's end, or level of the ratio")
    calendar: Slug = Field(description="Calendar whose business days pace it")
    at_risk_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.9, description="At risk below this share of what the pace asks for today"
    )
    revenue_target_usd: Annotated[float, Field(gt=0)] | None = Field(
        default=None,
        description="For coverage_ratio: the period's revenue target; coverage = open pipeline closing in the period / (target - won)",
    )
    lead_sources: list[str] = Field(
        default=[], description="Lead sources that count as marketing's, any case; empty: every one but `sales_lead_sources`"
    )
    sales_lead_sources: list[str] = Field(
        default=["Outbound", "Cold Call", "Sales Prospecting", "Partner", "Partner Referral", "Employee Referral"],
        description="Lead sources that are sales' own, any case; an opportunity without a source is nobody's",
    )
    stages: list[str] = Field(default=["MQL"], description="For mqls: the stages of a person that count")
    target_accounts_only: bool = Field(default=False, description="For new_contacts: only at accounts that the CRM flags as targets")
    grace_business_days: Annotated[int, Field(ge=0, le=60)] = Field(
        default=5, description="Business days at the period's start that are too early to judge"
    )
    ladder: Slug | None = Field(default=None, description="Ladder that notifies people when it is behind; empty: nobody is notified")

    def is_marketings(self, lead_source: str | None) -> bool:
        """Whether a lead source counts as marketing's."""
        name = (lead_source or "").strip().lower()
        if not name:
            return False
        if self.lead_sources:
            return name in {source.lower() for source in self.lead_sources}
        return name not in {source.lower() for source in self.sales_lead_sources}
