"""Takes hindsight out of tables before the past is replayed.

Belongs here: when something was known, and which values have no past. The replay: `backtest.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis

from alignment_pipeline.contracts.moments import day_number, day_numbers


def as_known_then(scored: ibis.Table, *, as_of: datetime) -> ibis.Table:
    """`scored_activities` with each activity at the moment it was known, if that was after it happened."""
    known = scored.mutate(occurred_at=ibis.greatest(scored.occurred_at, scored.known_at))
    return known.mutate(age_days=ibis.literal(day_number(as_of), type="int64") - day_numbers(known.occurred_at))


def without_attributes(t: Mapping[str, ibis.Table]) -> dict[str, ibis.Table]:
    """Tables without what the systems keep no history of: tier, size, type, seniority, function, and the weights made of them.

    An account is then a customer only through a won opportunity, whose date is known.
    """
    scored = t["scored_activities"].mutate(weighted_micro=t["scored_activities"].base_micro)
    fits = t["person_fits"].mutate(seniority=ibis.null("string"), function=ibis.null("string"))
    tiers = t["account_tiers"].mutate(tier=ibis.null("int64"), is_target=ibis.literal(False))
    won = t["opportunities"].filter(t["opportunities"].is_won, t["opportunities"].account_id.notnull())
    has_won = won.select(won_account_id="account_id").distinct()
    accounts = t["accounts"].mutate(employees=ibis.null("int64"), account_type=ibis.null("string"))
    joined = accounts.left_join(has_won, accounts.account_id == has_won.won_account_id)
    accounts = joined.mutate(is_customer=joined.won_account_id.notnull()).drop("won_account_id")
    return {**t, "scored_activities": scored, "person_fits": fits, "account_tiers": tiers, "accounts": accounts}
