"""The person behind an activity: who, for which account, with which weights, and whether they count.

Belongs here: the join of identity, accounts, tiers and fit, once per record key. Activities join it once.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.shape import is_known_empty
from alignment_pipeline.scoring import pilot

_OUT_OF_SCOPE = "out_of_scope"


def credited_accounts(of_people: ibis.Table, accounts: ibis.Table, *, scoring: Scoring) -> ibis.Table:
    """`of_people` (person_id, account_id) with the account that activities count for: own, its parent, or the top of the hierarchy."""
    hierarchy = scoring.engagement.roll_up.hierarchy
    if hierarchy == "own":
        return of_people
    above = accounts.select(own_account_id="account_id", above_account_id=f"{hierarchy}_account_id")
    joined = of_people.left_join(above, of_people.account_id == above.own_account_id)
    credited = joined.mutate(account_id=ibis.coalesce(joined.above_account_id, joined.account_id))
    return credited.select(*of_people.columns)


def scored_people(
    people: ibis.Table,
    person_accounts: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    person_fits: ibis.Table,
    *,
    scoring: Scoring,
    scope: Scope | None,
    users: ibis.Table | None = None,
) -> ibis.Table:
    """One row per person: person_id, account_id, weight (seniority x tier), person_exclusion (null when they count). Without a
    scope, everybody is in it."""
    own = person_accounts.select("person_id", "account_id")
    credited = credited_accounts(own, accounts, scoring=scoring).select(of_person_id="person_id", account_id="account_id")
    base = _described(people)
    joined = base.left_join(credited, base.person_id == credited.of_person_id)
    return _judged(joined, account_tiers, person_fits, scoring=scoring, scope=scope, users=users)


def scored_periods(
    periods: ibis.Table,
    persons: ibis.Table,
    people: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    person_fits: ibis.Table,
    *,
    scoring: Scoring,
    scope: Scope | None,
    users: ibis.Table | None = None,
) -> ibis.Table:
    """One row per period of `person_account_periods`: the columns of `persons` (numbered scored people) as they are for the period's
    account, its from_at and until_at, and account_no, a number below 0 of the person on this account.

    An activity counts where the person is in scope now, or their account of that time is.
    """
    given = periods.select("person_id", "account_id", "from_at", "until_at")
    credited = credited_accounts(given, accounts, scoring=scoring).rename(of_person_id="person_id")
    base = _described(people)
    joined = base.inner_join(credited, base.person_id == credited.of_person_id)
    then = _judged(joined, account_tiers, person_fits, "from_at", "until_at", scoring=scoring, scope=scope, users=users)
    now = persons.view().select("person_no", now_id="person_id", now_exclusion="person_exclusion")
    both = then.inner_join(now, then.person_id == now.now_id)
    is_outside = (both.person_exclusion == _OUT_OF_SCOPE).fill_null(False)
    number = ibis.dense_rank().over(order_by=[both.person_id, both.account_id])
    return both.mutate(
        person_exclusion=ibis.ifelse(is_outside, both.now_exclusion, both.person_exclusion), account_no=-1 - number.cast("int64")
    ).drop("now_id", "now_exclusion")


def numbered_people(
    people: ibis.Table,
    person_accounts: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    person_fits: ibis.Table,
    account_periods: ibis.Table | None,
    *,
    scoring: Scoring,
    scope: Scope | None,
    users: ibis.Table | None,
) -> tuple[ibis.Table, ibis.Table | None]:
    """Numbered scored people, and their scored periods where there are any: where nobody was moved, queries stay as short as they were."""
    of_accounts = (accounts, account_tiers, person_fits)
    persons = numbered(scored_people(people, person_accounts, *of_accounts, scoring=scoring, scope=scope, users=users))
    if account_periods is None or is_known_empty(account_periods):
        return persons, None
    return persons, scored_periods(account_periods, persons, people, *of_accounts, scoring=scoring, scope=scope, users=users)


def _described(people: ibis.Table) -> ibis.Table:
    return people.select("person_id", "owner_id", "country", "industry", "is_internal", "is_opted_out")


def _judged(
    joined: ibis.Table,
    account_tiers: ibis.Table,
    person_fits: ibis.Table,
    *more: str,
    scoring: Scoring,
    scope: Scope | None,
    users: ibis.Table | None,
) -> ibis.Table:
    """People with an account_id, with their weight and why they do not count, and with `more` of their columns."""
    tiers = account_tiers.select(tier_account_id="account_id", account_weight="account_weight", account_in_scope="is_in_scope")
    fits = person_fits.select(fit_person_id="person_id", person_weight="person_weight")
    joined = joined.left_join(tiers, joined.account_id == tiers.tier_account_id)
    joined = joined.left_join(fits, joined.person_id == fits.fit_person_id)
    in_scope = ibis.ifelse(
        joined.account_id.notnull(), joined.account_in_scope.fill_null(False), _is_loner_in_scope(joined, scope or Scope(), users)
    )
    exclusion = ibis.cases(
        (joined.is_internal, "internal"),
        (~in_scope, _OUT_OF_SCOPE),
        (joined.is_opted_out & ibis.literal(not scoring.exclusions.is_opted_out_scored), "opted_out"),
        else_=ibis.null("string"),
    )
    untiered = float(scoring.engagement.account_weights.get("untiered", 1.0))
    return joined.select(
        person_id=joined.person_id,
        account_id=joined.account_id,
        weight=joined.person_weight.fill_null(scoring.personas.unknown_weight) * joined.account_weight.fill_null(untiered),
        person_exclusion=exclusion,
        **{name: joined[name] for name in more},
    )


def numbered(persons: ibis.Table) -> ibis.Table:
    """`scored_people` with `person_no`: joins, windows and sums over millions of rows are twice as fast on numbers as on ids."""
    return persons.mutate(person_no=ibis.row_number().over(order_by=persons.person_id).cast("int64"))


def _is_loner_in_scope(people: ibis.Table, scope: Scope, users: ibis.Table | None) -> ibis.Value:
    """Someone without account is in the pilot by their own country, industry and owner; a pilot of tiers has no loners."""
    return pilot.is_inside(people, scope, users) & ibis.literal(not scope.tiers)
