"""`program_yields`: what accounts that a program touched first have come to, beside accounts that nobody had touched.

Belongs here: the comparison and its cost. Which account-weeks are compared: `account_weeks.py`; what programs cost: the agreement.

Nobody drew lots for who was touched, so a difference is no proof of cause. What can be kept out is kept out: an account counts for the
program that touched it after a quiet time, with nothing open then; it is compared with accounts of the same tier, in the same week, as
quiet before and with nothing open either, whatever touched them later (no immortal time).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.agreement.pipeline import Pipeline, Program
from alignment_pipeline.contracts.goal_planning import PROGRAM_YIELDS
from alignment_pipeline.pipeline_metrics import conversion
from alignment_pipeline.pipeline_metrics.goal_planning import account_weeks
from alignment_pipeline.pipeline_metrics.goal_planning.account_weeks import Stratum
from alignment_pipeline.pipeline_metrics.pipeline_metrics import shown
from alignment_pipeline.pipeline_metrics.touch_effects import difference

ALL = "all"
Rows = Iterable[Mapping[str, Any]]


class Base(NamedTuple):
    """Untouched accounts in the mix of weeks and tiers of touched ones: rate, cases it is worth, accounts in its largest week."""

    rate: float
    worth: float
    accounts: int


def program_yields(
    activities: ibis.Table,
    scored_activities: ibis.Table,
    opportunity_states: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    *,
    fiscal: Fiscal,
    pipeline: Pipeline,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """`program_yields` of every program that touched an account first, by the period of the touch and over all."""
    weeks = account_weeks.weeks_of(
        activities, scored_activities, opportunity_states, accounts, account_tiers, pipeline=pipeline, as_of=as_of
    )
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in weeks.touched:
        grouped[row["program"], ALL].append(row)
        grouped[row["program"], fiscal.period_of(fiscal.day_of(row["occurred_at"])).name].append(row)
    programs = {program.name: program for program in pipeline.programs}
    stamp = {"within_days": pipeline.planner.program_days, "as_of": as_of, "agreement_version": agreement_version}
    rows = [
        {"program": name, "period": period} | _compared(mine, weeks.untouched, pipeline.min_n) | stamp
        for (name, period), mine in sorted(grouped.items())
    ]
    touched = {(row["program"], row["period"]): row["touched"] for row in rows}
    for row in rows:
        row |= _cost(row, programs.get(row["program"]), touched)
    return ibis.memtable(pa.Table.from_pylist(rows, schema=PROGRAM_YIELDS.schema))


def _compared(touched: Sequence[Mapping[str, Any]], untouched: Mapping[tuple[int, str], Stratum], min_n: int) -> dict[str, Any]:
    old = [row for row in touched if row["is_old"]]
    hits = sum(row["is_hit"] for row in old)
    rate, base = conversion.share(hits, len(old)), _base(old, untouched)
    row: dict[str, Any] = {
        "touched": len(touched), "judged": len(old), "with_opportunity": hits, "rate": rate.value, "lower": rate.lower, "upper": rate.upper,
        "shown": shown(rate, min_n), "base_accounts": base.accounts if base else 0, "base_rate": base.rate if base else None,
        "difference": None, "difference_lower": None, "difference_upper": None, "note": None,
    }  # fmt: skip
    if len(old) < min_n:
        return row | {"note": f"{len(old)} accounts are too few to tell"}
    if base is None or base.accounts < min_n:
        return row | {"note": "too few untouched accounts of the same tiers and weeks to compare with"}
    effect = difference(hits, len(old), base.rate * base.worth, base.worth)
    return row | dict(zip(("difference", "difference_lower", "difference_upper"), effect, strict=True))


def _base(old: Sequence[Mapping[str, Any]], untouched: Mapping[tuple[int, str], Stratum]) -> Base | None:
    """The untouched accounts' rate, each week and tier weighted as among the touched ones. The same account stands in several weeks, so
    it is worth no more cases than there are accounts."""
    weights: dict[tuple[int, str], int] = defaultdict(int)
    for row in old:
        weights[row["week"], row["tier"]] += 1
    known = {key: weight for key, weight in weights.items() if key in untouched and untouched[key].accounts}
    total = sum(known.values())
    if not total:
        return None
    rate = sum(weight / total * untouched[key].hits / untouched[key].accounts for key, weight in known.items())
    worth = 1 / sum((weight / total) ** 2 / untouched[key].accounts for key, weight in known.items())
    by_week: dict[int, int] = defaultdict(int)
    for key in known:
        by_week[key[0]] += untouched[key].accounts
    accounts = max(by_week.values())
    return Base(rate, min(worth, float(accounts)), accounts)


def _cost(row: Mapping[str, Any], program: Program | None, touched: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Spend by account touched, by the difference. Money also reaches accounts that were touched before: they are not in it."""
    given = {one.period: round(one.amount * 100) for one in program.spend} if program else {}
    periods = sorted(period for name, period in touched if name == row["program"] and period != ALL)
    wanted = periods if row["period"] == ALL else [row["period"]]
    missing = [period for period in wanted if period not in given]
    none: dict[str, Any] = {"spend_cents": None, "cost_cents": None, "cost_lower_cents": None, "cost_upper_cents": None}
    if missing:
        # nothing to say where nobody gave any spend
        return none | ({"note": row["note"] or f"no spend is given for {', '.join(missing)}"} if given else {})
    spend = sum(given[period] for period in wanted)
    per_account = spend / row["touched"]
    if row["difference"] is None:
        return none | {"spend_cents": spend}
    if row["difference"] <= 0:
        return none | {"spend_cents": spend, "note": "no additional opportunity is shown"}
    lower, upper = row["difference_lower"], row["difference_upper"]
    return none | {
        "spend_cents": spend,
        "cost_cents": round(per_account / row["difference"]),
        "cost_lower_cents": round(per_account / upper),
        "cost_upper_cents": round(per_account / lower) if lower > 0 else None,
    }
