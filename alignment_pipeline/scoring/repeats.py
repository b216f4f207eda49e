"""Repeats: the same form sent again within seconds, by a double click or a page that was loaded again.

Belongs here: finding them. What an activity earns: `points.py`; limits per day: `caps.py`.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.activity_types import Exclusions
from alignment_pipeline.contracts.moments import micros
from alignment_pipeline.contracts.shape import step

_SECOND = 1_000_000


def repeats(activities: ibis.Table, exclusions: Exclusions) -> ibis.Table | None:
    """One row per activity (repeat_id) that comes at most `repeat_seconds` after an equal one: same record, type, category and detail."""
    types, seconds = exclusions.repeat_types, exclusions.repeat_seconds
    if not types or not seconds:
        return None
    rows = activities.filter(activities.activity_type.isin(types), ~activities.is_bot, ~activities.is_automatic)
    rows = step(rows, at_us=micros(rows.occurred_at))
    same = [rows.source_key, rows.activity_type, rows.category, rows.detail]
    before = rows.at_us.lag(1).over(ibis.window(group_by=same, order_by=[rows.at_us, rows.activity_id]))
    rows = step(rows, gap_us=rows.at_us - before)
    return rows.filter(rows.gap_us <= seconds * _SECOND).select(repeat_id="activity_id")


def with_repeats(rows: ibis.Table, repeats: ibis.Table | None, exclusions: Exclusions) -> ibis.Table:
    """Adds `is_repeat`. Only activities of the agreement's types look themselves up."""
    if repeats is None:
        return rows.mutate(is_repeat=ibis.literal(False))
    may = ibis.ifelse(rows.activity_type.isin(exclusions.repeat_types), rows.activity_id, ibis.null("string"))
    rows = step(rows, may_repeat=may)
    own = repeats.view()
    joined = rows.left_join(own, rows.may_repeat == own.repeat_id)
    return joined.mutate(is_repeat=joined.repeat_id.notnull())
