"""Limits on what one person earns with one activity type per day or per asset.

Belongs here: who meets a cap at all, and cutting points at it. Earlier activities count first, so what an activity earns never depends on
later ones.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.engagement import Cap, micro
from alignment_pipeline.contracts.shape import step

# More than there are days since 1970 in any vendor's calendar, and than 32 bits hold: Spark numbers rows in 32 bits, and takes 64 for a
# product only when one side needs them
_DAYS = 10_000_000_000
Buckets = list[ibis.Table]
"""Persons, types and days (or assets), by stage."""


def crowded(activities: ibis.Table, caps: list[Cap]) -> Buckets:
    """The buckets in which more is earned than a cap. All others meet no cap, whatever the order of their activities.

    `activities`: person_no, activity_type, detail, day, base_micro (the most that each can earn).
    """
    return [_crowded(activities, stage) for stage in _stages(caps)]


def with_crowded(activities: ibis.Table, full: Buckets, caps: list[Cap]) -> ibis.Table:
    """Adds `is_crowded`: the activity lies in one of the `crowded` buckets."""
    rows = activities.mutate(is_crowded=ibis.literal(False))
    for stage, buckets in zip(_stages(caps), full, strict=True):
        names = _names(stage)
        own = buckets.view().rename({f"full_{name}": name for name in names})
        rows = step(rows, **_buckets(rows, stage))
        joined = rows.left_join(own, [rows[name] == own[f"full_{name}"] for name in names])
        is_crowded = joined.is_crowded | joined.full_bucket_0.notnull()
        rows = joined.mutate(is_crowded=is_crowded).drop(*names, *own.columns)
    return rows


def people_of(full: Buckets, caps: list[Cap]) -> ibis.Table:
    """Everybody with a `crowded` bucket: person_no."""
    numbers = []
    for stage, buckets in zip(_stages(caps), full, strict=True):
        # the rest is taken off before each division, so that no engine rounds a whole number to another one
        own, kinds = buckets.view(), len(stage)
        of_kind = ((own.bucket_0 - own.bucket_0 % _DAYS) / _DAYS).round().cast("int64")
        numbers.append(own.select(person_no=((of_kind - of_kind % kinds) / kinds).round().cast("int64")))
    return (ibis.union(*numbers) if len(numbers) > 1 else numbers[0]).distinct()


def capped(activities: ibis.Table, caps: list[Cap]) -> ibis.Table:
    """`activities` (person_no, activity_type, detail, day, occurred_at, activity_id, base_micro), cut at each cap in turn.

    Points below zero are never cut and do not make room. Ties in time are broken by the activity's id.
    """
    for stage in _stages(caps):
        activities = _cut(activities, stage)
    return activities


def _stages(caps: list[Cap]) -> list[list[Cap]]:
    """First caps of all types, second caps, ...: types do not meet, so the caps of one stage are cut in one pass."""
    stages: list[list[Cap]] = []
    for cap in caps:
        free = next((stage for stage in stages if all(other.type != cap.type for other in stage)), None)
        if free is None:
            stages.append([cap])
        else:
            free.append(cap)
    return stages


def _crowded(activities: ibis.Table, caps: list[Cap]) -> ibis.Table:
    # rows without a bucket add to none. They are not filtered out: DuckDB would then expect few rows and build its join on them
    rows = step(activities, **_buckets(activities, caps))
    limit = ibis.cases(*[(rows.activity_type == cap.type, float(micro(cap.points))) for cap in caps], else_=ibis.null("float64"))
    # doubles need half the memory of the 128-bit sum of whole numbers; rounding can only add a bucket that meets no cap, which is harmless
    earned = ibis.greatest(rows.base_micro, ibis.literal(0, type="int64")).cast("float64") / limit
    counted = rows.group_by(*_names(caps)).aggregate(filled=earned.sum())
    return counted.filter(counted.filled > 1 - 1e-6).drop("filled")


def _cut(activities: ibis.Table, caps: list[Cap]) -> ibis.Table:
    limits = [(activities.activity_type == cap.type, ibis.literal(micro(cap.points), type="int64")) for cap in caps]
    earned = ibis.greatest(activities.base_micro, ibis.literal(0, type="int64"))
    # worked out before the window, which then carries numbers instead of texts
    rows = step(activities, cap_micro=ibis.cases(*limits, else_=ibis.null("int64")), earned=earned, **_buckets(activities, caps))
    line = ibis.window(group_by=_names(caps), order_by=[rows.occurred_at, rows.activity_id], preceding=None, following=0)
    rows = step(rows, so_far=rows.earned.sum().over(line))
    left = ibis.least(rows.so_far, rows.cap_micro) - ibis.least(rows.so_far - rows.earned, rows.cap_micro)
    is_cut = rows.cap_micro.notnull() & (rows.base_micro > 0) & rows.person_no.notnull()
    cut = rows.mutate(base_micro=ibis.ifelse(is_cut, left.cast("int64"), rows.base_micro))
    return cut.drop("cap_micro", "earned", "so_far", *_names(caps))


def _names(caps: list[Cap]) -> list[str]:
    """Columns of `_buckets`."""
    return ["bucket_0", "bucket_1"] if any(cap.per == "asset" for cap in caps) else ["bucket_0"]


def _buckets(activities: ibis.Table, caps: list[Cap]) -> dict[str, ibis.Value]:
    """What a cap counts by: person, type and day, or asset; null for nobody and for types without cap. As one number as far as it goes:
    numbers are compared faster than texts."""
    kinds = len(caps)
    kind = ibis.cases(*[(activities.activity_type == cap.type, number) for number, cap in enumerate(caps)], else_=ibis.null("int64"))
    by_asset = [number for number, cap in enumerate(caps) if cap.per == "asset"]
    day = ibis.ifelse(kind.isin(by_asset), ibis.literal(0, type="int64"), activities.day) if by_asset else activities.day
    # days before 1970 must not look like those of the person before
    keys: list[ibis.Value] = [(activities.person_no * kinds + kind) * _DAYS + (day + _DAYS // 2)]
    if by_asset:
        keys.append(ibis.ifelse(kind.isin(by_asset), activities.detail.fill_null(""), ibis.literal("")))
    return dict(zip(_names(caps), keys, strict=True))
