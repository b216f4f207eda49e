"""Limits on what one person earns with one activity type per day or per asset.

Belongs here: cutting points at a cap. Earlier activities count first, so what an activity earns never depends on later ones.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.engagement import Cap, micro
from alignment_pipeline.contracts.shape import step


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
    day = activities.day.cast("string")
    asset = activities.detail.fill_null("")
    bucket = ibis.cases(*[(test, day if cap.per == "day" else asset) for test, cap in of_type], else_=ibis.null("string"))
    earned = ibis.greatest(activities.base_micro, ibis.literal(0, type="int64"))
    line = ibis.window(
        group_by=[activities.person_no, activities.activity_type, bucket],
        order_by=[activities.occurred_at, activities.activity_id],
        preceding=None,
        following=0,
    )
    rows = step(activities, cap_micro=limit, earned=earned, so_far=earned.sum().over(line))
    left = ibis.least(rows.so_far, rows.cap_micro) - ibis.least(rows.so_far - rows.earned, rows.cap_micro)
    is_cut = rows.cap_micro.notnull() & (rows.base_micro > 0) & rows.person_no.notnull()
    return rows.mutate(base_micro=ibis.ifelse(is_cut, left.cast("int64"), rows.base_micro)).drop("cap_micro", "earned", "so_far")
