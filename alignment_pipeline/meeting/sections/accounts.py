"""Accounts to talk about: nearly MQAs, MQAs that wait for sales, new committee members, surges, openings.

Belongs here: which accounts are listed and in which order. Reasons that sales gave: `money.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.meeting.draft import IN_PERIOD, Draft
from alignment_pipeline.wording import forms

#: Rows on the page; the others are in the file.
WAITING_LISTED, INSIGHTS_LISTED = 8, 5
_YEAR = timedelta(days=365)
_OPEN_STATES = ("pending", "at_risk", "breached", "unknown", "paused")


def keep_mqas(draft: Draft) -> None:
    """`mqas_now`, and of them `mqas_waiting`."""
    statuses = draft.tables["account_mqa_statuses"].filter(_.is_mqa).select("account_id", "path", "latest_at", "mqa_reason")
    owners = draft.tables["accounts"].select("account_id", "owner_id")
    mqas = draft.with_account(draft.with_owner(statuses.inner_join(owners, "account_id")))
    tiers = draft.tables["account_scores"].select("account_id", "tier")
    now = mqas.left_join(tiers, "account_id").select(*mqas.columns, "tier")
    draft.keep("mqas_now", now, order=("latest_at", "account_id"))
    policies = [policy.name for policy in draft.agreement.sla.policies if policy.is_enabled and policy.trigger.event == "mqa_entered"]
    clocks = draft.tables["sla_clocks"].filter(_.policy.isin(policies), _.stopped_at.isnull(), _.state.isin(_OPEN_STATES))
    # the clock of the MQA that holds now, not one of an earlier time
    clocks = clocks.inner_join(statuses.select("account_id", "latest_at"), "account_id").filter(_.trigger_at >= _.latest_at)
    first = ibis.row_number().over(ibis.window(group_by="account_id", order_by=[clocks.due_at, clocks.clock_id]))
    latest = clocks.filter(clocks.account_id.notnull()).mutate(place=first).filter(_.place == 0)
    latest = latest.select("account_id", "clock_id", "state", "due_at", "started_at")
    draft.keep("mqas_waiting", now.inner_join(latest, "account_id"), order=("due_at", "account_id"))


def mqas(draft: Draft) -> dict[str, Any]:
    """MQAs now, new ones, and those that wait, the longest first; an overdue one of last quarter is no news this week."""
    rows = draft.listed("mqas_waiting")
    fresh = [row for row in rows if draft.agreement.fiscal.day_of(row["latest_at"]) >= draft.period.first]
    return {
        "now": draft.one("mqas_now").key,
        "new": draft.one("new_mqas", **IN_PERIOD).key,
        "waiting": draft.one("mqas_waiting").key,
        "fresh": len(fresh),
        "rows": [*fresh, *(row for row in rows[::-1] if row not in fresh)][:WAITING_LISTED],
    }


def keep_near(draft: Draft) -> None:
    """`near_mqas`: what each lacks, how near it is, and the pipeline to expect of it."""
    meeting = draft.agreement.meeting
    statuses = draft.tables["account_mqa_statuses"].filter(_.mqa_status == "not yet")
    scores = draft.tables["account_scores"].filter(_.engagement_points > 0)
    scores = scores.select("account_id", "tier", "people_engaged", "engagement_points")
    owners = draft.tables["accounts"].select("account_id", "owner_id")
    joined = statuses.select("account_id", "paths").inner_join(scores, "account_id").inner_join(owners, "account_id")
    rows = draft.with_account(draft.with_owner(joined)).to_pyarrow().to_pylist()
    rate, amounts = mqa_rate(draft), mean_amounts(draft)
    listed = []
    for row in rows:
        paths = json.loads(row.pop("paths"))
        near = nearness(paths)
        if 100 * near < meeting.near_pct:
            continue
        amount = amounts.get(row["tier"], amounts.get(None))
        expected = None if rate is None or amount is None else round(rate * amount * near, 2)
        row["missing"] = lacking(paths)
        listed.append(row | {"near_pct": round(100 * near, 1), "expected_usd": expected})
    kinds = {"tier": pa.int64(), "people_engaged": pa.int64()} | dict.fromkeys(
        ("near_pct", "expected_usd", "engagement_points"), pa.float64()
    )
    names = ("account_id", "account", "owner", "team", "tier", "near_pct", "expected_usd", "missing", "people_engaged", "engagement_points")
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    table = ibis.memtable(pa.Table.from_pylist(listed, schema=schema))
    draft.keep("near_mqas", table, order=("account_id",))


def near(draft: Draft) -> dict[str, Any]:
    """The list by expected pipeline, then by nearness."""
    rows = sorted(draft.listed("near_mqas"), key=lambda row: (-(row["expected_usd"] or 0), -row["near_pct"], row["account_id"]))
    return {
        "number": draft.one("near_mqas").key,
        "expected": draft.one("expected_pipeline").key,
        "rate": mqa_rate(draft),
        "rows": rows[: draft.agreement.meeting.near_mqas],
    }


def nearness(paths: list[Mapping[str, Any]]) -> float:
    """Of the path that is nearest: the mean share of what each criterion needs, 0 to 1."""
    return max((_share(path) for path in paths), default=0.0)


def lacking(paths: list[Mapping[str, Any]]) -> str:
    """What is missing today, the nearest path first: `5 more minutes; or 1 more person with a hand raise`."""
    ranked = sorted(paths, key=_share, reverse=True)
    ways = [" and ".join(one["missing"] for one in path["criteria"] if one["missing"]) for path in ranked]
    return forms.ways([way for way in ways if way], room=forms.LIMIT)


def _share(path: Mapping[str, Any]) -> float:
    shares = [min(1.0, float(one["has"] or 0) / float(one["needs"])) if one["needs"] else 1.0 for one in path["criteria"]]
    return sum(shares) / len(shares) if shares else 0.0


def mqa_rate(draft: Draft) -> float | None:
    """The measured share of MQAs that move on, from the agreement's step that begins at MQA; None without one."""
    names = [step.name for step in draft.agreement.pipeline.steps if step.subject == "account" and step.begins.casefold() == "mqa"]
    rows = draft.tables["step_conversions"].filter(_.step.isin(names), _.scope == "all", _.reading == "incidence")
    values = rows.to_pyarrow().to_pylist()
    return values[0]["value"] if values else None


