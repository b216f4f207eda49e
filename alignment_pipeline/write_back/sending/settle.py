"""Writes into the journal what is about to happen and what became of it.

Belongs here: the transactions around a send. Before it: intents (`intend`). After it: answers (`take_answers`), then what reading
back shows (`verify`, `resolve`). Each is one transaction; between any two of them the process may die, and `recover.py` goes on from
what the journal says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from alignment_pipeline.connectors.crm import Record
from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.journal.digest import digest
from alignment_pipeline.journal.journal import stamp
from alignment_pipeline.journal.tables import ATTEMPT, BATCH, OP, SYNCED
from alignment_pipeline.write_back.fields import bases, holds
from alignment_pipeline.write_back.fields.field_rules import CREATABLE, TASK_STATUS
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.plans.ops import move
from alignment_pipeline.write_back.sending import attempt_log, attempts, marker
from alignment_pipeline.write_back.sending.breaker import Event, Noted
from alignment_pipeline.write_back.sending.context import Run
from alignment_pipeline.write_back.sending.read_rule import read_rule
from alignment_pipeline.write_back.sending.recheck import Look
from alignment_pipeline.write_back.sending.send import known_code

_SENDABLE = ("PLANNED", "RETRY")
_LOCK_SECONDS, _CONFLICT_SECONDS, _QUOTA_SECONDS = 5.0, 3.0, 3600.0
_CONFLICT_TRIES = 3


def intend(run: Run, look: Look, *, batch_id: str, transport: str) -> list[Op]:
    """Before the send, in one durable transaction: what is not to be sent is settled, the rest becomes INFLIGHT.

    Returns the operations that may be sent now. Raises FenceLost when this process is no longer the writer.
    """
    journal = run.journal
    now = run.clock.now()
    sent_at, zombie = stamp(now), stamp(now + timedelta(minutes=run.numbers.sending.unknown_minutes))
    rows = [_inflight(op, batch_id, sent_at, zombie) for op in look.send]
    tried = [_attempt(op, batch_id, sent_at) for op in look.send]
    with journal.begin() as connection:
        fence = run.check_lease(connection)
        _settle_unsent(run, connection, look)
        ready = still_sendable(connection, [op.op_id for op in look.send])
        if not ready:
            return []
        _update(connection, [row for row in rows if row["b_id"] in ready])
        batch = {"batch_id": batch_id, "run_id": run.run_id, "object": look.send[0].object, "transport": transport, "job_id": None}
        connection.execute(insert(BATCH), batch | {"job_state": None, "rows": len(ready), "sent_at": sent_at, "fence": fence})
        sent = [attempt for attempt in tried if attempt["op_id"] in ready]
        connection.execute(insert(ATTEMPT), sent)
        attempt_log.sent(connection, sent)
        bases.note_drift(journal, connection, look.drift)
        going = [op for op in look.send if op.op_id in ready]
        synced = [value for op in going for name, value in op.sent.items() if run.rules.is_carried(op.object, name)]
        marker.note_synced(journal, connection, look.send[0].object, synced)
    return [
        replace(op, state="INFLIGHT", attempt=op.attempt + 1, zombie_until=zombie, batch_id=batch_id)
        for op in look.send
        if op.op_id in ready
    ]


def _inflight(op: Op, batch_id: str, sent_at: str, zombie: str) -> dict[str, Any]:
    return {
        "b_id": op.op_id,
        "state": "INFLIGHT",
        "attempt": op.attempt + 1,
        "base": json.dumps(op.base),
        "before": json.dumps(op.before),
        "after": json.dumps(op.after),
        "planned": None if op.planned is None else json.dumps(op.planned),
        "before_modstamp": op.before_modstamp,
        "sent_at": sent_at,
        "zombie_until": zombie,
        "batch_id": batch_id,
        "err_class": None,
        "err_code": None,
        "changed_at": sent_at,
    }


def _attempt(op: Op, batch_id: str, sent_at: str) -> dict[str, Any]:
    sent = digest([op.object, op.subject, sorted(op.sent.items())])
    return {
        "op_id": op.op_id,
        "n": op.attempt + 1,
        "batch_id": batch_id,
        "req_hash": sent,
        "sent_at": sent_at,
        "done_at": None,
        "outcome": None,
    }


def still_sendable(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Those that no newer plan has replaced since they were chosen."""
    sendable: set[int] = set()
    for start in range(0, len(ids), 400):
        chosen = select(OP.c.op_id).where(OP.c.op_id.in_(ids[start : start + 400]), OP.c.state.in_(_SENDABLE))
        sendable.update(row.op_id for row in connection.execute(chosen))
    return sendable


