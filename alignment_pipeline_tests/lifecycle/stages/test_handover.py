"""Owners: an owned account's people go to its owner, the rest is shared by territory, evenly and without churn."""

from __future__ import annotations

from collections import Counter

from alignment_pipeline.agreement.handover import Handover, Territory
from alignment_pipeline.lifecycle.stages.handover import NOBODY, Owners
from alignment_pipeline.lifecycle.stages.journeys import Owner
from alignment_pipeline_tests.scoring.factories import table

USERS = table("users", [{"user_id": f"u{n}", "email": f"Rep{n}@example.com", "is_active": n != 9} for n in range(10)])
SHARED = Handover(
    territories=[Territory(name="Europe", countries=["germany", "france"], owner_emails=[f"rep{n}@example.com" for n in range(4)])]
)


def account(account_id: str, owner_id: str | None = None, country: str | None = "Germany") -> dict[str, object]:
    return {"account_id": account_id, "owner_id": owner_id, "country": country, "industry": None}


def test_a_new_lead_of_an_owned_account_goes_to_its_owner() -> None:
    owners = Owners(USERS, SHARED)
    of_account = owners.of_account(account("a", "u5"), None)
    lead = {"person_id": "p", "owner_id": "u1", "country": None, "industry": None}

    assert owners.of_person(lead, of_account) == Owner("u5", "Owns the account")
    assert owners.of_person(lead, None) == Owner("u1", "Owns the record")


def test_an_inactive_owner_or_a_queue_owns_nothing() -> None:
    owners = Owners(USERS, Handover())

    assert owners.of_account(account("a", "u9"), None) == NOBODY
    assert owners.of_account(account("a", "00G000000000001"), None) == NOBODY


def test_accounts_are_shared_evenly_and_stay_when_a_rep_joins() -> None:
    owners = Owners(USERS, SHARED)
    before = {n: owners.of_account(account(f"a{n}"), None).owner_id for n in range(2000)}
    fifth = SHARED.territories[0].model_copy(update={"owner_emails": [f"rep{n}@example.com" for n in range(5)]})
    after = {n: Owners(USERS, Handover(territories=[fifth])).of_account(account(f"a{n}"), None).owner_id for n in range(0, 2000, 10)}

    assert all(400 < count < 600 for count in Counter(before.values()).values())
    assert all(after[n] in (before[n], "u4") for n in after)


def test_a_territory_takes_only_what_fits() -> None:
    assert Owners(USERS, SHARED).of_account(account("a", country="Peru"), None) == NOBODY
