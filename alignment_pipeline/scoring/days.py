"""Ages in whole UTC days, the grain in which points fade.

Belongs here: from event time to age, and from age to the share that is left. Two runs on one day see the same ages.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

import ibis

from alignment_pipeline.agreement.engagement import Decay
from alignment_pipeline.contracts.moments import EPOCH, micros


def day_number(moment: datetime) -> int:
    """Whole UTC days since 1970-01-01."""
    return math.floor((moment.astimezone(UTC) - EPOCH).total_seconds() / 86_400)


def day_numbers(column: ibis.Value) -> ibis.Value:
    """Whole UTC days since 1970-01-01 of a timestamp column: from microseconds, since date casts follow the session's zone."""
    return _spans(column, 86_400_000_000.0)


def minute_numbers(column: ibis.Value) -> ibis.Value:
    """Whole minutes since 1970-01-01 of a timestamp column."""
    return _spans(column, 60_000_000.0)


def _spans(column: ibis.Value, microseconds: float) -> ibis.Value:
    return (micros(column).cast("float64") / ibis.literal(microseconds)).floor().cast("int64")


def remaining(decay: Decay, age_days: int) -> float:
    """Share of an activity's points that is left at an age; 0 outside the horizon."""
    if not 0 <= age_days <= decay.horizon_days:
        return 0.0
    if decay.half_life_days is not None:
        return math.exp(-math.log(2.0) * age_days / decay.half_life_days)
    if decay.step_days is not None and decay.step_pct is not None:
        return max(0.0, 1.0 - decay.step_pct / 100.0 * (age_days // decay.step_days))
    return 1.0


def decay_table(decay: Decay) -> ibis.Table:
    """One row per age in days inside the horizon: age_days, remaining. A table, so that every engine uses the same numbers."""
    ages = list(range(decay.horizon_days + 1))
    return ibis.memtable(
        {"age_days": ages, "remaining": [remaining(decay, age) for age in ages]},
        schema=ibis.schema({"age_days": "int64", "remaining": "float64"}),
    )