def _settle_unsent(run: Run, connection: Connection, look: Look) -> None:
    journal = run.journal
    late = attempts.unanswered(connection, [op for op in look.noops if op.attempt or op.continues])
    for ops, state, reason in (
        ([op for op in look.noops if op not in late], "NOOP", "ALREADY_RIGHT"),
        (look.gone, "GONE", "RECORD_GONE"),
        (look.held, "HELD", "HELD"),
        (look.kept, "NOOP", "KEPT_CHANGED_SINCE"),
        (look.doubled, "DEAD", "KEY_NOT_UNIQUE"),
    ):
        if ops:
            move(journal, connection, [op.op_id for op in ops], come_from=_SENDABLE, to=state, reason_code=reason)
            run.counts[state] += len(ops)
    if look.later:
        again = {"not_before": _later(run, _CONFLICT_SECONDS), "reason_code": "CHANGED_JUST_NOW"}
        move(journal, connection, [op.op_id for op in look.later], come_from=_SENDABLE, to="RETRY", **again)
    mine = {op.op_id for op in attempts.unanswered(connection, [op for op in look.existing if op.attempt or op.continues])}
    for op in look.existing:
        why = "CAME_LATE" if op.op_id in mine else "FOUND_BY_KEY"
        move(journal, connection, [op.op_id], come_from=_SENDABLE, to="VERIFIED", record_id=op.record_id, reason_code=why)
        bases.put(journal, connection, op.object, {op.record_id or "": _based(op)}, {op.record_id or "": op.op_id})
        run.counts["FOUND"] += 1
    if look.right:
        by_object: dict[str, dict[str, Mapping[str, Any]]] = {}
        objects = {op.record_id: op.object for op in (*look.noops, *look.held, *look.send, *look.kept)}
        for record_id, values in look.right.items():
            by_object.setdefault(objects[record_id], {})[record_id] = values
        for object_, records in by_object.items():
            bases.put(journal, connection, object_, records, {})
    for op in late:
        # sent, not seen within the time a late write may take, and there now: ours, so that a rollback undoes it
        move(journal, connection, [op.op_id], come_from=_SENDABLE, to="VERIFIED", verified_at=journal.now(), reason_code="CAME_LATE")
        bases.put(journal, connection, op.object, {op.record_id or "": _based(op)}, {op.record_id or "": op.op_id})
        run.counts["VERIFIED"] += 1
    for op in look.gone:
        bases.drop(connection, op.object, [op.record_id or ""])
    holds.put(journal, connection, look.holds, run.numbers.holds, run.config_hash)
    for op in look.noops:
        _mark_undone(run, connection, op)


def take_answers(run: Run, ops: Sequence[Op], results: Mapping[int, RowResult]) -> tuple[list[Op], list[Noted]]:
    """After the send: each operation by its own answer; those without one were not sent and wait. Returns the acknowledged, refusals."""
    journal = run.journal
    now = journal.now()
    acked: list[Op] = []
    events: list[Noted] = []
    rows: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    gone: list[Op] = []
    for op in ops:
        row = results.get(op.op_id)
        values = {"b_id": op.op_id, "record_id": op.record_id, **_after(run, op, row, events), "changed_at": now}
        if row is not None and row.is_success:
            values["record_id"] = op.record_id or row.record_id
            acked.append(replace(op, state="ACKED", record_id=op.record_id or row.record_id))
        if values["state"] == "GONE":
            gone.append(op)
        rows.append(values)
        outcome = "NOT_SENT" if row is None else "ACKED" if row.is_success else f"{row.retry}:{row.code}"
        answers.append({"b_id": op.op_id, "b_n": op.attempt, "done_at": now, "outcome": outcome[:40]})
        run.counts[values["state"]] += values["state"] not in ("ACKED", "UNKNOWN")
    with journal.begin() as connection:
        run.check_lease(connection)
        _update(connection, rows)
        chosen = (ATTEMPT.c.op_id == bindparam("b_id"), ATTEMPT.c.n == bindparam("b_n"))
        attempt_log.answered(connection, str(ops[0].batch_id), answers, lambda: connection.execute(update(ATTEMPT).where(*chosen), answers))
        for op in gone:
            bases.drop(connection, op.object, [op.record_id or ""])
    return acked, events


