"""Bulk API 2.0 ingest jobs: create, upload once, close, poll, fetch what became of each row.

Belongs here: /jobs/ingest. The saving of a row is in `saving.py`, CSV in `table.py`.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from alignment_pipeline.sandbox.salesforce.bulk import table
from alignment_pipeline.sandbox.salesforce.bulk.query import extra_seconds, find, formats
from alignment_pipeline.sandbox.salesforce.bulk.rows import RowWriter
from alignment_pipeline.sandbox.salesforce.bulk_job import FINAL, Job
from alignment_pipeline.sandbox.salesforce.failures import ApiError
from alignment_pipeline.sandbox.salesforce.organisation import Org
from alignment_pipeline.sandbox.salesforce.rest.call import Answer, Call
from alignment_pipeline.sandbox.salesforce.rest.records import external_key
from alignment_pipeline.sandbox.salesforce.saving import Caller, Saver

_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
_LARGEST = 150_000_000
_LONGEST_PART = 100_000


def create(call: Call) -> Answer:
    """POST /jobs/ingest: an empty job, or with multipart/form-data a job with its data, closed at once."""
    kind = call.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        return Answer(body=new_job(call, call.json_object()).info(created=True))
    parts = _parts(kind, call.body)
    if set(parts) != {"job", "content"} or len(parts["content"]) > _LONGEST_PART:
        raise ApiError(400, "INVALIDJOB", f"a multipart job has the parts job and content, at most {_LONGEST_PART} characters long")
    description = replace(call, body=parts["job"], headers={**call.headers, "content-type": "application/json"}).json_object()
    job = new_job(call, description)
    job.contents.append(parts["content"])
    close(call, job)
    return Answer(body=job.info(created=True))


def _parts(content_type: str, body: bytes) -> dict[str, bytes]:
    """The named parts of a multipart body. Raises ApiError INVALIDJOB."""
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if match is None:
        raise ApiError(400, "INVALIDJOB", "the multipart body has no boundary")
    parts: dict[str, bytes] = {}
    for piece in body.split(b"--" + match[1].encode("latin-1"))[1:-1]:
        head, _, content = piece.lstrip(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'name="?([^";\r\n]+)"?', head)
        if name is not None:
            parts[name[1].decode("latin-1")] = content.removesuffix(b"\r\n")
    return parts


def new_job(call: Call, body: dict[str, Any]) -> Job:
    """A new open job. Raises ApiError INVALIDJOB."""
    operation = body.get("operation")
    if operation not in _OPERATIONS:
        raise ApiError(400, "INVALIDJOB", f"operation must be one of {', '.join(_OPERATIONS)}, found {operation!r}")
    schema = call.schema.get(str(body.get("object", "")))
    if schema is None:
        raise ApiError(400, "INVALIDENTITY", f"Unable to find object: {body.get('object')}")
    if not schema.bulk or not schema.updateable:
        raise ApiError(400, "INVALIDENTITY", f"Entity '{schema.name}' is not supported by the Bulk API.")
    key = body.get("externalIdFieldName")
    if operation == "upsert":
        if not key:
            raise ApiError(400, "INVALIDJOB", "externalIdFieldName is required for upsert")
        try:
            key = external_key(call, schema, str(key)).name
        except ApiError as error:
            raise ApiError(
                400, "INVALIDJOB", f"InvalidJob : Field name provided, {key} does not match an External ID for {schema.name}"
            ) from error
    delimiter, ending = formats(body)
    caller = call.caller("bulk")
    now = call.org.world.clock.now()
    job = Job("ingest", call.org.store.ids.new("750"), call.username, caller.user_id, operation, schema.name, now, call.version, "Open")
    job.delimiter, job.line_ending, job.headers, job.number = delimiter, ending, dict(caller.headers), call.number
    job.key = str(key) if operation == "upsert" else None
    job.assignment_rule = body.get("assignmentRuleId")
    call.org.jobs[job.id] = job
    return job


def upload(call: Call) -> Answer:
    """PUT /jobs/ingest/<id>/batches: exactly once; a second upload makes the close fail."""
    job = find(call, "ingest")
    settle(call.org, job)
    kind = call.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "text/csv":
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"Content type {kind or 'none'} not supported: send text/csv")
    if job.state != "Open":
        raise ApiError(400, "INVALIDJOBSTATE", f"Found state {job.state} for the job: only an Open job takes data")
    if len(call.body) > _LARGEST:
        raise ApiError(413, "ENTITY_TOO_LARGE", "the file is larger than 150 MB")
    job.contents.append(call.body)
    return Answer(201)


def change(call: Call) -> Answer:
    """PATCH /jobs/ingest/<id> {"state":"UploadComplete"|"Aborted"}."""
    job = find(call, "ingest")
    settle(call.org, job)
    wanted = call.json_object().get("state")
    if wanted == "Aborted":
        if job.state in FINAL:
            raise ApiError(400, "INVALIDJOBSTATE", f"Aborting already {job.state} Job not allowed")
        abort(call.org, job)
    elif wanted == "UploadComplete":
        close(call, job)
    else:
        raise ApiError(400, "INVALIDJOBSTATE", f"state can be set to UploadComplete or Aborted, found {wanted!r}")
    return Answer(body=job.info(created=True))


def close(call: Call, job: Job) -> None:
    """Start the processing of an open job. Raises ApiError INVALIDJOB or INVALIDJOBSTATE."""
    if job.state != "Open":
        raise ApiError(400, "INVALIDJOBSTATE", f"Closing already {job.state} Job not allowed")
    if len(job.contents) > 1:
        raise ApiError(
            400,
            "INVALIDJOB",
            f"Found multipe contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a new Job",
        )
    if not job.contents:
        raise ApiError(400, "INVALIDJOBSTATE", "the job has no data: upload a file before closing it")
    now = call.org.world.clock.now()
    settings = call.org.store.settings
    rows = job.contents[0].count(b"\n")
    seconds = settings.bulk_wait_seconds + rows / settings.bulk_rows_per_second + extra_seconds(call, "ingest")
    job.state = "UploadComplete"
    job.starts_at = now + timedelta(seconds=min(1.0, settings.bulk_wait_seconds / 2))
    job.due_at = now + timedelta(seconds=seconds)


def abort(org: Org, job: Job) -> None:
    """End a job; rows not processed yet are unprocessed."""
    if job.contents:
        try:
            job.columns, job.unprocessed = table.read(job, job.contents[0])
        except table.BadTable as error:
            job.error = str(error)
    job.state, job.finished_at = "Aborted", org.world.clock.now()


def settle(org: Org, job: Job) -> None:
    """Bring an ingest job up to the sandbox's present: when its time has come, its rows are saved."""
    now = org.world.clock.now()
    if job.kind != "ingest" or job.state in FINAL or job.starts_at is None or job.due_at is None:
        return
    if now >= job.due_at:
        process(org, job)
    elif now >= job.starts_at:
        job.state = "InProgress"


