"""Limits on what one person earns with one activity type per day or per asset.

Belongs here: cutting points at a cap. Earlier activities count first, so what an activity earns never depends on later ones.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.engagement import Cap, micro
from alignment_pipeline.contracts.shape import step

# More than there are days since 1970 in any vendor's calendar, and than 32 bits hold: Spark numbers rows in 32 bits, and takes 64 for a
# product only when one side needs them
_DAYS = 10_000_000_000


def capped(activities: ibis.Table, caps: list[Cap]) -> ibis.Table:
    """`activities` of capped types (person_no, activity_type, detail, day, occurred_at, activity_id, base_micro), cut at each cap in turn.

    Points below zero are never cut and do not make room. Ties in time are broken by the activity's id.
    """
    for stage in _stages(caps):
        activities = _cut(activities, stage)
    return activities


def capped_types(caps: list[Cap]) -> list[str]:
    """Activity types that have a cap."""
    return sorted({cap.type for cap in caps})


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


def _cut(activities: ibis.Table, caps: list[Cap]) -> ibis.Table:
    of_type = [(activities.activity_type == cap.type, cap) for cap in caps]
    limit = ibis.cases(*[(test, ibis.literal(micro(cap.points), type="int64")) for test, cap in of_type], else_=ibis.null("int64"))
    earned = ibis.greatest(activities.base_micro, ibis.literal(0, type="int64"))
    # worked out before the window, which then carries numbers instead of texts
    buckets = {f"bucket_{number}": bucket for number, bucket in enumerate(_buckets(activities, caps))}
    rows = step(activities, cap_micro=limit, earned=earned, **buckets)
    line = ibis.window(group_by=list(buckets), order_by=[rows.occurred_at, rows.activity_id], preceding=None, following=0)
    rows = step(rows, so_far=rows.earned.sum().over(line))
    left = ibis.least(rows.so_far, rows.cap_micro) - ibis.least(rows.so_far - rows.earned, rows.cap_micro)
    is_cut = rows.cap_micro.notnull() & (rows.base_micro > 0) & rows.person_no.notnull()
    return rows.mutate(base_micro=ibis.ifelse(is_cut, left.cast("int64"), rows.base_micro)).drop("cap_micro", "earned", "so_far", *buckets)


def _buckets(activities: ibis.Table, caps: list[Cap]) -> list[ibis.Value]:
    """What a cap counts by: person, type and day, or asset. As one number as far as it goes: numbers sort faster than texts."""
    kinds = len(caps) + 1
    kind = ibis.cases(*[(activities.activity_type == cap.type, number) for number, cap in enumerate(caps)], else_=len(caps))
    by_asset = [number for number, cap in enumerate(caps) if cap.per == "asset"]
    day = ibis.ifelse(kind.isin(by_asset), ibis.literal(0, type="int64"), activities.day) if by_asset else activities.day
    keys = [(activities.person_no * kinds + kind) * _DAYS + day]
    if by_asset:
        keys.append(ibis.ifelse(kind.isin(by_asset), activities.detail.fill_null(""), ibis.null("string")))
    return keys
