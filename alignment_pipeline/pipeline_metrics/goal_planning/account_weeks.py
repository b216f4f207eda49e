"""Accounts by week: which were touched first by which program, and which nobody had touched, each with what came of it.

Belongs here: counting. What is made of the counts: `program_yields.py`. Accounts that stay quiet are never listed week by week: they are
all accounts less those that a touch or an open deal rules out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.agreement.patterns import matches
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.contracts.moments import DAY, from_microseconds, micros, microseconds

WEEK = 7 * DAY
# the epoch was a Thursday: weeks begin on Mondays
_MONDAY = 4 * DAY
NO_TIER = "(none)"


class Stratum(NamedTuple):
    """Untouched accounts of one week and tier, and how many of them got an opportunity in time."""

    accounts: int
    hits: int


@dataclass(frozen=True)
class Weeks:
    """`touched`: one row per account and program (program, occurred_at, week, tier, is_old, is_hit); `untouched` by week and tier."""

    touched: Sequence[Mapping[str, Any]]
    untouched: Mapping[tuple[int, str], Stratum]


def weeks_of(
    activities: ibis.Table,
    scored: ibis.Table,
    states: ibis.Table,
    accounts: ibis.Table,
    tiers: ibis.Table,
    *,
    pipeline: Pipeline,
    as_of: datetime,
) -> Weeks:
    """A week is old once `program_days` have passed since its end; only old weeks have untouched accounts."""
    within, now = pipeline.planner.program_days * DAY, microseconds(as_of)
    touches = _touches(activities, scored, pipeline)
    opened = states.filter(~states.is_closed, ~states.is_deleted, states.account_id.notnull())
    spans = opened.select("account_id", open_at=micros(opened.valid_from_at), until_at=micros(opened.valid_to_at).fill_null(now + 1))
    dated = states.filter(~states.is_deleted).mutate(begun_at=micros(states.created_at))
    deals = dated.group_by("opportunity_id").agg(account_id=_.account_id.argmin(_.valid_from_at), begun_at=_.begun_at.min())
    begun = deals.filter(deals.account_id.notnull(), deals.begun_at <= now).select("account_id", "begun_at")
    joined = accounts.select("account_id", there_at=micros(accounts.created_at)).left_join(tiers.select("account_id", "tier"), "account_id")
    tiered = joined.select("account_id", "there_at", tier=joined.tier.cast("string").fill_null(NO_TIER))
    first = ibis.memtable(_first_touches(touches, spans, within).to_pyarrow())
    listed = _listed(first, begun, tiered, within, now)
    old = sorted({row["week"] for row in listed if row["is_old"]})
    return Weeks(listed, _untouched(old, touches, first, spans, begun, tiered, within) if old else {})


def _touches(activities: ibis.Table, scored: ibis.Table, pipeline: Pipeline) -> ibis.Table:
    """Marketing's touches that count: account, moment, program by the agreement's groups."""
    counted = scored.filter(
        scored.activity_type.isin(pipeline.sourcing.marketing_types), scored.exclusion.isnull(), scored.account_id.notnull()
    )
    joined = counted.inner_join(activities.select("activity_id", "program"), "activity_id")
    groups = [(matches(joined.program, program.patterns), program.name) for program in pipeline.programs]
    named = ibis.cases(*groups, else_=joined.program) if groups else joined.program
    return joined.select("activity_id", "account_id", program=named, at=micros(joined.occurred_at))


def _first_touches(touches: ibis.Table, spans: ibis.Table, quiet: int) -> ibis.Table:
    """Touches after a quiet time, nothing open then: the first of each account and program, and whether it is of a program at all."""
    before = touches.at.lag().over(ibis.window(group_by=touches.account_id, order_by=[touches.at, touches.activity_id]))
    after_quiet = touches.mutate(before=before).filter(_.before.isnull() | (_.at - _.before > quiet))
    busy = [after_quiet.account_id == spans.account_id, after_quiet.at >= spans.open_at, after_quiet.at < spans.until_at]
    free = after_quiet.anti_join(spans, busy)
    return free.select("account_id", "program", "at", week=(free.at - _MONDAY) // WEEK)


def _listed(first: ibis.Table, begun: ibis.Table, tiered: ibis.Table, within: int, now: int) -> list[dict[str, Any]]:
    of_program = first.filter(_.program.notnull()).group_by("account_id", "program").agg(at=_.at.min(), week=_.week.min())
    joined = of_program.inner_join(tiered.select("account_id", "tier"), "account_id")
    followed = joined.inner_join(begun, "account_id").filter(_.begun_at > _.at, _.begun_at <= _.at + within)
    hits = followed.select("account_id", "program", is_hit=True).distinct()
    rows = joined.left_join(hits, ["account_id", "program"]).select(
        "program", "at", "week", "tier", "account_id", is_hit=_.is_hit.fill_null(False)
    )
    return [
        row | {"occurred_at": from_microseconds(row["at"]), "is_old": _end(row["week"]) + within <= now}
        for row in rows.order_by("program", "at", "account_id").to_pyarrow().to_pylist()
    ]


def _begin(week: int) -> int:
    return week * WEEK + _MONDAY


def _end(week: int) -> int:
    return _begin(week + 1)


def _untouched(
    weeks: Sequence[int], touches: ibis.Table, first: ibis.Table, spans: ibis.Table, begun: ibis.Table, tiered: ibis.Table, within: int
) -> dict[tuple[int, str], Stratum]:
    """All accounts that were there when the week began, less those touched in the quiet time before, touched first in it, or busy."""
    table = ibis.memtable(pa.table({"week": list(weeks), "begin": [_begin(week) for week in weeks]}))
    marks = table.week, table.begin
    touched = touches.select("account_id", "at").inner_join(table, [touches.at < marks[1], touches.at >= marks[1] - within])
    busy = spans.inner_join(table, [spans.open_at < marks[1], spans.until_at >= marks[1]])
    new = first.inner_join(table.select("week"), "week")
    ruled_out = ibis.union(*[one.select("account_id", "week") for one in (touched, busy, new)], distinct=True)
    out = ruled_out.inner_join(tiered, "account_id").inner_join(table, "week").filter(_.there_at <= _.begin)
    lost: dict[tuple[int, str], int] = {
        (row["week"], row["tier"]): row["n"] for row in out.group_by("week", "tier").agg(n=_.count()).to_pyarrow().to_pylist()
    }
    followed = begun.inner_join(table, [begun.begun_at > marks[1], begun.begun_at <= marks[1] + within]).select("account_id", "week")
    hits_of = followed.distinct().anti_join(ruled_out, ["account_id", "week"]).inner_join(tiered, "account_id")
    hits_of = hits_of.inner_join(table, "week").filter(_.there_at <= _.begin)
    hits: dict[tuple[int, str], int] = {
        (row["week"], row["tier"]): row["n"] for row in hits_of.group_by("week", "tier").agg(n=_.count()).to_pyarrow().to_pylist()
    }
    there: dict[str, list[int]] = defaultdict(list)
    for row in tiered.select("tier", "there_at").order_by("there_at").to_pyarrow().to_pylist():
        there[row["tier"]].append(row["there_at"])
    return {
        (week, tier): Stratum(bisect_right(moments, _begin(week)) - lost.get((week, tier), 0), hits.get((week, tier), 0))
        for week in weeks
        for tier, moments in there.items()
    }
