"""Every activity with its person, its account and what it is worth, or the reason why it does not count.

Belongs here: `scored_activities`, an expression that no run stores (docs/adr/0062), and the count of exclusions. Sums by person and
account: `engagement.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import ibis
from ibis import _

from alignment_pipeline.agreement.decay import shares_by_age
from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.agreement.patterns import matches
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.moments import day_number, day_numbers, microseconds, moment, whole_spans
from alignment_pipeline.contracts.scoring import ACTIVITY_EXCLUSIONS, SCORED_ACTIVITIES
from alignment_pipeline.contracts.shape import as_contract, step
from alignment_pipeline.scoring import bursts, duplicate_records, points, repeats
from alignment_pipeline.scoring.caps import capped, capped_types
from alignment_pipeline.scoring.persons import numbered, scored_people


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
    users: ibis.Table | None = None,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """One row per activity with `known_at` up to `as_of`. `periods` (`record_periods`) say whose a record was at the moment.

    An activity's contribution is base x (person weight x account weight) x decay, multiplied in this order and rounded once,
    half up, to integer micro-points. `weighted_micro` is the same without decay, for windows.
    """
    persons = numbered(
        scored_people(people, person_accounts, accounts, account_tiers, person_fits, scoring=scoring, scope=scope or Scope(), users=users)
    )
    rows = scored(activities, person_records, periods, persons, scoring=scoring, as_of=as_of)
    names = persons.select("person_id", "account_id", named_no="person_no")
    rows = rows.left_join(names, rows.person_no == names.named_no)
    rows = rows.mutate(factor=points.label(ibis.ifelse(rows.exclusion.isnull(), rows.rule, points.NO_RULE), scoring.engagement.rules))
    return as_contract(rows, SCORED_ACTIVITIES, as_of=as_of, agreement_version=agreement_version)


def scored(
    activities: ibis.Table,
    person_records: ibis.Table,
    periods: ibis.Table | None,
    persons: ibis.Table,
    *,
    scoring: Scoring,
    as_of: datetime,
) -> ibis.Table:
    """Activities known as of the day with person_no, rule, exclusion, points, weight, decay; `persons` are numbered scored people."""
    known = activities.filter(activities.known_at <= moment(as_of))
    machine_made, repeated = bursts.bursts(known, scoring.exclusions), repeats.repeats(known, scoring.exclusions)
    types = capped_types(scoring.engagement.caps)
    looked_up = {*scoring.exclusions.click_types, *scoring.exclusions.click_effect_types}
    repeatable = set(scoring.exclusions.repeat_types)

    def prepared(rows: ibis.Table, has_type: Callable[[set[str]], bool]) -> ibis.Table:
        rows = _with_person(rows, person_records, periods, persons)
        rows = bursts.with_bursts(rows, machine_made if has_type(looked_up) else None, scoring.exclusions)
        rows = repeats.with_repeats(rows, repeated if has_type(repeatable) else None, scoring.exclusions)
        return _prepared(rows, scoring, as_of)

    # split before anything else: only the capped types pay for the windows, and no row is worked on twice
    parts = [prepared(known.filter(~known.activity_type.isin(types)), lambda wanted: not wanted <= set(types))]
    if types:
        within = prepared(known.filter(known.activity_type.isin(types)), lambda wanted: not wanted.isdisjoint(types))
        parts.append(capped(within, scoring.engagement.caps))
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return duplicate_records.highest_only(_with_decay(rows, scoring, as_of), known, scoring)


def _prepared(rows: ibis.Table, scoring: Scoring, as_of: datetime) -> ibis.Table:
    """Activities with their exclusion, rule and points before caps."""
    rows = rows.mutate(day=day_numbers(rows.occurred_at))
    rows = step(rows, rule=points.rule_number(rows, scoring.engagement.rules))
    rows = step(rows, exclusion=_exclusion(rows, scoring, as_of))
    base = ibis.ifelse(rows.exclusion.isnull(), points.base_micro(rows, scoring.engagement.rules), 0)
    return _narrow(rows.mutate(base_micro=base))


def activity_exclusions(scored: ibis.Table, *, as_of: datetime, agreement_version: str) -> ibis.Table:
    """Counts of `scored_activities` by type and reason, so that what was left out can be seen."""
    named = scored.mutate(exclusion=scored.exclusion.fill_null("counted"))
    counted = named.group_by("activity_type", "exclusion").aggregate(
        activities=named.count(), first_at=named.occurred_at.min(), last_at=named.occurred_at.max()
    )
    return as_contract(counted, ACTIVITY_EXCLUSIONS, as_of=as_of, agreement_version=agreement_version)


def _with_person(activities: ibis.Table, person_records: ibis.Table, periods: ibis.Table | None, persons: ibis.Table) -> ibis.Table:
    keys = person_records.select(record_key="source_key", record_person_id="person_id")
    known = keys.inner_join(persons, keys.record_person_id == persons.person_id)
    known = known.select("record_key", "person_no", "weight", "person_exclusion")
    rows = activities.left_join(known, activities.source_key == known.record_key)
    return rows if periods is None else _of_the_moment(rows, periods, persons)


def _of_the_moment(rows: ibis.Table, periods: ibis.Table, persons: ibis.Table) -> ibis.Table:
    """The same, with the person whose the record was when the activity happened."""
    then = periods.inner_join(persons, "person_id").select(
        then_key=_.source_key,
        then_from=_.from_at,
        then_until=_.until_at,
        then_no=_.person_no,
        then_weight=_.weight,
        then_exclusion=_.person_exclusion,
    )
    is_then = (
        (rows.source_key == then.then_key),
        (rows.occurred_at >= then.then_from),
        (rows.occurred_at < then.then_until.fill_null(ibis.literal(datetime(9999, 1, 1, tzinfo=UTC)).cast("timestamp('UTC')"))),
    )
    joined = rows.left_join(then, is_then)
    was = joined.then_no.notnull()
    names = {"person_no": "then_no", "weight": "then_weight", "person_exclusion": "then_exclusion"}
    moved = joined.mutate(**{name: ibis.ifelse(was, joined[other], joined[name]) for name, other in names.items()})
    return moved.drop("then_key", "then_from", "then_until", *names.values())


def _exclusion(rows: ibis.Table, scoring: Scoring, as_of: datetime) -> ibis.Value:
    ignored = scoring.exclusions.ignored_details
    return ibis.cases(
        (rows.occurred_at > moment(as_of), "not_yet"),
        (rows.is_bot, "bot"),
        (rows.is_burst, "bot_burst"),
        (rows.is_automatic, "automatic"),
        (rows.person_no.isnull(), "unknown_person"),
        (rows.person_exclusion.notnull(), rows.person_exclusion),
        (matches(rows.detail, ignored), "ignored_detail"),
        (rows.is_repeat, "repeat"),
        (rows.rule == points.NO_RULE, "no_rule"),
        else_=ibis.null("string"),
    )


_KEPT = (
    "activity_id", "person_no", "activity_type", "category", "detail", "rule", "exclusion", "base_micro", "weight", "day",
    "occurred_at", "known_at",
)  # fmt: skip


def _narrow(rows: ibis.Table) -> ibis.Table:
    return rows.select(*_KEPT)


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
