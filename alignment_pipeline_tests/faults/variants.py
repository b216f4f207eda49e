"""Deliberately broken variants of the protocol: each must be caught by the same harness that the real one passes.

Belongs here: what is broken, in the killed process only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.write_back.sending import batches, recheck, send, settle

#: A condition that is always met.
_ALWAYS = "9998-01-01T00:00:00.000000Z"


def break_protocol(name: str) -> None:
    """Replace one part of the protocol by a plausible mistake."""
    VARIANTS[name]()


def ledger_first() -> None:
    """The base moves before anything is sent: a crash in between loses the update for ever."""
    honest = settle.intend

    def intend(run: Any, look: Any, **more: Any) -> Any:
        ops = honest(run, look, **more)
        with run.journal.begin() as connection:
            for op in ops:
                if op.record_id:
                    settle.bases.put(run.journal, connection, op.object, {op.record_id: op.after}, {op.record_id: op.op_id})
            settle.move(run.journal, connection, [op.op_id for op in ops], come_from=("INFLIGHT",), to="VERIFIED")
        return ops

    batches.intend = intend  # type: ignore[assignment]


def assume_success() -> None:
    """An answer that was lost counts as a success, and nothing is read back."""
    honest = settle.take_answers

    def take_answers(run: Any, ops: Any, results: Mapping[int, RowResult]) -> Any:
        kind = (RetryClass.UNKNOWN, RetryClass.TRANSIENT)
        blind = {key: dataclasses.replace(row, is_success=True) if row.retry in kind else row for key, row in results.items()}
        acked, events = honest(run, ops, blind)
        with run.journal.begin() as connection:
            settle.move(run.journal, connection, [op.op_id for op in acked], come_from=("ACKED",), to="VERIFIED")
            for op in acked:
                if op.record_id and op.action != "create":
                    settle.bases.put(run.journal, connection, op.object, {op.record_id: op.after}, {op.record_id: op.op_id})
        return [], events

    batches.take_answers = take_answers  # type: ignore[assignment]


def create_without_key() -> None:
    """Tasks are inserted, not looked for and not keyed: a lost answer makes a second one."""

    def look(ops: Any, there: Any) -> Any:
        return recheck.Look(send=list(ops))

    def at_once(writer: Any, transport: str, ops: Any) -> Any:
        if transport != send.UPSERT:
            return honest(writer, transport, ops)
        rows = [{**op.sent, "Subject": op.ext_key} for op in ops]
        try:
            found = writer.create_collection(ops[0].object, rows, [str(op.ext_key) for op in ops])
        except send.AlignmentError as error:
            return send._failed(ops, error)
        return send.Sent({op.op_id: row for op, row in zip(ops, found, strict=True)})

    honest = send._at_once
    batches.look_at_creates = look  # type: ignore[assignment]
    send._at_once = at_once  # type: ignore[assignment]


def ledger_only_diff() -> None:
    """No last look and no condition: what people typed since the plan is written over."""
    honest = recheck.look_at_updates

    def look(run: Any, ops: Any, records: Any, bases: Any) -> Any:
        found = honest(run, ops, records, bases)
        return recheck.Look(
            send=[dataclasses.replace(op, before_modstamp=_ALWAYS) for op in ops if records.get(op.record_id)],
            gone=found.gone,
            owners=found.owners,
        )

    batches.look_at_updates = look  # type: ignore[assignment]


def blind_resend() -> None:
    """An unknown outcome is sent again at once, without reading: late arrivals and lost answers are written twice."""
    honest = settle.take_answers

    def take_answers(run: Any, ops: Any, results: Mapping[int, RowResult]) -> Any:
        retry = {
            key: dataclasses.replace(row, retry=RetryClass.TRANSIENT) if row.retry is RetryClass.UNKNOWN else row
            for key, row in results.items()
        }
        return honest(run, ops, retry)

    def look(run: Any, ops: Any, records: Any, bases: Any) -> Any:
        found = honest_look(run, ops, records, bases)
        again = [op for op in ops if op.tries and op not in found.send and records.get(op.record_id)]
        return dataclasses.replace(
            found, send=[*found.send, *again], noops=[op for op in found.noops if op not in again], right={}, holds=[]
        )

    honest_look = recheck.look_at_updates
    batches.take_answers = take_answers  # type: ignore[assignment]
    batches.look_at_updates = look  # type: ignore[assignment]


VARIANTS: dict[str, Callable[[], None]] = {
    "ledger-first": ledger_first,
    "assume-success": assume_success,
    "create-without-key": create_without_key,
    "ledger-only-diff": ledger_only_diff,
    "blind-resend": blind_resend,
}
