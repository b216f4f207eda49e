"""Engagement of accounts: depth, breadth, committee, trend, each with its reason.

Belongs here: `account_scores`. Factors: `engagement.py`; tiers: `account_tiers.py`; MQA and stages: `lifecycle/`.
"""

from __future__ import annotations

from datetime import datetime

import ibis

from alignment_pipeline.agreement.engagement import MICRO, micro
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.scoring import ACCOUNT_SCORES
from alignment_pipeline.contracts.shape import as_contract, step
from alignment_pipeline.scoring import sentences
from alignment_pipeline.scoring.factors import top_factors
from alignment_pipeline.scoring.person_scores import score_of

# per cent by which engagement must have moved to be said, and from which a number says nothing more
_SAID_MOVE, _FAR_UP, _GONE = 10, 500, 99


def account_scores(
    factors: ibis.Table,
    person_scores: ibis.Table,
    account_tiers: ibis.Table,
    account_fits: ibis.Table,
    *,
    scoring: Scoring,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """One row per account in scope; `factors` are `account_engagement_factors`."""
    engagement = scoring.engagement
    tiers = account_tiers.filter(account_tiers.is_in_scope).select("account_id", "tier")
    fits = account_fits.select("fit_score", fit_account_id="account_id")
    totals = _totals(factors)
    breadth = _breadth(person_scores, scoring)
    largest = top_factors(factors, "account_id").rename(top_account_id="account_id")
    joined = tiers.left_join(fits, tiers.account_id == fits.fit_account_id)
    joined = joined.left_join(totals, joined.account_id == totals.total_account_id)
    joined = joined.left_join(breadth, joined.account_id == breadth.breadth_account_id)
    joined = joined.left_join(largest, joined.account_id == largest.top_account_id)
    numbers = (
        "engagement_micro",
        "activities",
        "recent_micro",
        "previous_micro",
        "surge_micro",
        "baseline_micro",
        "people_known",
        "people_engaged",
    )
    rows = step(joined, **{name: joined[name].fill_null(0) for name in numbers}, top_factors=joined.top_factors.fill_null("[]"))
    rows = step(
        rows,
        engagement_points=rows.engagement_micro.cast("float64") / float(MICRO),
        engagement_score=score_of(rows.engagement_micro, rows.activities, engagement.full_account_points),
        engagement_trend_pct=_trend(rows),
        is_surging=_is_surging(rows, scoring),
        **_committee(rows, scoring),
    )
    rows = rows.mutate(score_reason=sentences.sentence(_reason(rows, engagement.unit, len(scoring.personas.committee))))
    return as_contract(rows, ACCOUNT_SCORES, as_of=as_of, agreement_version=agreement_version)


def _totals(factors: ibis.Table) -> ibis.Table:
    sums = ("recent_micro", "previous_micro", "surge_micro", "baseline_micro", "activities")
    return factors.group_by(total_account_id="account_id").aggregate(
        engagement_micro=factors.contribution_micro.sum(),
        last_activity_at=factors.last_at.max(),
        **{name: factors[name].sum() for name in sums},
    )


def _breadth(person_scores: ibis.Table, scoring: Scoring) -> ibis.Table:
    """People known and engaged per account, and one flag per seat of the committee that an engaged person takes."""
    people = person_scores.filter(person_scores.account_id.notnull())
    seats = {
        f"seat_{number}": (people.is_engaged & (people.committee_role == role.name).fill_null(False)).any()
        for number, role in enumerate(scoring.personas.committee)
    }
    return people.group_by(breadth_account_id="account_id").aggregate(
        people_known=people.count(), people_engaged=ibis.ifelse(people.is_engaged, 1, 0).sum(), **seats
    )


def _committee(rows: ibis.Table, scoring: Scoring) -> dict[str, ibis.Value]:
    roles = scoring.personas.committee
    taken = [rows[f"seat_{number}"].fill_null(False) for number in range(len(roles))]
    missing = [
        ibis.ifelse(is_taken, ibis.null("string"), sentences.json_literal(role.name)) for role, is_taken in zip(roles, taken, strict=True)
    ]
    if not roles:
        return {"committee_coverage_pct": ibis.null("float64"), "missing_roles": ibis.literal("[]"), "seats_taken": ibis.literal(0)}
    seats_taken = ibis.literal(0, type="int64")
    for is_taken in taken:
        seats_taken = seats_taken + ibis.ifelse(is_taken, 1, 0)
    return {
        "committee_coverage_pct": seats_taken.cast("float64") * 100.0 / float(len(roles)),
        "missing_roles": ibis.literal("[") + sentences.joined(missing, ", ") + ibis.literal("]"),
        "seats_taken": seats_taken,
    }


def _trend(rows: ibis.Table) -> ibis.Value:
    before = rows.previous_micro.cast("float64")
    change = (rows.recent_micro.cast("float64") - before) * 100.0 / rows.previous_micro.nullif(0).cast("float64")
    return ibis.ifelse(before > 0, change, ibis.null("float64"))


def _is_surging(rows: ibis.Table, scoring: Scoring) -> ibis.Value:
    """Compared as whole numbers: surge x baseline days >= ratio x baseline x surge days, so no rounding can decide."""
    trend = scoring.engagement.trend
    surge = rows.surge_micro.cast("float64") * float(trend.surge_baseline_days)
    usual = rows.baseline_micro.cast("float64") * float(trend.surge_days) * trend.surge_ratio
    return (rows.surge_micro >= micro(trend.surge_points)) & (rows.surge_micro > 0) & (surge >= usual)


def _engaged(rows: ibis.Table) -> ibis.Value:
    """`2 of 5 people engaged`; no counting where there is nobody to count."""
    counted = rows.people_engaged.cast("string") + ibis.literal(" of ") + rows.people_known.cast("string") + ibis.literal(" people engaged")
    return ibis.cases(
        (rows.people_engaged == 0, ibis.literal("nobody engaged yet")),
        (rows.people_known == 1, ibis.literal("the only person engaged")),
        else_=counted,
    )


def _reason(rows: ibis.Table, unit: str, seats: int) -> ibis.Value:
    text = sentences.said(
        "score.account",
        points=sentences.rounded_text(rows.engagement_micro),
        unit=sentences.unit(rows.engagement_micro, unit),
        engaged=_engaged(rows),
        top=rows.spoken.fill_null(""),
    )
    faded = sentences.is_faded(rows.engagement_micro) | (rows.spoken.fill_null("") == "")
    text = ibis.ifelse(faded, sentences.said("score.faded"), text)
    if seats:
        counted = sentences.said("score.committee", taken=rows.seats_taken.cast("string"), seats=ibis.literal(str(seats)))
        text = text + ibis.ifelse(rows.seats_taken > 0, ibis.literal(" ") + counted, ibis.literal(""))
    trend = rows.engagement_trend_pct
    share = trend.abs().floor().cast("int64").cast("string")
    moved = ibis.cases(
        (trend >= _FAR_UP, sentences.said("score.far_up")),
        (trend >= _SAID_MOVE, sentences.said("score.up", share=share)),
        (trend <= -_GONE, sentences.said("score.gone")),
        (trend <= -_SAID_MOVE, sentences.said("score.down", share=share)),
        else_=ibis.null("string"),
    )
    text = text + ibis.ifelse(faded, ibis.literal(""), (ibis.literal(" ") + moved).fill_null(""))
    text = text + ibis.ifelse(rows.is_surging, ibis.literal(" ") + sentences.said("score.surging"), ibis.literal(""))
    return ibis.ifelse(rows.activities > 0, text, sentences.said("score.account_unknown"))
