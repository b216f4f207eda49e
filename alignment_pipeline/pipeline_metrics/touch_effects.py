"""`touch_effects`: win rates of touched and untouched deals, compared at landmarks only.

Belongs here: the landmark comparison. A deal that lives longer has more time to be touched, so "ever touched" against "never" finds an
effect where there is none (immortal time). At a landmark only deals still open at that age are compared, by what had happened by then.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.contracts.pipeline import TOUCH_EFFECTS
from alignment_pipeline.pipeline_metrics import opportunity_sources
from alignment_pipeline.pipeline_metrics.conversion import Z
from alignment_pipeline.pipeline_metrics.opportunity_sources import Touch, touched_by


def touch_effects(
    opportunity_states: ibis.Table,
    opportunity_contact_roles: ibis.Table,
    person_records: ibis.Table,
    scored_activities: ibis.Table,
    account_tiers: ibis.Table,
    *,
    pipeline: Pipeline,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """`touch_effects` over deals that are closed now."""
    touches = opportunity_sources.touches_of(
        opportunity_states, opportunity_contact_roles, person_records, scored_activities, pipeline.sourcing
    )
    tiers = {row["account_id"]: row["tier"] for row in account_tiers.select("account_id", "tier").to_pyarrow().to_pylist()}
    spans = opportunity_states.select("opportunity_id", "valid_from_at", "stage", "is_closed").order_by("opportunity_id", "valid_from_at")
    history: dict[str, list[tuple[datetime, str, bool]]] = defaultdict(list)
    for row in spans.to_pyarrow().to_pylist():
        history[row["opportunity_id"]].append((row["valid_from_at"], row["stage"], row["is_closed"]))
    closed = [deal for deal in opportunity_sources.deals(opportunity_states, as_of) if deal["is_closed"]]
    rows = []
    for days in pipeline.landmark_days:
        groups: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
        for deal in closed:
            for name, pair in _at_landmark(deal, days, history, touches, tiers, pipeline.sourcing.marketing_types):
                groups[name].append(pair)
        rows += [_row(days, name, pairs, pipeline.min_n) for name, pairs in sorted(groups.items())]
    stamp = {"as_of": as_of, "agreement_version": agreement_version}
    return ibis.memtable(pa.Table.from_pylist([row | stamp for row in rows], schema=TOUCH_EFFECTS.schema))


def _at_landmark(
    deal: Mapping[str, Any],
    days: int,
    history: Mapping[str, Sequence[tuple[datetime, str, bool]]],
    touches: Mapping[str, list[Touch]],
    tiers: Mapping[str, Any],
    marketing_types: list[str],
) -> Iterator[tuple[str, tuple[bool, bool]]]:
    """The groups of a deal that was still open at the landmark: (touched by then, won)."""
    landmark = deal["created_at"] + timedelta(days=days)
    before = [one for one in history[deal["opportunity_id"]] if one[0] <= landmark]
    if not before or before[-1][2] or deal["closed_at"] is None or deal["closed_at"] <= landmark:
        return
    pair = touched_by(touches.get(deal["opportunity_id"], []), landmark, marketing_types), bool(deal["is_won"])
    tier = tiers.get(deal["account_id"])
    yield "all", pair
    yield f"stage:{before[-1][1]}", pair
    yield f"tier:{tier if tier is not None else '(none)'}", pair


def _row(days: int, grouping: str, pairs: Sequence[tuple[bool, bool]], min_n: int) -> dict[str, Any]:
    counts = {
        one: (sum(touched is one for touched, _won in pairs), sum(touched is one and won for touched, won in pairs))
        for one in (True, False)
    }
    (n1, won1), (n0, won0) = counts[True], counts[False]
    effect = difference(won1, n1, won0, n0) if min(n1, n0) >= min_n else (None, None, None)
    return {
        "landmark_days": days, "grouping": grouping, "touched": n1, "touched_won": won1, "untouched": n0, "untouched_won": won0,
        "difference": effect[0], "lower": effect[1], "upper": effect[2],
    }  # fmt: skip


def difference(won1: float, n1: float, won0: float, n0: float) -> tuple[float, float, float]:
    """Difference of two shares with the interval of Agresti and Caffo (2000), which holds its level for small counts too."""
    p1, p0 = (won1 + 1) / (n1 + 2), (won0 + 1) / (n0 + 2)
    half = Z * math.sqrt(p1 * (1 - p1) / (n1 + 2) + p0 * (1 - p0) / (n0 + 2))
    return won1 / n1 - won0 / n0, p1 - p0 - half, p1 - p0 + half
