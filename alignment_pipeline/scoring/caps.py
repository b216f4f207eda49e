"""Limits on what one person earns with one activity type per day or per asset.

Belongs here: cutting points at a cap. Earlier activities count first, so what an activity earns never depends on later ones.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.engagement import Cap, micro


def capped(activities: ibis.Table, caps: list[Cap]) -> ibis.Table:
    """`activities` (person_id, activity_type, detail, day, occurred_at, activity_id, base_micro) with base_micro cut at each cap in turn.

    Points below zero are never cut and do not make room. Ties in time are broken by the activity's id.
    """
    for cap in caps:
        is_capped = (activities.activity_type == cap.type) & (activities.base_micro > 0) & activities.person_id.notnull()
        within = activities.filter(is_capped)
        scope = within.day if cap.per == "day" else within.detail.fill_null("")
        so_far = within.base_micro.sum().over(
            ibis.window(group_by=[within.person_id, scope], order_by=[within.occurred_at, within.activity_id], preceding=None, following=0)
        )
        limit = ibis.literal(micro(cap.points), type="int64")
        earned = ibis.least(so_far, limit) - ibis.least(so_far - within.base_micro, limit)
        cut = within.mutate(base_micro=earned.cast("int64"))
        activities = ibis.union(activities.filter(~is_capped.fill_null(False)), cut)
    return activities
