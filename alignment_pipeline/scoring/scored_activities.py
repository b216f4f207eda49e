"""Every activity with its person, its account and what it is worth, or the reason why it does not count.

Belongs here: `scored_activities`, an expression that no run stores (docs/adr/0062), and the count of exclusions. Sums by person and
account: `engagement.py`.
"""

from __future__ import annotations

from datetime import datetime

import ibis

from alignment_pipeline.agreement.decay import shares_by_age
from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.agreement.patterns import matches
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.moments import day_number, day_numbers, microseconds, moment, whole_spans
from alignment_pipeline.contracts.scoring import ACTIVITY_EXCLUSIONS, SCORED_ACTIVITIES
from alignment_pipeline.contracts.shape import as_contract, loosened, step
from alignment_pipeline.scoring import bursts, caps, duplicate_records, points, repeats
from alignment_pipeline.scoring.owners import Owners
from alignment_pipeline.scoring.persons import numbered_people


def scored_activities(
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
    """One row per activity with `known_at` up to `as_of`. `periods` (`record_periods`) say whose a record was at the moment, and
    `account_periods` (`person_account_periods`) on which account the person was.

    An activity's contribution is base x (person weight x account weight) x decay, multiplied in this order and rounded once,
    half up, to integer micro-points. `weighted_micro` is the same without decay, for windows.
    """
    persons, moved = numbered_people(
        people, person_accounts, accounts, account_tiers, person_fits, account_periods, scoring=scoring, scope=scope, users=users
    )
    rows = scored(activities, person_records, periods, persons, moved, scoring=scoring, as_of=as_of)
    names = persons.select("person_id", "account_id", named_no="person_no")
    number = "person_no"
    if moved is not None:
        names = ibis.union(*(loosened(one) for one in (names, moved.select("person_id", "account_id", named_no="account_no").distinct())))
        rows, number = step(rows, name_no=ibis.coalesce(rows.account_no, rows.person_no)), "name_no"
    rows = rows.left_join(names, rows[number] == names.named_no)
    rows = rows.mutate(factor=points.label(ibis.ifelse(rows.exclusion.isnull(), rows.rule, points.NO_RULE), scoring.engagement.rules))
    return as_contract(rows, SCORED_ACTIVITIES, as_of=as_of, agreement_version=agreement_version)


def scored(
    activities: ibis.Table,
    person_records: ibis.Table,
    periods: ibis.Table | None,
    persons: ibis.Table,
    moved: ibis.Table | None = None,
    *,
    scoring: Scoring,
    as_of: datetime,
) -> ibis.Table:
    """Activities known as of the day with person_no, rule, exclusion, points, weight, decay; `persons` are numbered scored people, `moved`
    are `scored_periods`; activities of their people have an account_no too."""
    exclusions, limits = scoring.exclusions, scoring.engagement.caps
    owners = Owners.of(person_records, periods, persons, moved)
    kept = _KEPT if moved is None else (*_KEPT, "account_no")

    def known() -> ibis.Table:
        # for each use a reading of its own: an engine that reads shared rows once holds all of them in between
        own = activities.view()
        return own.filter(own.known_at <= moment(as_of))

    def priced(rows: ibis.Table) -> ibis.Table:
        return owners.joined(_priced(rows, scoring))

    machine_made, repeated = bursts.bursts(known(), exclusions), repeats.repeats(known(), exclusions)

    def judged(rows: ibis.Table) -> ibis.Table:
        rows = bursts.with_bursts(rows, machine_made, exclusions)
        rows = repeats.with_repeats(rows, repeated, exclusions)
        rows = step(rows, exclusion=_exclusion(rows, as_of))
        return rows.mutate(base_micro=ibis.ifelse(rows.exclusion.isnull(), rows.base_micro, 0)).select(*kept)

    if limits:
        # only people who meet a cap pay for sorting their activities; theirs are read again, instead of holding everybody's until then
        crowded = caps.crowded(priced(known()), limits)
        free = caps.with_crowded(priced(known()), crowded, limits)
        met = known().semi_join(owners.records_of(caps.people_of(crowded, limits)), "source_key")
        met = caps.with_crowded(priced(met), crowded, limits)
        rows = ibis.union(judged(free.filter(~free.is_crowded)), caps.capped(judged(met.filter(met.is_crowded)), limits))
    else:
        rows = judged(priced(known()))
    return duplicate_records.highest_only(_with_decay(rows, scoring, as_of), known(), scoring)


def _priced(rows: ibis.Table, scoring: Scoring) -> ibis.Table:
    """Activities with their day, rule and points before caps, and whether the agreement ignores the detail.

    Before any join: an engine that reads a column's few different texts looks at each of them once.
    """
    rules = scoring.engagement.rules
    return step(
        rows,
        day=day_numbers(rows.occurred_at),
        rule=points.rule_number(rows, rules),
        base_micro=points.base_micro(rows, rules),
        is_ignored=matches(rows.detail, scoring.exclusions.ignored_details),
    )


def activity_exclusions(scored: ibis.Table, *, as_of: datetime, agreement_version: str) -> ibis.Table:
    """Counts of `scored_activities` by type and reason, so that what was left out can be seen."""
    named = scored.mutate(exclusion=scored.exclusion.fill_null("counted"))
    counted = named.group_by("activity_type", "exclusion").aggregate(
        activities=named.count(), first_at=named.occurred_at.min(), last_at=named.occurred_at.max()
    )
    return as_contract(counted, ACTIVITY_EXCLUSIONS, as_of=as_of, agreement_version=agreement_version)


def _exclusion(rows: ibis.Table, as_of: datetime) -> ibis.Value:
    return ibis.cases(
        (rows.occurred_at > moment(as_of), "not_yet"),
        (rows.is_bot, "bot"),
        (rows.is_burst, "bot_burst"),
        (rows.is_automatic, "automatic"),
        (rows.person_no.isnull(), "unknown_person"),
        (rows.person_exclusion.notnull(), rows.person_exclusion),
        (rows.is_ignored, "ignored_detail"),
        (rows.is_repeat, "repeat"),
        (rows.rule == points.NO_RULE, "no_rule"),
        else_=ibis.null("string"),
    )


_KEPT = (
    "activity_id", "person_no", "activity_type", "category", "detail", "rule", "exclusion", "base_micro", "weight", "day",
    "occurred_at", "known_at",
)  # fmt: skip


def _with_decay(rows: ibis.Table, scoring: Scoring, as_of: datetime) -> ibis.Table:
    rows = step(rows, age_days=ibis.literal(day_number(as_of), type="int64") - rows.day)
    decay = scoring.engagement.decay
    shares = shares_by_age(decay).select(decay_age="age", share_left="share_left")
    age = rows.age_days
    if decay.age_in == "hours":
        age = ibis.literal(microseconds(as_of) // decay.unit, type="int64") - whole_spans(rows.occurred_at, decay.unit)
    rows = rows.left_join(shares, age == shares.decay_age)
    rows = step(rows, weighted=rows.base_micro.cast("float64") * rows.weight.fill_null(1.0))
    return step(rows, weighted_micro=_half_up(rows.weighted), contribution_micro=_half_up(rows.weighted * rows.share_left.fill_null(0.0)))


def _half_up(value: ibis.Value) -> ibis.Value:
    return (value + ibis.literal(0.5)).floor().cast("int64")
