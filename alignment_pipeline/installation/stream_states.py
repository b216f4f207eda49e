"""Where reading stands: the state of every stream between runs, kept in the journal's database."""

from __future__ import annotations

import json

from sqlalchemy import delete, select

from alignment_pipeline.connectors.streams import StreamState
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.outbox_and_streams import put_stream_state
from alignment_pipeline.journal.tables import STREAM_STATE


def load(journal: Journal, system: str) -> dict[str, StreamState]:
    """Object -> state, for one system."""
    query = select(STREAM_STATE.c.object, STREAM_STATE.c.state).where(STREAM_STATE.c.system == system)
    with journal.read() as connection:
        return {row.object: StreamState.from_json(json.loads(row.state)) for row in connection.execute(query)}


def save(journal: Journal, system: str, state: StreamState) -> None:
    """Keep the state of one stream."""
    put_stream_state(journal, system, state.stream, state.to_json())


def forget(journal: Journal, system: str, object_: str) -> None:
    """Forget one stream, so that the next run loads it whole."""
    with journal.begin() as connection:
        connection.execute(delete(STREAM_STATE).where(STREAM_STATE.c.system == system, STREAM_STATE.c.object == object_))


def forget_all(journal: Journal) -> None:
    """Forget every stream of every system; rows that are stored already are not stored twice."""
    with journal.begin() as connection:
        connection.execute(delete(STREAM_STATE))