def mean_amounts(draft: Draft) -> dict[int | None, float]:
    """Mean amount of the last year's opportunities by tier; None is the whole, which stands in for a tier with few."""
    deals = draft.tables["opportunities"].filter(_.amount_usd.notnull(), _.created_at > draft.now - ibis.interval(days=_YEAR.days))
    tiers = draft.tables["account_scores"].select("account_id", "tier")
    grouped = deals.left_join(tiers, "account_id").group_by("tier").agg(mean=_.amount_usd.mean(), n=_.count())
    rows = grouped.to_pyarrow().to_pylist()
    whole = sum(row["n"] for row in rows)
    by_tier: dict[int | None, float] = {row["tier"]: row["mean"] for row in rows if row["n"] >= draft.agreement.pipeline.min_n}
    return by_tier | ({None: sum(row["mean"] * row["n"] for row in rows) / whole} if whole else {})


def keep_insights(draft: Draft) -> None:
    """`new_members` and `surging`."""
    first = draft.tables["person_engagement_factors"].group_by("person_id").agg(first_at=_.first_at.min(), account_id=_.account_id.max())
    seats = draft.tables["person_fits"].filter(_.committee_role.notnull()).select("person_id", "committee_role", "persona")
    new = draft.until_now(first.inner_join(seats, "person_id").filter(_.account_id.notnull()), "first_at")
    columns = ("week", "in_period", "account_id", "account", "committee_role", "persona", "person_id", "first_at")
    draft.keep("new_members", draft.with_account(new).select(*columns), order=("account_id", "first_at", "person_id"))
    surging = draft.tables["account_scores"].filter(_.is_surging)
    shown = surging.select("account_id", "tier", "engagement_points", "engagement_trend_pct", "people_engaged", "last_activity_at")
    draft.keep("surging", draft.with_account(shown), order=("account_id",))


def insights(draft: Draft) -> dict[str, Any]:
    """What is new about accounts."""
    members: dict[str, list[str]] = {}
    for row in draft.listed("new_members", **IN_PERIOD):
        members.setdefault(row["account"], []).append(row["committee_role"])
    surging = sorted(draft.listed("surging"), key=lambda row: (row["tier"] or 9, -row["engagement_points"], row["account_id"]))
    deals = sorted(draft.listed("created_deals", **IN_PERIOD), key=lambda row: (-(row["amount_usd"] or 0), row["opportunity_id"]))
    return {
        "new_members": draft.one("new_members", **IN_PERIOD).key,
        "members": [
            {"account": account, "roles": [f"{roles.count(role)} {role}" for role in sorted(set(roles))], "people": len(roles)}
            for account, roles in sorted(members.items(), key=lambda one: (-len(one[1]), one[0]))[:INSIGHTS_LISTED]
        ],
        "surging": draft.one("surging").key,
        "surges": surging[:INSIGHTS_LISTED],
        "opened": draft.one("opened", **IN_PERIOD).key,
        "opened_amount": draft.one("created_pipeline", **IN_PERIOD).key,
        "deals": deals[:INSIGHTS_LISTED],
    }
