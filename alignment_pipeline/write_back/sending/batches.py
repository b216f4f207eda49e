"""Which operations go together, in which order, and one batch's way: look, intend, send, take answers, verify.

Belongs here: choosing and driving batches. The whole run is `apply.py`; Bulk jobs `bulk.py`.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

from alignment_pipeline.connectors.crm import Record
from alignment_pipeline.journal import crash
from alignment_pipeline.journal.journal import from_stamp
from alignment_pipeline.journal.lease import CRM, acquire
from alignment_pipeline.write_back.fields import bases
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.sending import marker
from alignment_pipeline.write_back.sending.breaker import Noted
from alignment_pipeline.write_back.sending.bulk import send_bulk
from alignment_pipeline.write_back.sending.context import Run
from alignment_pipeline.write_back.sending.recheck import Look, look_at_creates, look_at_updates, modstamp, read
from alignment_pipeline.write_back.sending.send import BULK, COLLECTION, CONDITIONAL, INSERT, UPSERT, Sent, send, transport_of
from alignment_pipeline.write_back.sending.settle import intend, take_answers, verify

_LEASE_SECONDS = 120.0
#: HTTP dates have whole seconds: a record changed this recently could change again unseen within the same second.
_SAME_SECOND = timedelta(seconds=2)
_BY_TRIES = (200, 50, 10, 1)


@dataclass(frozen=True)
class Batch:
    """Operations of one object that go over one transport."""

    transport: str
    ops: Sequence[Op]

    @property
    def calls(self) -> int:
        """About how many calls it takes, reading before and after included."""
        number = len(self.ops)
        if self.transport == BULK:
            return 8 + 2 * (1 + number // 2000)
        reads = 2 * (1 + number // 2000) if self.transport in (COLLECTION, CONDITIONAL) else 2 * (1 + number // 200)
        return reads + (number if self.transport == CONDITIONAL else 1 + number // 200)


class Queue:
    """Operations waiting to be sent, by object and transport, in the order of sending.

    Stage by stage, so that the children of one account stand side by side; by priority first when `is_short` (the budget does not
    reach for all), creates then moving up the record they hang on.
    """

    def __init__(self, run: Run, ops: Sequence[Op], *, is_short: bool = False) -> None:
        self._run = run
        groups: dict[tuple[int, int, str, str], list[Op]] = {}
        urgent: dict[str, int] = {}
        for op in ops:
            if op.depends_on:
                urgent[op.depends_on] = min(op.priority, urgent.get(op.depends_on, op.priority))
        for op in ops:
            priority = min(op.priority, urgent.get(op.record_id or "", op.priority)) if is_short else 0
            groups.setdefault((priority, op.stage, op.object, transport_of(run, op)), []).append(op)
        self._groups = [(key[3], deque(groups[key])) for key in sorted(groups)]

    def take(self, sent: Mapping[str, int]) -> Batch | None:
        """The next batch: 25, then 200, then the rest by 200s or by Bulk. `sent` counts what each object had already."""
        while self._groups and not self._groups[0][1]:
            self._groups.pop(0)
        if not self._groups:
            return None
        transport, ops = self._groups[0]
        sending, canary = self._run.numbers.sending, self._run.numbers.canary
        done = sent.get(ops[0].object, 0)
        size = sending.batch
        if done < canary.first + canary.second:
            size = canary.first if done < canary.first else canary.second
        elif transport == COLLECTION and len(ops) > sending.bulk_above and self._run.crm.has_bulk(ops[0].object):
            return self._bulk(ops)
        tries = max(op.tries for op in islice(ops, size))
        size = min(size, len(ops), _BY_TRIES[min(tries, 3)])
        return Batch(transport, [ops.popleft() for _ in range(size)])

    def __len__(self) -> int:
        return sum(len(ops) for _, ops in self._groups)

    def _bulk(self, ops: deque[Op]) -> Batch:
        chosen: list[Op] = []
        others: list[Op] = []
        while ops and len(chosen) < self._run.numbers.sending.bulk_job_rows:
            op = ops.popleft()
            (chosen if _may_go_by_bulk(op) else others).append(op)
        ops.extend(others)
        return Batch(BULK, chosen) if chosen else Batch(COLLECTION, [ops.popleft() for _ in range(min(200, len(ops)))])


def _may_go_by_bulk(op: Op) -> bool:
    """`#N/A` in a Bulk file empties the field, so a text that says just that must go as JSON; so must what needs small batches."""
    return op.tries == 0 and op.rollback_of is None and all(value != "#N/A" for value in op.sent.values())


def run_batch(run: Run, batch: Batch) -> Sent:
    """One batch under the CRM lease, verified before it returns."""
    object_ = batch.ops[0].object
    batch_id = uuid.uuid4().hex
    with acquire(run.journal, CRM, wait_seconds=_LEASE_SECONDS) as run.lease:
        crash.point("lease taken")
        look = _look(run, batch, object_)
        ops = intend(run, look, batch_id=batch_id, transport=batch.transport)
        if not ops:
            return Sent()
        crash.point("intent durable")
        marker.put(run.journal)
        sent = send_bulk(run, batch_id, ops) if batch.transport == BULK else send(run, batch.transport, ops)
        crash.point("sent")
        acked, events = take_answers(run, ops, sent.results)
        crash.point("answers taken")
        unknown = [op for op in ops if _is_unknown(sent, op)]
        if acked or unknown:
            events += read_back(run, object_, [*acked, *(replace(op, state="UNKNOWN") for op in unknown)], look)
        run.breaker.note_in_order([op.op_id for op in ops], events)
        crash.point("verified")
    return sent


def read_back(run: Run, object_: str, ops: Sequence[Op], look: Look | None = None) -> list[Noted]:
    """Read the records and let the read rule decide."""
    updates = [op for op in ops if op.action != "create"]
    creates = [op for op in ops if op.action == "create"]
    records: dict[str, Record | None] = read(run, object_, updates) if updates else {}
    by_key = _find(run, creates)
    looked: list[Op] = list(updates)
    for op in creates:
        there = by_key.get(op.ext_key or "", [])
        identity = str(there[0]["Id"]) if there else op.record_id
        looked.append(replace(op, record_id=identity))
        records[identity or ""] = there[0] if there else None
    return verify(run, looked, records, look.owners if look else {})


def _look(run: Run, batch: Batch, object_: str) -> Look:
    if batch.transport in (UPSERT, INSERT):
        return look_at_creates(batch.ops, _find(run, batch.ops))
    records = read(run, object_, batch.ops)
    hot: set[str] = set()
    if batch.transport == CONDITIONAL and _hot(run, records):
        run.clock.sleep(_SAME_SECOND.total_seconds())
        records = read(run, object_, batch.ops)
        hot = _hot(run, records)
    with run.journal.read() as connection:
        known = bases.load(connection, object_, {op.record_id for op in batch.ops if op.record_id})
    look = look_at_updates(run, [op for op in batch.ops if op.record_id not in hot], records, known)
    look.later = [op for op in batch.ops if op.record_id in hot]
    return look


def _hot(run: Run, records: dict[str, Record | None]) -> set[str]:
    """Records that somebody changed a moment ago: a further change within the same second would pass the condition unseen."""
    now = run.server_now()
    stamps = {record_id: modstamp(record) for record_id, record in records.items() if record}
    return {record_id for record_id, stamp in stamps.items() if stamp is not None and now - from_stamp(stamp) < _SAME_SECOND}


def _find(run: Run, creates: Sequence[Op]) -> dict[str, list[Record]]:
    if not creates:
        return {}
    keys = [op.ext_key for op in creates if op.ext_key]
    return run.crm.reader.find_by_keys(creates[0].object, str(creates[0].ext_field), keys, [])


def _is_unknown(sent: Sent, op: Op) -> bool:
    row = sent.results.get(op.op_id)
    return row is not None and not row.is_success and row.retry is not None and row.retry.value == "T"
