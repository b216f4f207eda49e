"""Deals as they were at the end of a day, with the parts of the business they belonged to.

Belongs here: the span that holds on a day, and when a deal counts in a period. Spans: `staging/opportunity_states.py`; what happened
between two days: `bridge.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import ibis
from ibis import _

from alignment_pipeline.agreement.fiscal import Fiscal, FiscalPeriod
from alignment_pipeline.agreement.pipeline import Dimension
from alignment_pipeline.contracts.moments import moment

UNKNOWN = "(none)"


def deals_on(states: ibis.Table, day: date, *, fiscal: Fiscal) -> ibis.Table:
    """The deals that existed at the end of a day and were not deleted, one row each, as they were then."""
    end = moment(fiscal.end_of(day))
    holds = states.filter(_.valid_from_at < end, _.valid_to_at.isnull() | (_.valid_to_at >= end), ~_.is_deleted, _.created_at < end)
    return holds.view()


def with_parts(deals: ibis.Table, users: ibis.Table, accounts: ibis.Table, tiers: ibis.Table) -> ibis.Table:
    """Deals with one column per dimension: team, owner, segment, tier, source, program; what is not known is `(none)`.

    Team, segment and tier are those of today: no source keeps their past.
    """
    team = users.select(owner_id=_.user_id, team=_.department)
    industry = accounts.select(account_id=_.account_id, segment=_.industry)
    tier = tiers.select(account_id=_.account_id, tier=_.tier.cast("string"))
    joined = deals.left_join(team, "owner_id", rname="{name}_team")
    joined = joined.left_join(industry, "account_id", rname="{name}_segment")
    joined = joined.left_join(tier, "account_id", rname="{name}_tier")
    return joined.select(
        *deals.columns,
        team=joined.team.fill_null(UNKNOWN),
        owner=joined.owner_id.fill_null(UNKNOWN),
        segment=joined.segment.fill_null(UNKNOWN),
        tier=joined.tier.fill_null(UNKNOWN),
        source=joined.lead_source.fill_null(UNKNOWN),
        program=joined.campaign_id.fill_null(UNKNOWN),
    )


def by_scope(deals: ibis.Table, dimensions: Sequence[Dimension]) -> ibis.Table:
    """Each deal once for the whole and once for each dimension: `scope` is `all`, `team:West`, ..."""
    whole = deals.mutate(scope=ibis.literal("all"))
    parts = [deals.mutate(scope=ibis.literal(f"{name}:") + deals[name]) for name in dimensions]
    return ibis.union(whole, *parts) if parts else whole


def in_period(deals: ibis.Table, period: FiscalPeriod, *, fiscal: Fiscal, booking_date: str) -> ibis.Value:
    """Whether a deal belongs to a period: by close date while open; once closed, by what the agreement books by."""
    begin, end = moment(begin_of(period, fiscal)), moment(fiscal.end_of(period.last))
    return within(deals, ibis.literal(period.first), ibis.literal(period.last), begin, end, booking_date=booking_date)


def within(deals: ibis.Table, first: ibis.Value, last: ibis.Value, begin: ibis.Value, end: ibis.Value, *, booking_date: str) -> ibis.Value:
    """`in_period` for days `first` to `last`, which begin and end at these moments."""
    by_close_date = deals.close_on.between(first, last)
    if booking_date == "close_date":
        return by_close_date
    return ibis.ifelse(deals.is_closed, (deals.closed_at >= begin) & (deals.closed_at < end), by_close_date)


def begin_of(period: FiscalPeriod, fiscal: Fiscal) -> datetime:
    """The moment at which a period begins."""
    return fiscal.end_of(fiscal.before(period).last)
