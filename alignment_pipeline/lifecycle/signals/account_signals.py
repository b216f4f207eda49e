"""What happens to an account beside engagement: opportunities, becoming a customer, being an MQA.

Belongs here: levels (on or off over time) and events of accounts, as changes for the folds. Criteria on activities: `crossings.py`.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.contracts.moments import Moment, micros, moment

ON, OFF = 1, 0


def stacked(*parts: ibis.Table) -> ibis.Table:
    """Tables of the same columns one after the other; whether a column may be null may differ."""
    return ibis.union(*(part.cast({name: kind.copy(nullable=True) for name, kind in part.schema().items()}) for part in parts))


def stays(intervals: ibis.Table, *, as_of: Moment) -> ibis.Table:
    """A level that is on while any of an entity's intervals lasts: from entity_id, from_us, until_us to entity_id, at_us, value."""
    starts = intervals.select("entity_id", at_us=intervals.from_us, delta=ibis.literal(1, type="int64"))
    ended = intervals.filter(intervals.until_us.notnull())
    ends = ended.select("entity_id", at_us=ended.until_us, delta=ibis.literal(-1, type="int64"))
    deltas = stacked(starts, ends)
    deltas = deltas.filter(deltas.at_us <= micros(moment(as_of)))
    steps = deltas.group_by("entity_id", "at_us").aggregate(delta=deltas.delta.sum().cast("int64"))
    total = steps.delta.sum().over(ibis.window(group_by=steps.entity_id, order_by=steps.at_us, preceding=None, following=0))
    level = steps.mutate(value=(total > 0).cast("int64"))
    before = level.value.lag(1).over(group_by=level.entity_id, order_by=level.at_us).fill_null(OFF)
    level = level.mutate(before=before)
    changed = level.filter(level.value != level.before)
    return changed.select("entity_id", "at_us", "value")


def opportunity_intervals(opportunities: ibis.Table) -> ibis.Table:
    """While an account's opportunities are open: entity_id (account), from_us, until_us (null while open)."""
    of_account = opportunities.filter(opportunities.account_id.notnull())
    closed = ibis.ifelse(
        of_account.is_closed, ibis.coalesce(of_account.closed_at, of_account.modified_at), ibis.null("timestamp('UTC', 6)")
    )
    return of_account.select(entity_id=of_account.account_id, from_us=micros(of_account.created_at), until_us=micros(closed))


def opportunity_events(opportunities: ibis.Table, event: str, *, as_of: Moment) -> ibis.Table:
    """Moments at which an opportunity is created, won or lost: entity_id (account), at_us, value 1."""
    rows = opportunities.filter(opportunities.account_id.notnull())
    if event == "opportunity_created":
        at = micros(rows.created_at)
    else:
        rows = rows.filter(rows.is_closed, rows.is_won if event == "opportunity_won" else ~rows.is_won)
        at = micros(ibis.coalesce(rows.closed_at, rows.modified_at))
    events = rows.select(entity_id=rows.account_id, at_us=at, value=ibis.literal(ON, type="int64"))
    return events.filter(events.at_us <= micros(moment(as_of))).distinct()


def customer_since(accounts: ibis.Table, opportunities: ibis.Table, *, as_of: Moment) -> ibis.Table:
    """When accounts became customers: entity_id, at_us, value 1.

    The first won opportunity says when. A customer without one (by its type alone) counts as one since its record was
    created: the CRM keeps no older truth, and calling it a prospect in the past would be a guess.
    """
    won = opportunity_events(opportunities, "opportunity_won", as_of=as_of)
    first = won.group_by("entity_id").aggregate(at_us=won.at_us.min())
    flagged = accounts.filter(accounts.is_customer).select(entity_id="account_id", created_us=micros(accounts.created_at))
    joined = flagged.left_join(first, "entity_id")
    since = joined.select(
        entity_id=joined.entity_id, at_us=ibis.coalesce(joined.at_us, joined.created_us), value=ibis.literal(ON, type="int64")
    )
    return since.filter(since.at_us <= micros(moment(as_of)))


def mqa_intervals(mqa_changes: ibis.Table) -> ibis.Table:
    """While accounts are MQAs: entity_id, from_us, until_us."""
    return mqa_changes.select(entity_id="account_id", from_us=micros(mqa_changes.entered_at), until_us=micros(mqa_changes.left_at))
