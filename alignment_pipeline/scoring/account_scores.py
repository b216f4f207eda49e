"""Engagement of accounts: depth, breadth, committee, trend, each with its reason.

Belongs here: `account_scores`. Factors: `engagement.py`; tiers: `account_tiers.py`; MQA and stages: `lifecycle/`.
"""

from __future__ import annotations

from datetime import datetime

import ibis

from alignment_pipeline.agreement.engagement import MICRO, micro
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.scoring import ACCOUNT_SCORES
from alignment_pipeline.contracts.shape import as_contract, is_known_empty, loosened, step
from alignment_pipeline.scoring import sentences
from alignment_pipeline.scoring.factors import top_factors
from alignment_pipeline.scoring.person_scores import score_of
from alignment_pipeline.wording import moments

# per cent by which engagement must have moved to be said, and from which a number says nothing more
_SAID_MOVE, _FAR_UP, _GONE = 10, 500, 99


def account_scores(
    factors: ibis.Table,
    person_scores: ibis.Table,
    account_tiers: ibis.Table,
    account_fits: ibis.Table,
    account_factors: ibis.Table,
    account_periods: ibis.Table,
    *,
    scoring: Scoring,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """One row per account in scope; `factors` are `account_engagement_factors`. People with `account_periods` (`person_account_periods`)
    are engaged by what they did at the account, in `account_factors` (`person_account_factors`)."""
    engagement = scoring.engagement
    tiers = account_tiers.filter(account_tiers.is_in_scope).select("account_id", "tier")
    fits = account_fits.select("fit_score", fit_account_id="account_id")
    totals = _totals(factors)
    breadth = _breadth(_as_engaged_here(person_scores, account_factors, account_periods, scoring), scoring)
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
    rows = rows.mutate(score_reason=sentences.sentence(_reason(rows, len(scoring.personas.committee), as_of)))
    return as_contract(rows, ACCOUNT_SCORES, as_of=as_of, agreement_version=agreement_version)


def _totals(factors: ibis.Table) -> ibis.Table:
    sums = ("recent_micro", "previous_micro", "surge_micro", "baseline_micro", "activities")
    return factors.group_by(total_account_id="account_id").aggregate(
        engagement_micro=factors.contribution_micro.sum(),
        last_activity_at=factors.last_at.max(),
        **{name: factors[name].sum() for name in sums},
    )


def _as_engaged_here(person_scores: ibis.Table, account_factors: ibis.Table, account_periods: ibis.Table, scoring: Scoring) -> ibis.Table:
    """`person_scores` with is_engaged by what somebody did at the account that counts for them now."""
    if is_known_empty(account_periods):
        return person_scores
    names = ("person_id", "account_id", "is_engaged", "committee_role")
    never_moved = person_scores.anti_join(account_periods, "person_id").select(*names)
    moved = person_scores.semi_join(account_periods, "person_id").drop("is_engaged")
    here = account_factors.group_by("person_id", "account_id").aggregate(here_micro=account_factors.engaged_micro.sum())
    here = here.rename(here_person_id="person_id", here_account_id="account_id")
    joined = moved.left_join(here, [moved.person_id == here.here_person_id, moved.account_id == here.here_account_id])
    joined = joined.mutate(is_engaged=joined.here_micro.fill_null(0) >= micro(scoring.engagement.roll_up.engaged_points))
    return ibis.union(*(loosened(rows) for rows in (never_moved, joined.select(*names))))


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
    """`2 of 5 people engaged: ...`; no counting where there is nobody to count."""
    top = rows.spoken.fill_null("")
    engaged, known = rows.people_engaged.cast("string"), rows.people_known.cast("string")
    return ibis.cases(
        (rows.people_engaged == 0, sentences.said("score.account_nobody", top=top)),
        (rows.people_known == 1, sentences.said("score.account_only", top=top)),
        else_=sentences.said("score.account", engaged=engaged, known=known, top=top),
    )


def _reason(rows: ibis.Table, seats: int, as_of: datetime) -> ibis.Value:
    faded = sentences.is_faded(rows.engagement_micro) | (rows.spoken.fill_null("") == "")
    text = ibis.ifelse(faded, sentences.said("score.faded"), _engaged(rows))
    if seats:
        counted = sentences.said("score.committee", taken=rows.seats_taken.cast("string"), seats=ibis.literal(str(seats)))
        text = text + ibis.ifelse(rows.seats_taken > 0, ibis.literal(" ") + counted, ibis.literal(""))
    trend = rows.engagement_trend_pct
    # what moves is said with its day: the sentence may stand in the CRM long after it
    today = {"day": ibis.literal(moments.day(as_of))}
    moved = ibis.cases(
        (rows.is_surging & (trend >= _FAR_UP), sentences.said("score.surging_far_up", **today)),
        (trend >= _FAR_UP, sentences.said("score.far_up", **today)),
        (rows.is_surging & (trend >= _SAID_MOVE), sentences.said("score.surging_up", **today)),
        (trend >= _SAID_MOVE, sentences.said("score.up", **today)),
        (trend <= -_GONE, sentences.said("score.gone", **today)),
        (~rows.is_surging & (trend <= -_SAID_MOVE), sentences.said("score.down", **today)),
        else_=ibis.null("string"),
    )
    text = text + ibis.ifelse(faded, ibis.literal(""), (ibis.literal(" ") + moved).fill_null(""))
    is_said = (trend >= _SAID_MOVE).fill_null(False) & ~faded
    text = text + ibis.ifelse(rows.is_surging & ~is_said, ibis.literal(" ") + sentences.said("score.surging", **today), ibis.literal(""))
    return ibis.ifelse(rows.activities > 0, text, sentences.said("score.account_unknown"))
