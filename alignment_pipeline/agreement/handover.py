"""Who takes over a person or an account when sales is asked.

Belongs here: the split of the account list between reps, and the capacity of a rep. The rule: `lifecycle/stages/handover.py`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.section import Section


class Territory(Section):
    """Accounts and people that one group of reps shares; the first territory that fits is taken, empty lists mean any."""

    name: str = Field(min_length=1, max_length=60, description="Name in reasons")
    countries: list[Pattern] = Field(default=[], description="Countries as the CRM spells them")
    industries: list[Pattern] = Field(default=[], description="Industries as the CRM spells them")
    tiers: list[Annotated[int, Field(ge=1, le=3)]] = Field(default=[], description="Tiers of accounts")
    owner_emails: list[str] = Field(min_length=1, description="CRM users who share it, by e-mail")


class Handover(Section):
    """Owners. A person of an account with an active owner always goes to that owner."""

    territories: list[Territory] = Field(default=[], description="Where nobody owns the account yet")
    mqas_per_rep_and_week: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="New MQAs that a rep can take in a week; impact and backtest count weeks above it"
    )
