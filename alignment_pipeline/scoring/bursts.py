"""Bursts: clicks that a mail gateway made by following every link of a mail, and the page visits that these clicks caused.

Belongs here: finding them by the distance of clicks in time. What else does not count: `scored_activities.py`.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.activity_types import Exclusions
from alignment_pipeline.contracts.moments import MINUTE, micros, whole_spans
from alignment_pipeline.contracts.shape import step

_SECOND = 1_000_000


def bursts(activities: ibis.Table, exclusions: Exclusions) -> ibis.Table | None:
    """One row per burst: burst_key (the record's key), burst_from_us, burst_until_us. None when the agreement looks for none.

    A click belongs to a burst when it is one of `clicks_per_minute` clicks of one record that lie less than a minute apart. Bursts that are
    nearer to each other than visits may be to a burst are one burst.
    """
    limit, types = exclusions.clicks_per_minute, exclusions.click_types
    if not limit or not types:
        return None
    clicks = activities.filter(activities.activity_type.isin(types))
    clicks = clicks.select(
        "activity_id", burst_key="source_key", at_us=micros(clicks.occurred_at), minute=whole_spans(clicks.occurred_at, MINUTE)
    )
    clicks = step(_suspects(clicks, limit))
    ordered = {"group_by": clicks.burst_key, "order_by": [clicks.at_us, clicks.activity_id]}
    reach = clicks.at_us.lead(limit - 1).over(ibis.window(**ordered)) - clicks.at_us
    clicks = step(clicks, is_start=ibis.ifelse((reach < MINUTE).fill_null(False), 1, 0))
    ordered = {"group_by": clicks.burst_key, "order_by": [clicks.at_us, clicks.activity_id]}
    clicks = step(clicks, is_burst=clicks.is_start.max().over(ibis.window(**ordered, preceding=limit - 1, following=0)))
    return _joined(clicks.filter(clicks.is_burst == 1), 2 * exclusions.click_effect_seconds * _SECOND)


def _suspects(clicks: ibis.Table, limit: int) -> ibis.Table:
    """Clicks in minutes that, together with the minute before or after, hold enough clicks: only these are worth sorting."""
    counted = clicks.group_by("burst_key", "minute").aggregate(clicks=clicks.count())
    pairs = ibis.union(counted, counted.mutate(minute=counted.minute - 1))
    pairs = pairs.group_by("burst_key", "minute").aggregate(clicks=pairs.clicks.sum())
    full = pairs.filter(pairs.clicks >= limit).select(full_key="burst_key", full_minute="minute")
    minutes = ibis.union(full, full.mutate(full_minute=full.full_minute + 1)).distinct()
    return clicks.semi_join(minutes, [clicks.burst_key == minutes.full_key, clicks.minute == minutes.full_minute])


def _joined(clicks: ibis.Table, gap_us: int) -> ibis.Table:
    """Clicks of bursts as spans of time; clicks no further apart than `gap_us` are one span."""
    order = [clicks.at_us, clicks.activity_id]
    before = clicks.at_us.lag(1).over(ibis.window(group_by=clicks.burst_key, order_by=order))
    spans = step(clicks, is_new=ibis.ifelse((clicks.at_us - before <= gap_us).fill_null(False), 0, 1))
    whole = ibis.window(group_by=spans.burst_key, order_by=[spans.at_us, spans.activity_id], preceding=None, following=0)
    spans = step(spans, number=spans.is_new.sum().over(whole))
    grouped = spans.group_by("burst_key", "number").aggregate(burst_from_us=spans.at_us.min(), burst_until_us=spans.at_us.max())
    return grouped.drop("number")


def with_bursts(rows: ibis.Table, bursts: ibis.Table | None, exclusions: Exclusions) -> ibis.Table:
    """Adds `is_burst`: a click inside a burst, or an activity that its clicks caused, within `click_effect_seconds` of it."""
    if bursts is None:
        return rows.mutate(is_burst=ibis.literal(False))
    is_click = rows.activity_type.isin(exclusions.click_types)
    is_effect = rows.activity_type.isin(exclusions.click_effect_types) if exclusions.click_effect_types else ibis.literal(False)
    slack = ibis.ifelse(is_click, ibis.literal(0, type="int64"), ibis.literal(exclusions.click_effect_seconds * _SECOND, type="int64"))
    # the others have no key and are never compared
    rows = step(
        rows,
        may_key=ibis.ifelse(is_click | is_effect, rows.source_key, ibis.null("string")),
        at_us=micros(rows.occurred_at),
        slack_us=slack,
    )
    own = bursts.view()
    joined = rows.left_join(
        own,
        [
            rows.may_key == own.burst_key,
            rows.at_us >= own.burst_from_us - rows.slack_us,
            rows.at_us <= own.burst_until_us + rows.slack_us,
        ],
    )
    return joined.mutate(is_burst=joined.burst_key.notnull())
