"""Sends one batch and says, per operation, what the CRM answered; nothing is concluded here from a lost answer.

Belongs here: the transports (collection, conditional single update, upsert by key, insert). Bulk jobs: `bulk.py`. The intent is
durable before anything here is called (`settle.py` writes it), and what an answer means for the journal is decided there too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from alignment_pipeline.connectors.crm import Writer
from alignment_pipeline.connectors.refusals import RequestRefused
from alignment_pipeline.connectors.registry import KNOWN_CODES
from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.errors import AlignmentError, CredentialsRefused, OutcomeUnknown, QuotaExhausted, Retryable
from alignment_pipeline.journal.journal import from_stamp
from alignment_pipeline.write_back.fields import naming
from alignment_pipeline.write_back.fields.shape import Scalar, shape_of
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.sending.context import Run

_NAME = ("FirstName", "LastName")
COLLECTION, CONDITIONAL, UPSERT, INSERT, BULK = "collection", "conditional", "upsert", "insert", "bulk"


@dataclass
class Sent:
    """Results by operation; operations that are not in it were not sent. `stop` ends the run."""

    results: dict[int, RowResult] = field(default_factory=dict)
    stop: AlignmentError | None = None


def transport_of(run: Run, op: Op) -> str:
    """How the operation goes over the wire."""
    if op.action == "create":
        shape = shape_of(run.rules.shapes, op.object, op.ext_field or "")
        return UPSERT if shape is None or (shape.is_external_id and shape.is_unique) else INSERT
    # by the map of today too: what a rollback undoes may have been a machine's field then, and a task's status is always shared
    return CONDITIONAL if op.is_shared or any(run.rules.is_shared(op.object, name) for name in op.after) else COLLECTION


def send(run: Run, transport: str, ops: Sequence[Op]) -> Sent:
    """Send a batch of one object over one transport."""
    writer = run.crm.writer
    if writer is None:
        raise CredentialsRefused("this run has no writer: it may plan, not apply")
    if transport == CONDITIONAL:
        return _one_by_one(writer, ops)
    return _at_once(run, writer, transport, ops)


def _at_once(run: Run, writer: Writer, transport: str, ops: Sequence[Op]) -> Sent:
    object_ = ops[0].object
    try:
        if transport == COLLECTION:
            rows = writer.update_collection(object_, [{"Id": op.record_id, **op.sent} for op in ops])
        else:
            key_field, texts = str(ops[0].ext_field), with_names(run, ops)
            records = [{key_field: op.ext_key, **texts[op.op_id]} for op in ops]
            if transport == UPSERT:
                rows = writer.upsert_collection(object_, key_field, records)
            else:
                rows = writer.create_collection(object_, records, [str(op.ext_key) for op in ops])
    except AlignmentError as error:
        return _failed(ops, error)
    return Sent({op.op_id: row for op, row in zip(ops, rows, strict=True)})


def with_names(run: Run, ops: Sequence[Op]) -> dict[int, dict[str, Scalar]]:
    """What is sent of each operation: where a text holds a record's id, the name that the CRM has for it now, cut to the field."""
    by_object: dict[str, set[str]] = {}
    for object_, record_id in naming.named_in(value for op in ops for value in op.sent.values()):
        by_object.setdefault(object_, set()).add(record_id)
    people: dict[tuple[str, str], str] = {}
    for object_, ids in sorted(by_object.items()):
        for record_id, record in run.crm.reader.read_by_ids(object_, sorted(ids), _NAME).items():
            if record is not None:
                people[object_, record_id] = " ".join(" ".join(str(record.get(name) or "") for name in _NAME).split())
    return {op.op_id: {name: _fitting(run, op, name, naming.with_names(value, people)) for name, value in op.sent.items()} for op in ops}


def _fitting(run: Run, op: Op, name: str, value: Scalar) -> Scalar:
    shape = shape_of(run.rules.shapes, op.object, name)
    is_long = isinstance(value, str) and shape is not None and shape.length and len(value) > shape.length
    return str(value)[: shape.length] if is_long and shape is not None else value


def _one_by_one(writer: Writer, ops: Sequence[Op]) -> Sent:
    """Each on the condition that nobody changed the record since we read it."""
    sent = Sent()
    for op in ops:
        if op.before_modstamp is None:
            text = "the record was read without its time of change: there is no condition to write under"
            sent.results[op.op_id] = RowResult.failure(op.subject, "NO_CONDITION", text, retry=RetryClass.CONFLICT)
            continue
        try:
            sent.results[op.op_id] = writer.update_one(
                op.object, str(op.record_id), op.sent, if_unmodified_since=from_stamp(op.before_modstamp)
            )
        except OutcomeUnknown as error:
            sent.results |= _failed([op], error).results
        except AlignmentError as error:
            failed = _failed([op], error)
            sent.results |= failed.results
            sent.stop = failed.stop
            break
    return sent


def _failed(ops: Sequence[Op], error: AlignmentError) -> Sent:
    """A whole request without results: unknown when it may have arrived, else certainly not written."""
    code, retry, stop = classify(error)
    fields = error.fields if isinstance(error, RequestRefused) else ()
    results = {op.op_id: RowResult.failure(op.subject, code, type(error).__name__, fields, retry=retry) for op in ops}
    return Sent(results, error if stop else None)


def classify(error: AlignmentError) -> tuple[str, RetryClass, bool]:
    """Code, retry class, and whether the run ends with it."""
    if isinstance(error, OutcomeUnknown):
        return "UNKNOWN_OUTCOME", RetryClass.UNKNOWN, False
    if isinstance(error, QuotaExhausted):
        return "REQUEST_LIMIT_EXCEEDED", RetryClass.QUOTA, True
    if isinstance(error, CredentialsRefused):
        return "INVALID_SESSION_ID", RetryClass.AUTH, True
    if isinstance(error, Retryable):
        return "SERVER_UNAVAILABLE", RetryClass.TRANSIENT, False
    if isinstance(error, RequestRefused):
        return error.code or f"HTTP_{error.status}", RetryClass.SCHEMA, True
    raise error


def known_code(row: RowResult) -> bool:
    """Whether the refusal's code is one that a person can look up; the others count for the breaker."""
    return row.code in KNOWN_CODES
