"""`step_conversions`: each step of the agreement, for the whole and its parts, in three readings.

Belongs here: rows of the table. Waits: `step_waits.py`; the arithmetic: `conversion.py`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.agreement.pipeline import ConversionStep, Pipeline
from alignment_pipeline.contracts.pipeline import STEP_CONVERSIONS
from alignment_pipeline.pipeline_metrics import conversion, deals, step_waits
from alignment_pipeline.pipeline_metrics.conversion import CONVERTED, Rate
from alignment_pipeline.pipeline_metrics.measures import WHOLE
from alignment_pipeline.pipeline_metrics.pipeline_metrics import shown
from alignment_pipeline.pipeline_metrics.step_waits import Waits

_CURVE = 60


def step_conversions(
    opportunity_states: ibis.Table,
    person_stage_changes: ibis.Table,
    account_stage_changes: ibis.Table,
    users: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    *,
    fiscal: Fiscal,
    pipeline: Pipeline,
    as_of: datetime,
    agreement_version: str,
    day: date | None = None,
) -> ibis.Table:
    """`step_conversions` at the end of a day; what had happened by `as_of` counts."""
    today = day or fiscal.day_of(as_of)
    until = min(fiscal.end_of(today), as_of) if day is None else fiscal.end_of(today)
    period = fiscal.period_of(today)
    begin, end = fiscal.end_of(period.first - timedelta(days=1)), fiscal.end_of(period.last)
    parts = _parts_of_deals(opportunity_states, users, accounts, account_tiers, fiscal, today, pipeline)
    stays = {"person": (person_stage_changes, "person_id"), "account": (account_stage_changes, "account_id")}
    rows: list[dict[str, Any]] = []
    for step in pipeline.steps:
        groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        if step.subject == "opportunity":
            entries = step_waits.opportunity_entries(opportunity_states, step, until=until).to_pyarrow().to_pylist()
            for entry in entries:
                for scope in (WHOLE, *parts.get(entry["opportunity_id"], ())):
                    groups[scope].append(entry)
        else:
            table, key = stays[step.subject]
            groups[WHOLE] = list(step_waits.stay_entries(table, step, key=key, until=until))
        for scope in sorted(groups) or [WHOLE]:
            waits = step_waits.waits_of(groups[scope], until=until, period=(begin, end))
            rows += _rows(step, scope, waits, pipeline.min_n)
    stamp = {"as_of": as_of, "agreement_version": agreement_version}
    return ibis.memtable(pa.Table.from_pylist([row | stamp for row in rows], schema=STEP_CONVERSIONS.schema))


def _parts_of_deals(
    states: ibis.Table, users: ibis.Table, accounts: ibis.Table, tiers: ibis.Table, fiscal: Fiscal, today: date, pipeline: Pipeline
) -> dict[str, list[str]]:
    """Deal -> the scopes it belongs to on the day, by its last state; a deleted one by its last before."""
    if not pipeline.scopes:
        return {}
    last = states.filter(~states.is_deleted, states.valid_from_at < ibis.literal(fiscal.end_of(today)).cast("timestamp('UTC')"))
    latest = last.group_by("opportunity_id").agg(valid_from_at=last.valid_from_at.max())
    present = last.semi_join(latest, ["opportunity_id", "valid_from_at"])
    parted = deals.with_parts(present, users, accounts, tiers)
    scopes = parted.select("opportunity_id", *pipeline.scopes).to_pyarrow().to_pylist()
    return {row["opportunity_id"]: [f"{name}:{row[name]}" for name in pipeline.scopes] for row in scopes}


def _rows(step: ConversionStep, scope: str, waits: Waits, min_n: int) -> list[dict[str, Any]]:
    rates = {
        "flow": conversion.flow_ratio(waits.exits, waits.entries),
        "cohort": conversion.cohort(waits.waits, step.within_days),
        "incidence": conversion.incidence(waits.waits, step.within_days),
    }
    days = sorted(wait.days for wait in waits.waits if wait.ending == CONVERTED and wait.days <= step.within_days)
    usual = {
        "step": step.name,
        "scope": scope,
        "within_days": step.within_days,
        "median_days": _quantile(days, 0.5),
        "p80_days": _quantile(days, 0.8),
        "left_truncated": waits.left_truncated,
        "skipped": waits.skipped,
    }
    return [
        usual | _row(reading, rate, min_n) | {"curve": _curve(waits) if reading == "incidence" else "[]"} for reading, rate in rates.items()
    ]


def _row(reading: str, rate: Rate, min_n: int) -> dict[str, Any]:
    return {
        "reading": reading,
        "value": rate.value,
        "numerator": float(rate.numerator),
        "denominator": float(rate.denominator),
        "n": rate.n,
        "lower": rate.lower,
        "upper": rate.upper,
        "shown": shown(rate, min_n),
    }


def _curve(waits: Waits) -> str:
    kept = conversion.incidence_curve(waits.waits, about=_CURVE)
    lines = [[round(days, 3), value, *conversion.log_log(value, variance)] for days, value, variance in kept]
    return json.dumps([[line[0], *[round(number, 6) for number in line[1:]]] for line in lines])


def _quantile(ordered: list[float], share: float) -> float | None:
    """The smallest value that a share of all do not exceed."""
    if not ordered:
        return None
    place = max(0, min(len(ordered) - 1, int(-(-share * len(ordered) // 1)) - 1))
    return ordered[place]
