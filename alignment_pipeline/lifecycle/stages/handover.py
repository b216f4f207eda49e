"""Whose a person or account is when sales is asked (three in a box: marketing, telequalification, sales).

Belongs here: owners of accounts and people. Which team a stage belongs to is the agreement's; what a rep promises: `sla/`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import ibis

from alignment_pipeline.agreement.handover import Handover, Territory
from alignment_pipeline.agreement.patterns import matches_text
from alignment_pipeline.lifecycle.stages.journeys import Owner

NOBODY = Owner(None, "Nobody owns it and no territory fits")


class Owners:
    """Finds owners. The same account and the same reps give the same owner, whatever else changes."""

    def __init__(self, users: ibis.Table, handover: Handover) -> None:
        rows = users.filter(users.is_active).select("user_id", "email").to_pyarrow().to_pylist()
        self._active = {row["user_id"] for row in rows}
        by_email = {(row["email"] or "").lower(): row["user_id"] for row in rows}
        self._territories: list[tuple[Territory, list[str]]] = [
            (territory, sorted({by_email[email.lower()] for email in territory.owner_emails if email.lower() in by_email}))
            for territory in handover.territories
        ]

    def is_active(self, user_id: str | None) -> bool:
        """Whether the id is an active user's (a queue's is not)."""
        return user_id in self._active

    def of_account(self, account: Mapping[str, object], tier: int | None) -> Owner:
        """Owner of an account (account_id, owner_id, country, industry): its active owner, else its territory's rep."""
        owner_id = account["owner_id"]
        if isinstance(owner_id, str) and self.is_active(owner_id):
            return Owner(owner_id, "Owns the account")
        return self._by_territory(str(account["account_id"]), account, tier)

    def of_person(self, person: Mapping[str, object], account_owner: Owner | None) -> Owner:
        """Owner of a person: the account's owner if it has one, the record's own active owner, else the territory's rep.

        So a new lead of an owned or customer account goes to that owner and not to the rep who works new names.
        """
        if account_owner is not None and account_owner.owner_id is not None:
            return Owner(account_owner.owner_id, account_owner.reason)
        owner_id = person["owner_id"]
        if isinstance(owner_id, str) and self.is_active(owner_id):
            return Owner(owner_id, "Owns the record")
        return self._by_territory(str(person["person_id"]), person, None)

    def _by_territory(self, key: str, record: Mapping[str, object], tier: int | None) -> Owner:
        for territory, reps in self._territories:
            if reps and _fits(territory, record, tier):
                return Owner(_rendezvous(key, reps), f"Territory {territory.name}")
        return NOBODY


def _fits(territory: Territory, record: Mapping[str, object], tier: int | None) -> bool:
    for patterns, column in ((territory.countries, "country"), (territory.industries, "industry")):
        value = record.get(column)
        if patterns and not matches_text(value if isinstance(value, str) else None, patterns):
            return False
    return not territory.tiers or tier in territory.tiers


def _rendezvous(key: str, reps: Sequence[str]) -> str:
    """An even split that hardly moves when reps come and go: the rep whose hash with the key is the largest."""
    return max(reps, key=lambda rep: (hashlib.sha256(f"{key}|{rep}".encode()).digest(), rep))
