"""Who agreed, on what, and for whom it holds: the head of the agreement, its people, and its pilot scope."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from alignment_pipeline.agreement.section import Section

Domain = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")]


class Party(Section):
    """One side of the agreement and the person who is responsible for it."""

    team: str = Field(min_length=1, description="Team's name, as shown in the report")
    owner: str = Field(min_length=1, description="Role that is responsible, such as 'VP Marketing'")
    signed_on: date | None = Field(default=None, description="Day on which the party signed this version")


class Parties(Section):
    """Both sides; neither can be left out."""

    marketing: Party
    sales: Party


class People(Section):
    """Whose activity never counts, and what makes an account a customer."""

    internal_domains: list[Domain] = Field(default=[], description="E-mail domains of our own people: never scored, matched or clocked")
    customer_account_types: list[str] = Field(
        default=["Customer"], description="Values of Account.Type that mean customer, any case; a part before ' - ' also counts"
    )
    partner_account_types: list[str] = Field(default=["Partner"], description="Values of Account.Type that mean partner")
    shared_mailboxes: list[str] = Field(
        default=["info", "sales", "office", "contact", "marketing", "support", "hello", "admin", "mail", "team"],
        description="Local parts of e-mail addresses that several people read: never joined as one person",
    )
    competitor_domains: list[Domain] = Field(default=[], description="E-mail domains of competitors: scored for the record, never MQL")


class Scope(Section):
    """The pilot: who is scored and written. Empty lists mean everyone; widening it is one edit with an impact preview (R18)."""

    countries: list[str] = Field(default=[], description="Account countries in the pilot, as the CRM spells them, any case")
    industries: list[str] = Field(default=[], description="Account industries in the pilot, any case")
    tiers: list[Annotated[int, Field(ge=1, le=3)]] = Field(default=[], description="Account tiers in the pilot")
    owner_emails: list[str] = Field(
        default=[],
        description="CRM users in the pilot, by e-mail: only their accounts, and their people without account, are scored; only their records are written",
    )
