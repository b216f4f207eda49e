"""Engagement and fit of people, each with its reason.

Belongs here: `person_scores`. Factors: `engagement.py`; fit: `person_fits.py`; what follows from scores: `lifecycle/`.
"""

from __future__ import annotations

from datetime import datetime

import ibis

from alignment_pipeline.agreement.engagement import MICRO, micro
from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.scoring import PERSON_SCORES
from alignment_pipeline.contracts.shape import as_contract, step
from alignment_pipeline.scoring import sentences
from alignment_pipeline.scoring.factors import top_factors
from alignment_pipeline.scoring.persons import scored_people


def person_scores(
    factors: ibis.Table,
    people: ibis.Table,
    person_accounts: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    person_fits: ibis.Table,
    *,
    scoring: Scoring,
    scope: Scope | None = None,
    users: ibis.Table | None = None,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """One row per person in scope who is not one of our own; `factors` are `person_engagement_factors`."""
    engagement = scoring.engagement
    persons = scored_people(people, person_accounts, accounts, account_tiers, person_fits, scoring=scoring, scope=scope, users=users)
    # people who opted out keep their place in stages, matches and clocks; only their score is 0
    is_opted_out = (persons.person_exclusion == "opted_out").fill_null(False)
    persons = persons.filter(persons.person_exclusion.isnull() | is_opted_out)
    persons = persons.select("person_id", "account_id", is_unscored=persons.person_exclusion.notnull())
    totals = factors.group_by(total_person_id="person_id").aggregate(
        engagement_micro=factors.contribution_micro.sum(),
        activities=factors.activities.sum(),
        engaged_micro=factors.engaged_micro.sum(),
        last_activity_at=factors.last_at.max(),
    )
    largest = top_factors(factors, "person_id").rename(top_person_id="person_id")
    fits = person_fits.select("fit_score", "persona", "committee_role", fit_person_id="person_id")
    joined = persons.left_join(totals, persons.person_id == totals.total_person_id)
    joined = joined.left_join(largest, joined.person_id == largest.top_person_id)
    joined = joined.left_join(fits, joined.person_id == fits.fit_person_id)
    rows = step(
        joined,
        engagement_micro=joined.engagement_micro.fill_null(0),
        activities=joined.activities.fill_null(0),
        is_engaged=joined.engaged_micro.fill_null(0) >= micro(engagement.roll_up.engaged_points),
        top_factors=joined.top_factors.fill_null("[]"),
    )
    rows = step(
        rows,
        engagement_points=rows.engagement_micro.cast("float64") / float(MICRO),
        engagement_score=ibis.ifelse(
            rows.is_unscored, ibis.literal(0.0), score_of(rows.engagement_micro, rows.activities, engagement.full_score_points)
        ),
        score_reason=ibis.ifelse(rows.is_unscored, ibis.literal("Opted out of e-mail: not scored."), sentences.sentence(_reason(rows))),
    )
    return as_contract(rows, PERSON_SCORES, as_of=as_of, agreement_version=agreement_version)


def score_of(micro_points: ibis.Value, activities: ibis.Value, full_points: float) -> ibis.Value:
    """0-100 in proportion to the points at which the score is full; null when no activity is known, which is not 0."""
    share = micro_points.cast("float64") * 100.0 / float(micro(full_points))
    return ibis.ifelse(activities > 0, share.clip(lower=0.0, upper=100.0), ibis.null("float64"))


def _reason(rows: ibis.Table) -> ibis.Value:
    top = rows.spoken.fill_null("")
    one = sentences.said("score.person_one", what=top.re_replace(" once$", ""))
    counted = ibis.ifelse(rows.activities == 1, one, sentences.said("score.person", activities=rows.activities.cast("string"), top=top))
    faded = sentences.is_faded(rows.engagement_micro) | (rows.spoken.fill_null("") == "")
    shown = ibis.ifelse(faded, sentences.said("score.faded"), counted)
    return ibis.ifelse(rows.activities > 0, shown, sentences.said("score.person_unknown"))