def process(org: Org, job: Job) -> None:
    """Save the rows of a job in chunks of 200; results come in no promised order."""
    fault = org.world.faults.fire("bulk_job_fails", system="salesforce", method="ingest", path=job.object)
    rows_before = None if fault is None else int(fault.options.get("rows", 0))
    job.finished_at = org.world.clock.now()
    caller = Caller(
        username=job.username,
        user_id=job.user_id,
        source="bulk",
        request=f"job {job.id}",
        number=job.number,
        auto_assign=job.assignment_rule is not None,
        headers=job.headers,
    )
    try:
        job.columns, rows = table.read(job, job.contents[0])
        writer = RowWriter(org, job, job.columns)
    except table.BadTable as error:
        job.state, job.error = "Failed", str(error)
        return
    todo = rows if rows_before is None else rows[:rows_before]
    for start in range(0, len(todo), 200):
        saver = Saver(org.store, replace(caller, number=next(org.numbers)))
        writer.write(saver, todo[start : start + 200])
        saver.commit()
    job.unprocessed = rows[len(todo) :]
    job.processed = len(todo)
    dice = random.Random(job.id)
    dice.shuffle(job.successful)
    dice.shuffle(job.failed)
    job.state = "JobComplete" if fault is None else "Failed"
    if fault is not None:
        job.error = str(fault.options.get("message", "InternalServerError : Unable to process batch: too many retries"))


def info(call: Call) -> Answer:
    """GET /jobs/ingest/<id>."""
    job = find(call, "ingest")
    settle(call.org, job)
    return Answer(body=job.info())


def delete(call: Call) -> Answer:
    """DELETE /jobs/ingest/<id>: only when it has ended."""
    job = find(call, "ingest")
    settle(call.org, job)
    if job.state not in FINAL:
        raise ApiError(400, "API_ERROR", f"Unable to delete job in state {job.state}")
    del call.org.jobs[job.id]
    return Answer(204)


def _ended(call: Call) -> Job:
    job = find(call, "ingest")
    settle(call.org, job)
    if job.state not in FINAL:
        raise ApiError(400, "INVALIDJOBSTATE", f"the job is {job.state}; results are there when it has ended")
    return job


def _file(job: Job, header: list[str], rows: list[list[str]]) -> Answer:
    return Answer(body=table.lines(job, header, rows), content_type="text/csv")


def successful(call: Call) -> Answer:
    """GET /jobs/ingest/<id>/successfulResults."""
    job = _ended(call)
    rows = [[identifier, "true" if created else "false", *row] for identifier, created, row in job.successful]
    return _file(job, ["sf__Id", "sf__Created", *job.columns], rows)


def failed(call: Call) -> Answer:
    """GET /jobs/ingest/<id>/failedResults."""
    job = _ended(call)
    return _file(job, ["sf__Id", "sf__Error", *job.columns], [[identifier, error, *row] for identifier, error, row in job.failed])


def unprocessed(call: Call) -> Answer:
    """GET /jobs/ingest/<id>/unprocessedrecords."""
    job = _ended(call)
    return _file(job, list(job.columns), job.unprocessed)
