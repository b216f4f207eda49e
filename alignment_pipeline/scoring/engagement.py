"""What each kind of activity adds to the engagement of people and accounts.

Belongs here: the tables of factors, whose sums are the scores. The scores themselves: `person_scores.py`, `account_scores.py`.
"""

from __future__ import annotations

from datetime import datetime

import ibis

from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.scoring import ACCOUNT_ENGAGEMENT_FACTORS, PERSON_ACCOUNT_FACTORS, PERSON_ENGAGEMENT_FACTORS
from alignment_pipeline.contracts.shape import as_contract, is_known_empty, loosened
from alignment_pipeline.scoring import points
from alignment_pipeline.scoring.owners import Owners
from alignment_pipeline.scoring.persons import numbered_people
from alignment_pipeline.scoring.scored_activities import scored

SUMS = ("activities", "contribution_micro", "engaged_micro", "recent_micro", "previous_micro", "surge_micro", "baseline_micro")


def person_engagement_factors(
    activities: ibis.Table,
    people: ibis.Table,
    person_records: ibis.Table,
    person_accounts: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    person_fits: ibis.Table,
    *,
    scoring: Scoring,
    scope: Scope | None = None,
    periods: ibis.Table | None = None,
    account_periods: ibis.Table | None = None,
    users: ibis.Table | None = None,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """One row per person and factor, over activities that count and are not older than the decay's horizon, on whichever account the person
    was (`account_periods` are `person_account_periods`).

    Summed by the numbers of people and rules; ids and labels are added to the sums: no run writes a row for every activity.
    """
    persons, moved = numbered_people(
        people, person_accounts, accounts, account_tiers, person_fits, account_periods, scoring=scoring, scope=scope, users=users
    )
    rows = scored(activities, person_records, periods, persons, moved, scoring=scoring, as_of=as_of)
    names = persons.select("person_id", "account_id", named_no="person_no")
    named = _summed(rows, "person_no", names, scoring)
    return as_contract(named, PERSON_ENGAGEMENT_FACTORS, as_of=as_of, agreement_version=agreement_version)


def person_account_factors(
    activities: ibis.Table,
    people: ibis.Table,
    person_records: ibis.Table,
    person_accounts: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    person_fits: ibis.Table,
    *,
    scoring: Scoring,
    scope: Scope | None = None,
    periods: ibis.Table,
    account_periods: ibis.Table,
    users: ibis.Table | None = None,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """One row per person of `account_periods`, account and factor: `person_engagement_factors` by the account of the moment.

    Only the records of these people are read: bursts, repeats, caps and duplicates are of one person each.
    """
    persons, moved = numbered_people(
        people, person_accounts, accounts, account_tiers, person_fits, account_periods, scoring=scoring, scope=scope, users=users
    )
    if moved is None:
        return ibis.memtable(PERSON_ACCOUNT_FACTORS.empty())
    owners = Owners.of(person_records, periods, persons)
    theirs = activities.semi_join(owners.records_of(moved.view()), "source_key")
    rows = scored(theirs, person_records, periods, persons, moved, scoring=scoring, as_of=as_of)
    names = moved.filter(moved.account_id.notnull()).select("person_id", "account_id", named_no="account_no").distinct()
    named = _summed(rows.filter(rows.account_no.notnull()), "account_no", names, scoring)
    return as_contract(named, PERSON_ACCOUNT_FACTORS, as_of=as_of, agreement_version=agreement_version)


def _summed(rows: ibis.Table, number: str, names: ibis.Table, scoring: Scoring) -> ibis.Table:
    """Sums by a number and rule, with the ids that `names` gives the number (named_no) and the rule's label."""
    counted = rows.filter(rows.exclusion.isnull(), rows.age_days <= scoring.engagement.decay.horizon_days)
    grouped = counted.group_by(number, "rule").aggregate(**_sums(counted, scoring))
    named = grouped.inner_join(names, grouped[number] == names.named_no)
    return named.mutate(factor=points.label(named.rule, scoring.engagement.rules))


def _sums(rows: ibis.Table, scoring: Scoring) -> dict[str, ibis.Value]:
    trend = scoring.engagement.trend
    age, weighted = rows.age_days, rows.weighted_micro
    surge_end = trend.surge_days + trend.surge_baseline_days

    def inside(condition: ibis.Value) -> ibis.Value:
        return ibis.ifelse(condition, weighted, ibis.literal(0, type="int64")).sum()

    return {
        "activities": rows.count(),
        "contribution_micro": rows.contribution_micro.sum(),
        "engaged_micro": inside(age <= scoring.engagement.roll_up.engaged_days),
        "recent_micro": inside(age < trend.recent_days),
        "previous_micro": inside((age >= trend.recent_days) & (age < 2 * trend.recent_days)),
        "surge_micro": inside(age < trend.surge_days),
        "baseline_micro": inside((age >= trend.surge_days) & (age < surge_end)),
        "first_at": rows.occurred_at.min(),
        "last_at": rows.occurred_at.max(),
    }


def account_engagement_factors(
    factors: ibis.Table,
    account_factors: ibis.Table,
    account_periods: ibis.Table,
    *,
    scoring: Scoring,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """One row per account and factor: its people's activities that count for it, of each person who has at least 0 points there in all.

    All people, or the most engaged ones. `factors` are `person_engagement_factors`; of people with `account_periods` the
    `account_factors` (`person_account_factors`) count.
    """
    counted = _of_positive_people(_by_account(factors, account_factors, account_periods))
    if scoring.engagement.roll_up.top_people is not None:
        counted = _of_top_people(counted, scoring.engagement.roll_up.top_people)
    grouped = counted.group_by("account_id", "factor").aggregate(
        # one row per person and factor
        people=counted.count(),
        first_at=counted.first_at.min(),
        last_at=counted.last_at.max(),
        **{name: counted[name].sum() for name in SUMS},
    )
    return as_contract(grouped, ACCOUNT_ENGAGEMENT_FACTORS, as_of=as_of, agreement_version=agreement_version)


def _by_account(factors: ibis.Table, account_factors: ibis.Table, account_periods: ibis.Table) -> ibis.Table:
    on_accounts = factors.filter(factors.account_id.notnull())
    if is_known_empty(account_periods):
        return on_accounts
    names = ("person_id", "account_id", "factor", "first_at", "last_at", *SUMS)
    never_moved = on_accounts.anti_join(account_periods, "person_id")
    return ibis.union(*(loosened(rows.select(*names)) for rows in (never_moved, account_factors)))


def _of_positive_people(factors: ibis.Table) -> ibis.Table:
    """Without people whose activities add up to less than nothing: a dead mailbox takes away no colleague's engagement."""
    totals = factors.group_by("person_id", "account_id").aggregate(total=factors.contribution_micro.sum())
    below = totals.filter(totals.total < 0).select(below_person_id="person_id", below_account_id="account_id")
    return factors.anti_join(below, [factors.person_id == below.below_person_id, factors.account_id == below.below_account_id])


def _of_top_people(factors: ibis.Table, top_people: int) -> ibis.Table:
    totals = factors.group_by("account_id", "person_id").aggregate(total=factors.contribution_micro.sum())
    order = ibis.window(group_by=totals.account_id, order_by=[ibis.desc(totals.total), totals.person_id])
    ranked = totals.mutate(rank=ibis.row_number().over(order))
    top = ranked.filter(ranked.rank < top_people).select(top_person_id="person_id", top_account_id="account_id")
    return factors.semi_join(top, [factors.person_id == top.top_person_id, factors.account_id == top.top_account_id])
