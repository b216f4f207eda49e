"""Accountability: how well handed-over people were followed up, by team, rep, source and period.

Belongs here: `sla_follow_ups`, counted from the clocks. What sales said of people: `sla/standing/outcomes.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts.sla import SLA_FOLLOW_UPS

_NONE, _ALL = "(none)", "(all)"
_PLACE = ("team", "owner_id", "lead_source")
# which of team, owner and source a row is about; the others are summed
_CUTS = (("team", "owner_id", "lead_source"), ("team", "owner_id"), ("team",), ("lead_source",), ())
_FIRST_DAY = {"week": "W", "month": "M", "all": None}


def sla_follow_ups(clocks: ibis.Table, users: ibis.Table, *, sla: Sla, as_of: datetime, agreement_version: str) -> ibis.Table:
    """`sla_follow_ups` of the clocks that started within the agreement's reporting_weeks and were not cancelled.

    Rates are of decided clocks alone: a clock that still runs, or whose feed is not read far enough, is neither kept nor missed.
    """
    since = as_of - timedelta(weeks=sla.reporting_weeks)
    recent = clocks.filter((clocks.started_at >= ibis.literal(since).cast("timestamp('UTC')")) & (clocks.state != "cancelled"))
    departments = users.select(owner_id=users.user_id, team=users.department)
    rows = recent.left_join(departments, "owner_id").select(
        "policy", "state", "started_at", "stopped_at", "raw_minutes", "elapsed_minutes", "system_minutes", "sales_minutes",
        team=departments.team.fill_null(_NONE), owner_id=recent.owner_id.fill_null(_NONE), lead_source=recent.lead_source.fill_null(_NONE),
    )  # fmt: skip
    parts = []
    for period, unit in _FIRST_DAY.items():
        first = rows.started_at.truncate(unit).date() if unit else ibis.literal(since.date())
        for cut in _CUTS:
            named = {name: rows[name] if name in cut else ibis.literal(_ALL) for name in _PLACE}
            parts.append(rows.mutate(period=ibis.literal(period), period_start_on=first, **named))
    every = ibis.union(*parts)
    is_stopped = every.stopped_at.notnull()

    def how_many(*states: str) -> ibis.Value:
        return every.state.isin(states).cast("int64").sum()

    def quantiles(name: str) -> dict[str, ibis.Value]:
        column = every[f"{name}_minutes"]
        return {f"{name}_p{share}_minutes": column.quantile(share / 100, where=is_stopped) for share in (50, 95)}

    counted = every.group_by(["policy", "period", "period_start_on", *_PLACE]).agg(
        clocks=every.count(),
        decided=how_many("met", "met_late", "breached"),
        met=how_many("met"),
        met_late=how_many("met_late"),
        breached=how_many("breached"),
        never_touched=(every.state.isin(["breached"]) & every.stopped_at.isnull()).cast("int64").sum(),
        running=how_many("pending", "at_risk", "paused", "unknown"),
        **quantiles("raw"), **quantiles("elapsed"), **quantiles("system"), **quantiles("sales"),
    )  # fmt: skip
    decided = counted.decided.nullif(0).cast("float64")
    rated = counted.mutate(
        follow_up_rate_pct=100.0 * counted.met.cast("float64") / decided,
        acted_on_rate_pct=100.0 * (counted.met + counted.met_late).cast("float64") / decided,
        as_of=ibis.literal(as_of).cast("timestamp('UTC')"),
        agreement_version=ibis.literal(agreement_version),
    )
    ordered = rated.select(*SLA_FOLLOW_UPS.names).order_by(*SLA_FOLLOW_UPS.key)
    return ibis.memtable(ordered.to_pyarrow().cast(SLA_FOLLOW_UPS.schema))
