"""The log by which a lost or changed attempt is noticed: a chain of hashes over what was sent and what was answered.

Belongs here: adding to the chain and checking it. Each transaction that notes attempts (`settle.py`) adds one link over its rows; a link
holds the hash of the one before. An erasure leaves its links and sets new ones for the rows that stay. The chain is not signed: it finds
damage and edits by hand; who may rewrite the whole journal can rebuild it, unless its head was noted elsewhere (`marker.py` keeps it
beside the journal, `alignment doctor` prints it).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from alignment_pipeline.journal.digest import digest
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import ATTEMPT, ATTEMPT_LOG, SETTING
from alignment_pipeline.write_back.fields import bases

SENT, ANSWERED = "SENT", "ANSWERED"
_BEGINNING = "0" * 64
#: The setting that names the last link that was cut off when old attempts were summarised.
BEGINNING = "attempt_log_beginning"
#: Event, batch and moment name the rows that a link is about.
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Head:
    """The end of the chain: how many links there are, and the last one's hash."""

    seq: int = 0
    link: str = _BEGINNING


def sent(connection: Connection, attempts: Sequence[Mapping[str, Any]]) -> None:
    """Add the link of one batch's intents (rows of `attempt`)."""
    first = attempts[0]
    _add(
        connection,
        (SENT, first["batch_id"], first["sent_at"]),
        [[one["op_id"], one["n"], one["req_hash"], one["sent_at"]] for one in attempts],
    )


def answered(connection: Connection, batch_id: str, answers: Sequence[Mapping[str, Any]], note: Callable[[], object]) -> None:
    """Note a batch's answers (`b_id`, `b_n`, `done_at`, `outcome`) by calling `note`, and add their link."""
    noted = (ATTEMPT.c.batch_id == batch_id, ATTEMPT.c.done_at.is_not(None))
    if connection.execute(select(ATTEMPT.c.op_id).where(*noted).limit(1)).first():
        # a Bulk job that was asked again: an answer takes the place of an earlier one
        _change(connection, {batch_id}, note)
        return
    note()
    if answers:
        rows = [[one["b_id"], one["b_n"], one["done_at"], one["outcome"]] for one in answers]
        _add(connection, (ANSWERED, batch_id, answers[0]["done_at"]), rows)


def forget(connection: Connection, op_ids: Collection[int], delete: Callable[[], object]) -> None:
    """Delete operations with their attempts by calling `delete`, and add links for what stays of their batches."""
    batches: set[str] = set()
    for part in bases.chunks(sorted(op_ids)):
        batches.update(connection.execute(select(ATTEMPT.c.batch_id).where(ATTEMPT.c.op_id.in_(part))).scalars())
    _change(connection, batches, delete)


def _change(connection: Connection, batches: Collection[str], change: Callable[[], object]) -> None:
    """What was damaged before keeps its old link, so that a change hides nothing."""
    known, before = _latest(connection, batches), _rows_by_key(connection, batches)
    whole = {key for key, rows in before.items() if known.get(key) == (len(rows), digest(rows))}
    change()
    after = _rows_by_key(connection, batches)
    for key in sorted({*whole, *(key for key in after if key not in before)}):
        rows = after.get(key, [])
        if known.get(key) != (len(rows), digest(rows)):
            _add(connection, key, rows)


def head(connection: Connection) -> Head:
    """The last link."""
    row = connection.execute(select(ATTEMPT_LOG.c.seq, ATTEMPT_LOG.c.link).order_by(ATTEMPT_LOG.c.seq.desc()).limit(1)).first()
    return Head(row.seq, row.link) if row else start(connection)


def start(connection: Connection) -> Head:
    """The link before the first one that is left."""
    noted = connection.execute(select(SETTING.c.value).where(SETTING.c.name == BEGINNING)).scalar()
    if noted is None:
        return Head()
    seq, link = noted.split(":")
    return Head(int(seq), link)


