"""Waits of a step: when each subject first entered, when it converted or left otherwise, and how long it has been there.

Belongs here: reading stages as waits. The arithmetic over waits: `conversion.py`.

The first entry counts. Stages before the first one seen were never entered. A stage that was skipped is entered and left at the moment
of the later one. A move back is no departure. Who was in the stage when history begins is left out and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.agreement.pipeline import ConversionStep
from alignment_pipeline.contracts.moments import DAY, microseconds
from alignment_pipeline.pipeline_metrics.conversion import CONVERTED, LEFT, STAYS, Wait

CREATED, WON = "created", "won"


@dataclass
class Waits:
    """Waits of one scope; entries and exits of the present period beside them."""

    waits: list[Wait] = field(default_factory=list)
    left_truncated: int = 0
    skipped: int = 0
    entries: int = 0
    exits: int = 0


def opportunity_entries(states: ibis.Table, step: ConversionStep, *, until: datetime) -> ibis.Table:
    """One row per deal that entered: opportunity_id, entered_at, converted_at, left_at, is_truncated, is_skipped."""
    end = ibis.literal(until).cast("timestamp('UTC')")
    past = states.filter(_.valid_from_at < end)
    orders = past.group_by("stage").agg(place=_.stage_order.min())
    place = _place(orders, step.begins)
    reached = [_place(orders, name) for name in step.reaches if name != WON]
    alive = past.filter(~_.is_deleted)
    if step.begins == CREATED:
        entered = alive.group_by("opportunity_id").agg(
            entered_at=_.created_at.min(), is_truncated=ibis.literal(False), is_skipped=ibis.literal(False)
        )
    else:
        entered = _entered(alive.filter(~(_.is_closed & ~_.is_won)), step.begins, place)
    joined = past.inner_join(entered, "opportunity_id").filter(_.valid_from_at >= _.entered_at)
    goes_beyond = ibis.literal(False)
    for one in (place for place in reached if place is not None):
        goes_beyond = goes_beyond | ((joined.stage_order >= one) & ~joined.is_closed)
    hits = (joined.stage.isin(step.reaches) | joined.is_won | goes_beyond).fill_null(False) & ~joined.is_deleted
    leaves = joined.is_deleted | (joined.is_closed & ~joined.is_won) | joined.stage.isin(step.leaves)
    return joined.group_by("opportunity_id").agg(
        entered_at=joined.entered_at.min(),
        is_truncated=joined.is_truncated.max(),
        is_skipped=joined.is_skipped.max(),
        converted_at=joined.valid_from_at.min(where=hits),
        left_at=joined.valid_from_at.min(where=leaves.fill_null(False)),
    )


def _place(orders: ibis.Table, stage: str) -> int | None:
    """The place of a stage in the CRM's list; None for one that no deal was ever in, or that is retired."""
    matching: pa.Table = orders.filter(orders.stage == stage).to_pyarrow()
    return matching["place"][0].as_py() if matching.num_rows else None


def _entered(alive: ibis.Table, stage: str, place: int | None) -> ibis.Table:
    first = alive.group_by("opportunity_id").agg(first_order=alive.stage_order.argmin(alive.valid_from_at))
    known = alive.inner_join(first, "opportunity_id")
    is_in = known.stage == stage
    # a later stage was entered through this one, for a deal that was seen before it
    passes = ibis.literal(False) if place is None else ((known.stage_order > place) & (known.first_order < place)).fill_null(False)
    entering = known.filter(is_in | passes)
    return entering.group_by("opportunity_id").agg(
        entered_at=entering.valid_from_at.min(),
        is_truncated=entering.is_reconstructed.argmin(entering.valid_from_at),
        is_skipped=(entering.stage != stage).argmin(entering.valid_from_at),
    )


def stay_entries(changes: ibis.Table, step: ConversionStep, *, key: str, until: datetime) -> list[dict[str, Any]]:
    """The same for people or accounts, from their stays in stages."""
    stays = changes.filter(changes.entered_at < ibis.literal(until).cast("timestamp('UTC')")).select(key, "sequence", "stage", "entered_at")
    entries: dict[str, dict[str, Any]] = {}
    for row in stays.order_by(key, "sequence").to_pyarrow().to_pylist():
        one = entries.get(row[key])
        if one is None:
            if row["stage"] == step.begins:
                usual = {"converted_at": None, "left_at": None, "is_truncated": False, "is_skipped": False}
                entries[row[key]] = {"entered_at": row["entered_at"], **usual}
            continue
        if row["stage"] in step.reaches and one["converted_at"] is None:
            one["converted_at"] = row["entered_at"]
        if row["stage"] in step.leaves and one["left_at"] is None:
            one["left_at"] = row["entered_at"]
    return list(entries.values())


def waits_of(rows: Sequence[Mapping[str, Any]], *, until: datetime, period: tuple[datetime, datetime]) -> Waits:
    """Entries as waits at a moment; entries and exits of a period beside them."""
    waits, now = Waits(), microseconds(until)
    first, last = (microseconds(one) for one in period)
    for row in rows:
        if row["is_truncated"]:
            waits.left_truncated += 1
            continue
        waits.skipped += bool(row["is_skipped"])
        entered = microseconds(row["entered_at"])
        ends = [(microseconds(row[name]), ending) for name, ending in (("converted_at", CONVERTED), ("left_at", LEFT)) if row[name]]
        # a deal that converts and leaves at one moment has converted
        at, ending = min(ends, key=lambda one: (one[0], one[1])) if ends else (now, STAYS)
        waits.waits.append(Wait((at - entered) / DAY, ending, (now - entered) / DAY))
        waits.entries += first <= entered < last
        waits.exits += ending == CONVERTED and first <= at < last
    return waits
