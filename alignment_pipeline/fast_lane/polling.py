"""Looking at Marketo's log: which activities of the hand-raise types are new.

Belongs here: one call in most cases. Whether a form is a hand-raise is decided by staging's own rule (`lane.py`), not here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from alignment_pipeline.agreement.activity_types import HAND_RAISE, ActivitySource
from alignment_pipeline.connectors.marketo import activities
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.values import parse_stamp
from alignment_pipeline.contracts.systems.marketo import MARKETO
from alignment_pipeline.errors import ConfigurationError, DataLoss, Permanent
from alignment_pipeline.fast_lane.memory import OVERLAP, HandRaise, Memory


def hand_raise_types(sources: Sequence[ActivitySource], types: Sequence[Mapping[str, Any]]) -> list[int]:
    """Ids of the Marketo activity types that the agreement calls hand-raises; `types` has the subscription's `id` and `name`.

    Raises ConfigurationError when there is none, or more than one poll can ask for.
    """
    wanted = [source for source in sources if source.category == HAND_RAISE and source.system == MARKETO.name]
    by_name = {str(one["name"]).lower(): int(one["id"]) for one in types}
    numbers = {source.record_id if source.record_id is not None else by_name.get((source.record or "").lower()) for source in wanted}
    ids = sorted(one for one in numbers if one is not None)
    if not ids or len(ids) > activities.MOST_TYPES:
        raise ConfigurationError(
            f"the fast lane polls for 1 to {activities.MOST_TYPES} Marketo activity types; the agreement's hand-raises name {len(ids)} "
            "that this subscription has: look at scoring.activity_types with category hand_raise"
        )
    return ids


def poll(session: MarketoSession, memory: Memory, type_ids: Sequence[int], *, since: datetime) -> list[HandRaise]:
    """New activities of these types, remembered as seen; `since` is where the very first poll begins.

    Every poll asks from a token some minutes old, so that what became visible late is found; a token that the server no longer
    takes is asked for anew. The caller saves the memory.
    """
    now = session.clock.now()
    started_at, token = memory.trail[0] if memory.trail else (since, "")
    try:
        token = token or activities.paging_token(session, since)
        rows, following = activities.poll(session, token, type_ids)
    except (Permanent, DataLoss):
        if not memory.trail:
            raise
        memory.trail.clear()
        token = activities.paging_token(session, started_at - OVERLAP)
        rows, following = activities.poll(session, token, type_ids)
    if not memory.trail:
        memory.trail.append((started_at, token))
    memory.polled(now, following)
    return [arrival for row in rows if (arrival := _hand_raise(row, memory, now)) is not None]


def _hand_raise(row: Mapping[str, Any], memory: Memory, now: datetime) -> HandRaise | None:
    """The activity when it is new and whole; one without id, person or date is left to the full run, which quarantines it."""
    try:
        values = activities.row_values(row)
        guid, lead_id, date = values["marketoGUID"], values["leadId"], values["activityDate"]
        happened_at = parse_stamp(date) if date else None
    except (ValueError, OverflowError):
        return None
    if guid is None or lead_id is None or not lead_id.isdigit() or happened_at is None or guid in memory.seen:
        return None
    memory.seen[guid] = now
    return HandRaise(guid, lead_id, happened_at, now, values)
