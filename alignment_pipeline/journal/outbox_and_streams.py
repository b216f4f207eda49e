"""What else must survive between runs and is no operation: where each stream of extraction stands, and messages not yet delivered.

Belongs here: `stream_state` and `outbox`. What a state means belongs to the connector that made it; sending messages to
`connectors/notify/`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update

from alignment_pipeline.journal.digest import digest
from alignment_pipeline.journal.journal import Journal, stamp
from alignment_pipeline.journal.tables import OUTBOX, STREAM_STATE

_MOST_WAIT_SECONDS = 3600.0


def stream_state(journal: Journal, system: str, object_: str) -> dict[str, Any] | None:
    """The stored state of a stream, None when it never ran."""
    query = select(STREAM_STATE.c.state).where(STREAM_STATE.c.system == system, STREAM_STATE.c.object == object_)
    with journal.read() as connection:
        state = connection.execute(query).scalar()
    return json.loads(state) if state is not None else None


def put_stream_state(journal: Journal, system: str, object_: str, state: Mapping[str, Any]) -> None:
    """Store a stream's state, after its rows are durable."""
    row = {"system": system, "object": object_, "state": json.dumps(dict(state)), "at": journal.now()}
    with journal.begin() as connection:
        journal.upsert(connection, STREAM_STATE, [row])


@dataclass(frozen=True)
class Message:
    """A notification that waits to be delivered."""

    message_id: str
    topic: str
    content: Mapping[str, Any]
    tries: int


def enqueue(journal: Journal, topic: str, content: Mapping[str, Any], *, key: str | None = None) -> bool:
    """Queue a message; False when one with the same key (default: the same content) was queued before."""
    text = json.dumps(dict(content), sort_keys=True)
    message_id = digest([topic, key or text])
    now = journal.now()
    with journal.begin() as connection:
        if connection.execute(select(OUTBOX.c.message_id).where(OUTBOX.c.message_id == message_id)).first():
            return False
        row = {"message_id": message_id, "topic": topic, "content": text, "created_at": now, "not_before": now, "tries": 0}
        connection.execute(insert(OUTBOX), row)
    return True


def due_messages(journal: Journal) -> list[Message]:
    """Messages to be delivered now, oldest first."""
    query = select(OUTBOX).where(OUTBOX.c.sent_at.is_(None), OUTBOX.c.not_before <= journal.now()).order_by(OUTBOX.c.created_at)
    with journal.read() as connection:
        return [Message(row.message_id, row.topic, json.loads(row.content), row.tries) for row in connection.execute(query)]


def mark_sent(journal: Journal, message_id: str) -> None:
    """The message was delivered."""
    with journal.begin() as connection:
        connection.execute(update(OUTBOX).where(OUTBOX.c.message_id == message_id).values(sent_at=journal.now(), last_error=None))


def mark_failed(journal: Journal, message: Message, error: str) -> None:
    """Delivery failed: try again later, at growing distance."""
    wait = min(_MOST_WAIT_SECONDS, 30.0 * 2.0**message.tries)
    later = stamp(journal.clock.now() + timedelta(seconds=wait))
    with journal.begin() as connection:
        chosen = update(OUTBOX).where(OUTBOX.c.message_id == message.message_id)
        connection.execute(chosen.values(tries=message.tries + 1, not_before=later, last_error=error[:200]))