def _after(run: Run, op: Op, row: RowResult | None, events: list[Noted]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "state": "RETRY",
        "tries": op.tries,
        "not_before": None,
        "err_class": None,
        "err_code": None,
        "err_fields": None,
    }
    if row is None:
        return values
    if row.is_success:
        return values | {"state": "ACKED"}
    # one record that the integration user may not edit is that record's refusal; a permission that is missing refuses them all, and the
    # breaker stops at its share
    kind = RetryClass.ROW if (row.code or "").startswith("INSUFFICIENT_ACCESS") and not row.fields else row.retry or RetryClass.ROW
    values |= {
        "err_class": kind.value,
        "err_code": (row.code or "")[:80],
        "err_fields": json.dumps(list(row.fields)),
        "tries": op.tries + 1,
    }
    sending = run.numbers.sending
    if kind is RetryClass.UNKNOWN:
        return values | {"state": "UNKNOWN", "tries": op.tries}
    if kind is RetryClass.GONE:
        return values | {"state": "GONE"}
    if kind is RetryClass.CONFLICT:
        events.append((op.op_id, Event.CONFLICT))
        return values | {"state": "CONFLICT" if op.tries + 1 >= _CONFLICT_TRIES else "RETRY", "not_before": _later(run, _CONFLICT_SECONDS)}
    if kind in (RetryClass.QUOTA, RetryClass.AUTH):
        return values | {"not_before": _later(run, _QUOTA_SECONDS if kind is RetryClass.QUOTA else 0.0), "tries": op.tries}
    if kind is RetryClass.LOCK and op.tries + 1 < sending.lock_tries:
        return values | {"not_before": _later(run, _LOCK_SECONDS * (op.tries + 1))}
    if kind is RetryClass.TRANSIENT and op.tries + 1 < sending.transient_tries:
        return values | {"not_before": _later(run, min(300.0, 2.0 ** (op.tries + 1)))}
    if kind is RetryClass.SCHEMA:
        run.breaker.trip(f"{op.object}: {row.code} on {', '.join(row.fields) or 'the request'}: permission or schema; nothing more is sent")
        return values | {"state": "DEAD"}
    if kind is RetryClass.ROW:
        events.append((op.op_id, Event.ERROR if known_code(row) else Event.UNKNOWN_CODE))
    return values | {"state": "DEAD"}


def verify(run: Run, ops: Sequence[Op], records: Mapping[str, Record | None], owners: Mapping[str, Any]) -> list[Noted]:
    """What reading back shows of acknowledged and unknown operations: one transaction moves states and bases together."""
    journal = run.journal
    now = run.clock.now()
    events: list[Noted] = []
    rows: list[dict[str, Any]] = []
    verified: dict[str, dict[str, dict[str, Any]]] = {}
    op_ids: dict[str, dict[str, int]] = {}
    done: list[Op] = []
    new_holds: list[holds.NewHold] = []
    drift: list[tuple[str, str, str, str, Any]] = []
    gone: list[Op] = []
    for op in ops:
        verdict = read_rule(run, op, records.get(op.record_id or ""), owners, now)
        events += [(op.op_id, event) for event in verdict.events]
        new_holds += verdict.holds
        drift += verdict.rewritten
        if verdict.state == op.state:
            continue
        rows.append(
            {
                "b_id": op.op_id,
                "state": verdict.state,
                "reason_code": verdict.reason_code or op.reason_code,
                "mismatches": op.mismatches + (verdict.state == "RETRY" and op.state == "ACKED"),
                "not_before": verdict.not_before,
                "verified_at": stamp(now) if verdict.state == "VERIFIED" else None,
                "record_id": op.record_id,
                "changed_at": stamp(now),
            }
        )
        run.counts[verdict.state] += 1
        if verdict.state == "VERIFIED":
            done.append(op)
            if op.record_id:
                verified.setdefault(op.object, {}).setdefault(op.record_id, {}).update(_based(op))
                op_ids.setdefault(op.object, {})[op.record_id] = op.op_id
        elif verdict.state == "GONE":
            gone.append(op)
    based = [row for object_, values in verified.items() for row in bases.rows_of(stamp(now), object_, values, op_ids[object_])]
    with journal.begin() as connection:
        run.check_lease(connection)
        if rows:
            _update(connection, rows)
        journal.upsert(connection, SYNCED, based)
        for op in gone:
            bases.drop(connection, op.object, [op.record_id or ""])
        _mark_undone(run, connection, *done)
        bases.note_drift(journal, connection, drift)
        holds.put(journal, connection, new_holds, run.numbers.holds, run.config_hash)
    return events


def _based(op: Op) -> Mapping[str, Any]:
    """The fields whose base an operation moves: of a record that we created, only the one that we may write again."""
    return op.after if op.object not in CREATABLE else {name: value for name, value in op.after.items() if name == TASK_STATUS.field}


def _mark_undone(run: Run, connection: Connection, *ops: Op) -> None:
    """Rollbacks that are done: the operations they undid say so, and their fields are not redone under the same agreement."""
    undone = [op.rollback_of for op in ops if op.rollback_of is not None]
    move(run.journal, connection, undone, come_from=("VERIFIED",), to="ROLLED_BACK")
    new = [
        holds.NewHold(op.object, op.record_id or "", name, holds.HoldReason.ROLLED_BACK, op.after[name])
        for op in ops
        if op.rollback_of is not None and op.reason_code != "ROLLBACK_CREATE"
        for name in op.after
        if not run.rules.is_carried(op.object, name)
    ]
    holds.put(run.journal, connection, new, run.numbers.holds, run.config_hash)


def _update(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    names = [name for name in rows[0] if name != "b_id"]
    statement = update(OP).where(OP.c.op_id == bindparam("b_id")).values({name: bindparam(name) for name in names})
    connection.execute(statement, list(rows))


def _later(run: Run, seconds: float) -> str:
    return stamp(run.clock.now() + timedelta(seconds=seconds))
