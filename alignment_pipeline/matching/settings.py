"""The numbers of matching, as the rules take them.

Belongs here: one frozen object, built from the agreement's `matching` section by the wiring. The agreement's schema, ranges and file
lines live in `agreement/`; fitted weights live in `matching/evidence/weights.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from alignment_pipeline.errors import ConfigurationError

TIE_BREAKERS = (
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
)
RULES = (
    "always",
    "never",
    "junk",
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
    "none",
)


@dataclass(frozen=True, slots=True)
class MatchingSettings:
    """`match_confidence` and up is matched, `review_confidence` and up is review, below is none. Confidences are probabilities (0-1).

    Where no domain, place or phone supports it, a name that is only alike, a few letters apart, is matched from `alike_confidence`, and
    a name of ordinary words that another company bears too from `shared_name_confidence`.
    """

    match_confidence: float = 0.52
    alike_confidence: float = 0.75
    shared_name_confidence: float = 0.7
    review_confidence: float = 0.2
    tie_breakers: tuple[str, ...] = (
        "customer_first",
        "open_opportunity_first",
        "most_contacts",
        "same_country",
        "has_owner",
        "parent_first",
        "oldest",
        "lowest_id",
    )
    tie_breakers_decide: str = "same_company"
    tie_margin: float = 1.0
    demoted_rules: frozenset[str] = frozenset()
    minimum_rule_precision: float = 0.9
    minimum_rule_labels: int = 30
    wilson_z: float = 1.96
    freemail_additions: frozenset[str] = frozenset()
    shared_domain_additions: frozenset[str] = frozenset()
    corporate_domains: frozenset[str] = frozenset()
    alias_groups: tuple[tuple[str, ...], ...] = field(default=())
    junk_companies: frozenset[str] = frozenset()
    candidate_limit: int = 12
    common_word_accounts: int = 400
    minimum_contacts_per_domain: int = 2
    agreement_version: str = ""

    def __post_init__(self) -> None:
        if not 0.0 <= self.review_confidence <= self.match_confidence <= 1.0:
            raise ConfigurationError(
                f"matching: review_confidence {self.review_confidence} and match_confidence {self.match_confidence} must satisfy "
                "0 <= review_confidence <= match_confidence <= 1"
            )
        unknown = [name for name in self.tie_breakers if name not in TIE_BREAKERS]
        if unknown:
            raise ConfigurationError(f"matching.tie_breakers: unknown {', '.join(unknown)}; known are {', '.join(TIE_BREAKERS)}")
        if self.tie_breakers_decide not in ("same_company", "never", "always"):
            raise ConfigurationError(f"matching.tie_breakers_decide: {self.tie_breakers_decide!r} is not same_company, never or always")
        wrong = sorted(self.demoted_rules - set(RULES))
        if wrong:
            raise ConfigurationError(f"matching.demoted_rules: unknown {', '.join(wrong)}; known are {', '.join(RULES)}")
