"""How leads find their account: where review begins, which evidence the business trusts, who wins a tie.

Belongs here: the numbers of matching. The matcher, its evidence and its fitted weights: `matching/`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from alignment_pipeline.agreement.parties import Domain
from alignment_pipeline.agreement.section import Section

Confidence = Annotated[float, Field(ge=0.0, le=1.0)]
TieBreaker = Literal[
    "customer_first",
    "open_opportunity_first",
    "most_contacts",
    "same_country",
    "same_state",
    "same_city",
    "has_owner",
    "parent_first",
    "child_first",
    "oldest",
    "lowest_id",
]
Rule = Literal[
    "always",
    "domain_and_name",
    "domain",
    "contact_domain",
    "exact_name",
    "domain_label",
    "alias",
    "name_in_account",
    "account_in_name",
    "typo",
    "acronym",
    "similar_name",
]


class Matching(Section):
    """Lead-to-account matching (R3). Confidence is a calibrated probability that the account is right."""

    match_confidence: Confidence = Field(default=0.52, description="At this confidence and above a lead is matched")
    alike_confidence: Confidence = Field(
        default=0.75,
        description="A name that is only alike, a few letters apart, with no domain, place or phone behind it, is matched from here",
    )
    shared_name_confidence: Confidence = Field(
        default=0.7,
        description="A name of ordinary words that several companies bear (Ministry of Health), with no domain, place or phone behind it, is matched from here",
    )
    review_confidence: Confidence = Field(
        default=0.2, description="At this confidence and above a person decides; below it there is no account"
    )
    tie_breakers: list[TieBreaker] = Field(
        default=[
            "customer_first",
            "open_opportunity_first",
            "most_contacts",
            "same_country",
            "has_owner",
            "parent_first",
            "oldest",
            "lowest_id",
        ],
        description="Which of several records of one company wins, in this order",
    )
    tie_breakers_decide: Literal["same_company", "never", "always"] = Field(
        default="same_company",
        description="same_company: only between records of one company; two companies that nothing separates go to review. never: every tie goes to review. always: ties between companies too",
    )
    demoted_rules: list[Rule] = Field(default=[], description="Kinds of evidence that always go to review, whatever their confidence")
    minimum_rule_precision: Confidence = Field(
        default=0.9, description="A rule that the labels of audits prove to be below it is demoted to review on its own"
    )
    minimum_rule_labels: int = Field(
        default=30, ge=1, le=100_000, description="Labels of audits (alignment review --audit) that a rule needs before it can be demoted"
    )
    freemail_additions: list[Domain] = Field(default=[], description="E-mail domains that are personal, beyond the bundled list")
    shared_domain_additions: list[Domain] = Field(
        default=[], description="Domains that many companies share (hosts, agencies), beyond the bundled list"
    )
    corporate_domains: list[Domain] = Field(default=[], description="Domains that are corporate although a bundled list says otherwise")
    alias_groups: list[Annotated[list[str], Field(min_length=2)]] = Field(
        default=[], description="Names of one company, as [Big Blue, IBM]"
    )
    junk_companies: list[str] = Field(
        default=[], description="Company texts that mean no company, beyond n/a, self-employed, student and the like"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.review_confidence > self.match_confidence:
            raise ValueError(
                f"review_confidence {self.review_confidence} is above match_confidence {self.match_confidence}; review lies below matched"
            )
        return self
