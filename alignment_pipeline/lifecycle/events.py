"""Counted activities as events on a line of microseconds, and the windows in which they count.

Belongs here: from `scored_activities` to sums that change only when an event happens or falls out of its window.
Which sums cross which threshold: `crossings.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import ibis

from alignment_pipeline.agreement.engagement import Decay
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.agreement.patterns import matches

DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970, the unit in which folds count time."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(micros: int) -> datetime:
    """The UTC moment of a number of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


def micros(column: ibis.Value) -> ibis.Value:
    """Microseconds since 1970 of a timestamp column."""
    epoch = ibis.literal(_EPOCH, type="timestamp('UTC', 6)")
    return column.cast("timestamp('UTC', 6)").delta(epoch, unit="microsecond").cast("int64")


def stacked(*parts: ibis.Table) -> ibis.Table:
    """Tables of the same columns one after the other; whether a column may be null may differ."""
    return ibis.union(*(part.cast({name: kind.copy(nullable=True) for name, kind in part.schema().items()}) for part in parts))


def counted_events(scored: ibis.Table, person_fits: ibis.Table, *, as_of: datetime) -> ibis.Table:
    """One row per counted activity: person, account, what it was, weighted micro-points, at_us, day, seniority, function."""
    today = microseconds(as_of) // DAY
    fits = person_fits.select("seniority", "function", fit_person_id="person_id")
    counted = scored.filter(scored.exclusion.isnull())
    joined = counted.left_join(fits, counted.person_id == fits.fit_person_id)
    return joined.select(
        "person_id",
        "account_id",
        "activity_type",
        "category",
        "detail",
        "weighted_micro",
        "seniority",
        "function",
        at_us=micros(joined.occurred_at),
        day=ibis.literal(today, type="int64") - joined.age_days,
    )


def of_measure(events: ibis.Table, measure: Measure) -> ibis.Table:
    """The events that a criterion counts, each with its `amount`: weighted micro-points, or 1."""
    if measure.types:
        events = events.filter(events.activity_type.isin(measure.types))
    if measure.categories:
        events = events.filter(matches(events.category, measure.categories))
    if measure.details:
        events = events.filter(matches(events.detail, measure.details))
    if measure.seniorities:
        events = events.filter(events.seniority.isin(measure.seniorities))
    if measure.functions:
        events = events.filter(events.function.isin(measure.functions))
    amount = events.weighted_micro if measure.points is not None else ibis.literal(1, type="int64")
    return events.mutate(amount=amount)


def kernel(measure: Measure, decay: Decay) -> list[tuple[int, float]]:
    """How much of an event counts from which day after it: (days, share), the share changing at midnight UTC; ends with 0."""
    end = measure.days + 1
    if not measure.decayed or decay.step_days is None or decay.step_pct is None:
        limit = min(end, decay.horizon_days + 1) if measure.decayed else end
        return [(0, 1.0), (limit, 0.0)]
    end = min(end, decay.horizon_days + 1)
    steps: list[tuple[int, float]] = []
    for number in range(0, end // decay.step_days + 1):
        share = max(0.0, 1.0 - decay.step_pct / 100.0 * number)
        if number * decay.step_days >= end or share == 0.0:
            break
        steps.append((number * decay.step_days, share))
    last = len(steps) * decay.step_days
    return [*steps, (min(end, last), 0.0)]


def window_deltas(events: ibis.Table, measure: Measure, decay: Decay, *, keys: tuple[str, ...], as_of: datetime) -> ibis.Table:
    """By how much a criterion's sum changes, when: keys, at_us, delta. Only up to `as_of`; equal moments are added up."""
    parts = []
    before = 0.0
    for days, share in kernel(measure, decay):
        at = events.at_us if days == 0 else (events.day + days) * ibis.literal(DAY, type="int64")
        delta = _share(events.amount, share) - _share(events.amount, before)
        parts.append(events.select(*keys, at_us=at, delta=delta.cast("int64")))
        before = share
    deltas = stacked(*parts)
    deltas = deltas.filter(deltas.at_us <= microseconds(as_of))
    return deltas.group_by(*keys, "at_us").aggregate(delta=deltas.delta.sum().cast("int64"))


def _share(amount: ibis.Value, share: float) -> ibis.Value:
    if share in (0.0, 1.0):
        return amount * ibis.literal(int(share), type="int64")
    return (amount.cast("float64") * share + ibis.literal(0.5)).floor().cast("int64")


def window_sums(events: ibis.Table, measure: Measure, decay: Decay, *, keys: tuple[str, ...], as_of: datetime) -> ibis.Table:
    """A criterion's sum now: keys, amount. Without windows over time, as a check of the crossings and for explanations."""
    today = microseconds(as_of) // DAY
    ages = ibis.literal(today, type="int64") - events.day
    steps = kernel(measure, decay)
    share = ibis.cases(
        *[(ages >= days, _share(events.amount, portion)) for days, portion in reversed(steps)],
        else_=ibis.literal(0, type="int64"),
    )
    now = events.mutate(now=share)
    return now.group_by(*keys).aggregate(amount=now.now.sum().cast("int64"))
