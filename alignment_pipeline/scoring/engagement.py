"""What each kind of activity adds to the engagement of people and accounts.

Belongs here: the two tables of factors, whose sums are the scores. The scores themselves: `person_scores.py`, `account_scores.py`.
"""

from __future__ import annotations

from datetime import datetime

import ibis

from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.scoring import ACCOUNT_ENGAGEMENT_FACTORS, PERSON_ENGAGEMENT_FACTORS
from alignment_pipeline.contracts.shape import as_contract
from alignment_pipeline.scoring import points
from alignment_pipeline.scoring.persons import numbered, scored_people
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
    users: ibis.Table | None = None,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """One row per person and factor, over activities that count and are not older than the decay's horizon.

    Summed by the numbers of people and rules; ids and labels are added to the sums: no run writes a row for every activity.
    """
    persons = numbered(
        scored_people(people, person_accounts, accounts, account_tiers, person_fits, scoring=scoring, scope=scope or Scope(), users=users)
    )
    rows = scored(activities, person_records, periods, persons, scoring=scoring, as_of=as_of)
    rows = rows.filter(rows.exclusion.isnull(), rows.age_days <= scoring.engagement.decay.horizon_days)
    grouped = rows.group_by("person_no", "rule").aggregate(**_sums(rows, scoring))
    names = persons.select("person_id", "account_id", named_no="person_no")
    named = grouped.inner_join(names, grouped.person_no == names.named_no)
    named = named.mutate(factor=points.label(named.rule, scoring.engagement.rules))
    return as_contract(named, PERSON_ENGAGEMENT_FACTORS, as_of=as_of, agreement_version=agreement_version)


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


def account_engagement_factors(factors: ibis.Table, *, scoring: Scoring, as_of: datetime, agreement_version: str) -> ibis.Table:
    """One row per account and factor: `person_engagement_factors` of the account's people, each with at least 0 points in all.

    All people, or the most engaged ones.
    """
    counted = _of_positive_people(factors.filter(factors.account_id.notnull()))
    if scoring.engagement.roll_up.top_people is not None:
        counted = _of_top_people(counted, scoring.engagement.roll_up.top_people)
    grouped = counted.group_by("account_id", "factor").aggregate(
        people=counted.person_id.nunique(),
        first_at=counted.first_at.min(),
        last_at=counted.last_at.max(),
        **{name: counted[name].sum() for name in SUMS},
    )
    return as_contract(grouped, ACCOUNT_ENGAGEMENT_FACTORS, as_of=as_of, agreement_version=agreement_version)


def _of_positive_people(factors: ibis.Table) -> ibis.Table:
    """Without people whose activities add up to less than nothing: a dead mailbox takes away no colleague's engagement."""
    totals = factors.group_by("person_id").aggregate(total=factors.contribution_micro.sum())
    below = totals.filter(totals.total < 0).select(below_person_id="person_id")
    return factors.anti_join(below, factors.person_id == below.below_person_id)


def _of_top_people(factors: ibis.Table, top_people: int) -> ibis.Table:
    totals = factors.group_by("account_id", "person_id").aggregate(total=factors.contribution_micro.sum())
    order = ibis.window(group_by=totals.account_id, order_by=[ibis.desc(totals.total), totals.person_id])
    ranked = totals.mutate(rank=ibis.row_number().over(order))
    top = ranked.filter(ranked.rank < top_people).select(top_person_id="person_id")
    return factors.semi_join(top, factors.person_id == top.top_person_id)
