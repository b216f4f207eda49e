"""The person behind an activity: who, for which account, with which weights, and whether they count.

Belongs here: the join of identity, accounts, tiers and fit, once per record key. Activities join it once.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.scoring import pilot


def credited_accounts(person_accounts: ibis.Table, accounts: ibis.Table, *, scoring: Scoring) -> ibis.Table:
    """One row per person: person_id, account_id that their activities count for (own, its parent, or the top of the hierarchy)."""
    own = person_accounts.select("person_id", "account_id")
    hierarchy = scoring.engagement.roll_up.hierarchy
    if hierarchy == "own":
        return own
    above = accounts.select(own_account_id="account_id", above_account_id=f"{hierarchy}_account_id")
    joined = own.left_join(above, own.account_id == above.own_account_id)
    return joined.select(person_id=joined.person_id, account_id=ibis.coalesce(joined.above_account_id, joined.account_id))


def scored_people(
    people: ibis.Table,
    person_accounts: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    person_fits: ibis.Table,
    *,
    scoring: Scoring,
    scope: Scope,
    users: ibis.Table | None = None,
) -> ibis.Table:
    """One row per person: person_id, account_id, weight (seniority x tier), person_exclusion (null when they count)."""
    credited = credited_accounts(person_accounts, accounts, scoring=scoring).select(of_person_id="person_id", account_id="account_id")
    tiers = account_tiers.select(tier_account_id="account_id", account_weight="account_weight", account_in_scope="is_in_scope")
    fits = person_fits.select(fit_person_id="person_id", person_weight="person_weight")
    base = people.select("person_id", "owner_id", "country", "industry", "is_internal", "is_opted_out")
    joined = base.left_join(credited, base.person_id == credited.of_person_id)
    joined = joined.left_join(tiers, joined.account_id == tiers.tier_account_id)
    joined = joined.left_join(fits, joined.person_id == fits.fit_person_id)
    in_scope = ibis.ifelse(joined.account_id.notnull(), joined.account_in_scope.fill_null(False), _is_loner_in_scope(joined, scope, users))
    exclusion = ibis.cases(
        (joined.is_internal, "internal"),
        (~in_scope, "out_of_scope"),
        (joined.is_opted_out & ibis.literal(not scoring.exclusions.is_opted_out_scored), "opted_out"),
        else_=ibis.null("string"),
    )
    untiered = float(scoring.engagement.account_weights.get("untiered", 1.0))
    return joined.select(
        person_id=joined.person_id,
        account_id=joined.account_id,
        weight=joined.person_weight.fill_null(scoring.personas.unknown_weight) * joined.account_weight.fill_null(untiered),
        person_exclusion=exclusion,
    )


def numbered(persons: ibis.Table) -> ibis.Table:
    """`scored_people` with `person_no`: joins, windows and sums over millions of rows are twice as fast on numbers as on ids."""
    return persons.mutate(person_no=ibis.row_number().over(order_by=persons.person_id).cast("int64")).view()


def _is_loner_in_scope(people: ibis.Table, scope: Scope, users: ibis.Table | None) -> ibis.Value:
    """Someone without account is in the pilot by their own country, industry and owner; a pilot of tiers has no loners."""
    return pilot.is_inside(people, scope, users) & ibis.literal(not scope.tiers)
