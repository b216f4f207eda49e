"""Sends a large batch as one Bulk job that survives us: the job's id is durable before the job can write anything.

Belongs here: the job's life as the journal sees it, and taking it up again after a crash. The job's calls: `connectors/salesforce/`.
An open job writes nothing, so until it is closed every row is certainly unwritten; once closed, its three result files decide.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from alignment_pipeline.connectors.crm import Bulk
from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.errors import AlignmentError, OutcomeUnknown, Retryable
from alignment_pipeline.journal import crash
from alignment_pipeline.journal.tables import BATCH
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.sending.context import Run
from alignment_pipeline.write_back.sending.send import Sent, classify

_OPEN, _CLOSED = "Open", "UploadComplete"
_STILL_OPEN = frozenset({"Open", "Aborted"})


def send_bulk(run: Run, batch_id: str, ops: Sequence[Op]) -> Sent:
    """Create, upload, close, wait, fetch. A job that outlives our patience leaves its operations INFLIGHT: `recover.py` comes back."""
    bulk = _bulk(run)
    job_id = None
    try:
        job_id = bulk.create(ops[0].object, "update")
        crash.point("bulk job created")
        _note(run, batch_id, job_id, _OPEN)
        crash.point("bulk job noted")
        bulk.upload(job_id, [{"Id": op.record_id, **op.sent} for op in ops])
        crash.point("bulk job uploaded")
    except AlignmentError as error:
        if job_id is not None:
            _abort(bulk, job_id)
        code, retry, stop = classify(error)
        retry = RetryClass.TRANSIENT if retry is RetryClass.UNKNOWN else retry
        rows = {op.op_id: RowResult.failure(op.subject, code, "the job was never closed", retry=retry) for op in ops}
        return Sent(rows, error if stop else None)
    return _close_and_fetch(run, bulk, batch_id, job_id, ops)


def resume_bulk(run: Run, batch_id: str, ops: Sequence[Op]) -> Sent:
    """Take a job up again by its journalled id: an open one is aborted (nothing was written), a closed one is waited for."""
    bulk = _bulk(run)
    with run.journal.read() as connection:
        row = connection.execute(select(BATCH.c.job_id).where(BATCH.c.batch_id == batch_id)).first()
    job_id = row.job_id if row else None
    if job_id is None:
        return _unwritten(ops)
    state = bulk.status(job_id).state
    if state in _STILL_OPEN:
        if state == _OPEN:
            bulk.abort(job_id)
        _note(run, batch_id, job_id, "Aborted")
        return _unwritten(ops)
    return _fetch(run, bulk, batch_id, job_id, ops)


def _close_and_fetch(run: Run, bulk: Bulk, batch_id: str, job_id: str, ops: Sequence[Op]) -> Sent:
    try:
        bulk.close(job_id)
        crash.point("bulk job closed")
        _note(run, batch_id, job_id, _CLOSED)
    except (OutcomeUnknown, Retryable) as error:
        # the job may be running: its id is known, so its results will tell
        return Sent({op.op_id: RowResult.unknown(op.subject, type(error).__name__) for op in ops})
    return _fetch(run, bulk, batch_id, job_id, ops)


def _fetch(run: Run, bulk: Bulk, batch_id: str, job_id: str, ops: Sequence[Op]) -> Sent:
    try:
        status = bulk.wait(job_id)
        crash.point("bulk job ended")
        results = bulk.results(job_id, [str(op.record_id) for op in ops])
    except Retryable as error:
        return Sent({op.op_id: RowResult.unknown(op.subject, type(error).__name__) for op in ops})
    _note(run, batch_id, job_id, status.state)
    return Sent({op.op_id: row for op, row in zip(ops, results, strict=True)})


def _unwritten(ops: Sequence[Op]) -> Sent:
    text = "the job was never closed"
    return Sent({op.op_id: RowResult.failure(op.subject, "UNPROCESSED", text, retry=RetryClass.TRANSIENT) for op in ops})


def _abort(bulk: Bulk, job_id: str) -> None:
    try:
        bulk.abort(job_id)
    except AlignmentError:
        # an open job that nobody closes writes nothing and is removed by Salesforce after seven days
        return


def _note(run: Run, batch_id: str, job_id: str, state: str) -> None:
    with run.journal.begin() as connection:
        connection.execute(update(BATCH).where(BATCH.c.batch_id == batch_id).values(job_id=job_id, job_state=state))


def _bulk(run: Run) -> Bulk:
    if run.crm.bulk is None:
        raise Retryable("this run has no Bulk API")
    return run.crm.bulk
