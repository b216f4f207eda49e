"""`pipeline_movements`: the bridges of the last week and of the present period.

Belongs here: which bridges are published. How a bridge is made: `bridge.py`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import ibis

from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.contracts.pipeline import PIPELINE_MOVEMENTS
from alignment_pipeline.contracts.shape import as_contract
from alignment_pipeline.pipeline_metrics import bridge, deals

WEEK = timedelta(days=7)


def pipeline_movements(
    opportunity_states: ibis.Table,
    users: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    *,
    fiscal: Fiscal,
    pipeline: Pipeline,
    as_of: datetime,
    agreement_version: str,
    day: date | None = None,
    since: date | None = None,
) -> ibis.Table:
    """Bridges to the end of `day` (default: the day of `as_of`), from a week before and from the day before the period began.

    `since` asks for one bridge from that day instead. What is known is what `opportunity_states` holds.
    """
    until = day or fiscal.day_of(as_of)
    period = fiscal.period_of(until)
    days = [since] if since else sorted({until - WEEK, period.first - timedelta(days=1)})
    parted = deals.with_parts(opportunity_states, users, accounts, account_tiers)
    after = deals.deals_on(parted, until, fiscal=fiscal)
    rows = [
        bridge.movements(
            deals.deals_on(parted, begin, fiscal=fiscal),
            after,
            since=begin,
            period=period,
            dimensions=tuple(pipeline.scopes),
            fiscal=fiscal,
            booking_date=pipeline.booking_date,
        ).mutate(since_on=ibis.literal(begin), until_on=ibis.literal(until), period=ibis.literal(period.name))
        for begin in days
    ]
    movements = ibis.union(*rows) if len(rows) > 1 else rows[0]
    return as_contract(movements, PIPELINE_MOVEMENTS, as_of=as_of, agreement_version=agreement_version)