def problems(journal: Journal, batches: Collection[str] | None = None, *, noted: Head | None = None) -> list[str]:
    """What is wrong, in words: links lost or changed, attempts (of these batches, or all) lost or changed. `noted` is an earlier head."""
    with journal.read() as connection:
        return [*_broken_links(connection, noted or Head()), *_wrong_rows(connection, batches)]


def _broken_links(connection: Connection, noted: Head) -> list[str]:
    first = start(connection)
    before, place = first.link, first.seq
    for row in connection.execute(select(ATTEMPT_LOG).order_by(ATTEMPT_LOG.c.seq)):
        place += 1
        if row.seq != place:
            return [f"the log of attempts has lost link {place}"]
        if row.link != _link(before, row.seq, (row.event, row.batch_id, row.at), row.rows, row.digest):
            return [f"link {row.seq} of the log of attempts was changed"]
        if row.seq == noted.seq and row.link != noted.link:
            return [f"link {row.seq} of the log of attempts is another one than was noted: the log was written again"]
        before = row.link
    return [f"the log of attempts ends at link {place}, {noted.seq} were noted"] if place < noted.seq else []


def _wrong_rows(connection: Connection, batches: Collection[str] | None) -> list[str]:
    known, present = _latest(connection, batches), _rows_by_key(connection, batches)
    first = connection.execute(select(ATTEMPT_LOG.c.at).order_by(ATTEMPT_LOG.c.seq).limit(1)).scalar()
    problems_ = []
    for key in sorted({*known, *present}):
        event, batch_id, at = key
        rows = present.get(key, [])
        if key not in known:
            # a journal older than this log
            if first is not None and at >= first:
                problems_.append(f"batch {batch_id}: {len(rows)} attempts ({event}, {at}) that the log does not know")
        elif known[key][0] != len(rows):
            problems_.append(f"batch {batch_id}: {len(rows)} of {known[key][0]} attempts ({event}, {at}) are left")
        elif known[key][1] != digest(rows):
            problems_.append(f"batch {batch_id}: an attempt ({event}, {at}) was changed")
    return problems_


def _latest(connection: Connection, batches: Collection[str] | None) -> dict[Key, tuple[int, str]]:
    links: dict[Key, tuple[int, str]] = {}
    for query in _of(select(ATTEMPT_LOG).order_by(ATTEMPT_LOG.c.seq), ATTEMPT_LOG.c.batch_id, batches):
        for row in connection.execute(query):
            links[row.event, row.batch_id, row.at] = (row.rows, row.digest)
    return {key: value for key, value in links.items() if value[0]}


def _rows_by_key(connection: Connection, batches: Collection[str] | None) -> dict[Key, list[list[Any]]]:
    rows_by_key: dict[Key, list[list[Any]]] = {}
    for query in _of(select(ATTEMPT).order_by(ATTEMPT.c.op_id, ATTEMPT.c.n), ATTEMPT.c.batch_id, batches):
        for row in connection.execute(query):
            rows_by_key.setdefault((SENT, row.batch_id, row.sent_at), []).append([row.op_id, row.n, row.req_hash, row.sent_at])
            if row.done_at is not None:
                rows_by_key.setdefault((ANSWERED, row.batch_id, row.done_at), []).append([row.op_id, row.n, row.done_at, row.outcome])
    return rows_by_key


def _of(query: Any, column: Any, batches: Collection[str] | None) -> Iterable[Any]:
    return [query] if batches is None else [query.where(column.in_(part)) for part in bases.chunks(sorted(batches))]


def _add(connection: Connection, key: Key, rows: Sequence[list[Any]]) -> None:
    """One writer at a time (the CRM lease, or nobody else at work), so the chain is a line."""
    last = head(connection)
    content = digest(sorted(rows))
    event, batch_id, at = key
    link = _link(last.link, last.seq + 1, key, len(rows), content)
    values = {"seq": last.seq + 1, "event": event, "batch_id": batch_id, "at": at, "rows": len(rows), "digest": content, "link": link}
    connection.execute(insert(ATTEMPT_LOG), values)


def _link(before: str, seq: int, key: Key, rows: int, content: str) -> str:
    return digest([before, seq, *key, rows, content])
