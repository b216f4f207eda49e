"""Pipeline and money: why sales said no, why deals were won and lost, the bridge, coverage and the gap to plan.

Belongs here: the rows of opportunities and of the pipeline's own tables. How pipeline is measured: `pipeline_metrics/`, whose tables
are made for the period's last day before a pack is (`operations/pack.py`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import ibis
from ibis import _

from alignment_pipeline.agreement.commitments import Commitment
from alignment_pipeline.meeting.draft import IN_PERIOD, Draft

NO_REASON = "no reason recorded"
#: Metrics on the page, in this order.
METRICS = ("bookings", "target", "coverage", "coverage_needed", "open_needed", "coverage_gap", "forecast", "overdue_pipeline")
PARTS = ("start", "new", "pulled_in", "reopened", "increased", "decreased", "won", "lost", "pushed_out", "deleted", "end")
REASONS_LISTED = 5


def keep_deals(draft: Draft) -> None:
    """`created_deals` and `closed_deals`."""
    deals = draft.tables["opportunities"]
    sourced = next((one for one in draft.agreement.sla.commitments if one.measure in ("sourced_pipeline_usd", "sourced_won_pct")), None)
    marketings = _marketings(deals, sourced)
    owned = draft.with_account(draft.with_owner(deals))
    named = owned.mutate(
        is_marketing=ibis.ifelse(owned.lead_source.isin(marketings) if marketings else ibis.literal(False), "yes", "no"),
        is_won=ibis.ifelse(owned.is_won, "yes", "no"),
    )
    columns = ("week", "in_period", "opportunity_id", "account_id", "account", "owner", "amount_usd", "lead_source", "is_marketing")
    created = draft.until_now(named, "created_at").select(*columns, "stage", "created_at")
    draft.keep("created_deals", created, order=("created_at", "opportunity_id"))
    closed = draft.until_now(named.filter(named.closed_at.notnull()), "closed_at")
    reason = ibis.coalesce(closed.loss_reason.strip().nullif(""), NO_REASON)
    draft.keep("closed_deals", closed.select(*columns, "is_won", "closed_at", reason=reason), order=("closed_at", "opportunity_id"))


def _marketings(deals: ibis.Table, commitment: Commitment | None) -> list[str]:
    if commitment is None:
        return []
    sources = deals.filter(_.lead_source.notnull()).select("lead_source").distinct().to_pyarrow().column("lead_source").to_pylist()
    return sorted(source for source in sources if commitment.is_marketings(source))


def reasons(draft: Draft) -> dict[str, Any]:
    """Reject, win and loss reasons, this period against the weekly mean of the weeks before."""
    weeks = max(1, len({row["week"] for row in draft.days.filter(_.in_period == "no").to_pyarrow().to_pylist()}))
    return {
        "rejected": _against(draft, "rejected", "code", weeks, outcome="rejected"),
        "won": _against(draft, "closed", "reason", weeks, is_won="yes"),
        "lost": _against(draft, "closed", "reason", weeks, is_won="no"),
    }


def _against(draft: Draft, name: str, column: str, weeks: int, **where: str) -> dict[str, Any]:
    now = {value.scope[column]: value for value in draft.count(name, by=(column,), **IN_PERIOD, **where)}
    before = {value.scope[column]: value.value or 0.0 for value in draft.count(name, by=(column,), in_period="no", **where)}
    order = sorted({*now, *before}, key=lambda one: (-(now[one].value or 0) if one in now else 0, -before.get(one, 0), one))
    periods = weeks if draft.period.kind == "week" else 1
    rows = [{"reason": one, "now": now[one].key if one in now else None, "usual": before.get(one, 0) / periods} for one in order]
    return {"total": draft.one(name, **IN_PERIOD, **where).key, "rows": rows[:REASONS_LISTED]}


def keep_pipeline(draft: Draft) -> None:
    """`bridge` and `pipeline`."""
    since = draft.period.first - timedelta(days=1)
    moved = draft.tables["pipeline_movements"].filter(_.scope == "all", _.since_on == since)
    names = draft.tables["opportunities"].select("opportunity_id", "account_id", "stage", "close_on")
    joined = draft.with_account(moved.left_join(names, "opportunity_id").drop("opportunity_id_right"))
    rows = joined.select(
        "part", "opportunity_id", "account_id", "account", "stage", "close_on", amount_usd=joined.amount_cents.cast("float64") / 100
    )
    draft.keep("bridge", rows, order=("part", "opportunity_id"))
    metrics = draft.tables["pipeline_metrics"].filter(_.scope == "all", ~_.metric.startswith("bridge_"), _.metric != "open_pipeline")
    is_money = metrics.unit.startswith("cents")
    shown = metrics.select(
        "metric", "period", "day_on", "unit", "n", "numerator", "denominator", "lower", "upper", "basis", "definition",
        value=ibis.ifelse(is_money, metrics.value / 100, metrics.value),
    )  # fmt: skip
    draft.keep("pipeline", shown, order=("metric",))


def pipeline(draft: Draft) -> dict[str, Any]:
    """The bridge of the period, what is open, booked and missing."""
    parts = {value.scope["part"]: value for value in draft.count("bridge", by=("part",)) if value.scope["part"] not in ("start", "end")}
    rows = {row["metric"]: row for row in draft.listed("pipeline")}
    return {
        "start": draft.one("bridge", part="start").key,
        "parts": [parts[name].key for name in PARTS if name in parts],
        "end": draft.one("open_pipeline", part="end").key,
        "metrics": [
            {"metric": name, "key": draft.one("pipeline", metric=name).key}
            | {part: rows[name][part] for part in ("unit", "n", "basis", "definition", "lower", "upper")}
            for name in METRICS
            if name in rows
        ],
        "quarter": next((row["period"] for row in rows.values()), draft.agreement.fiscal.period_of(draft.period.last).name),
    }
