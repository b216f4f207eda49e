"""Bulk API 2.0 query jobs: create, poll, page through the result.

Belongs here: /jobs/query. CSV is in `table.py`.
"""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta

from alignment_pipeline.sandbox.salesforce.bulk import table
from alignment_pipeline.sandbox.salesforce.bulk_job import DELIMITERS, FINAL, LINE_ENDINGS, Job
from alignment_pipeline.sandbox.salesforce.failures import ApiError, not_found
from alignment_pipeline.sandbox.salesforce.rest.call import Answer, Call
from alignment_pipeline.sandbox.salesforce.soql.run import run

_OPERATIONS = ("query", "queryAll")


def extra_seconds(call: Call, kind: str) -> float:
    """What the standing fault `bulk_delay` adds."""
    rules = call.org.world.faults.standing("bulk_delay", "salesforce")
    return sum(float(rule.options.get("seconds", 0)) for rule in rules if rule.options.get("job", kind) == kind)


def create(call: Call) -> Answer:
    """POST /jobs/query."""
    body = call.json_object()
    operation = body.get("operation")
    if operation not in _OPERATIONS:
        raise ApiError(400, "INVALIDJOB", f"operation must be one of {', '.join(_OPERATIONS)}, found {operation!r}")
    text = body.get("query")
    if not isinstance(text, str) or not text.strip():
        raise ApiError(400, "INVALIDJOB", "query is required")
    delimiter, ending = formats(body)
    now = call.org.world.clock.now()
    result = run(call.org.store, call.schema, text, now=now, version=call.version, all_rows=operation == "queryAll", bulk=True)
    settings = call.org.store.settings
    caller = call.caller("bulk")
    job = Job(
        "query", call.org.store.ids.new("750"), call.username, caller.user_id, operation, result.object, now, call.version, "UploadComplete"
    )
    job.delimiter, job.line_ending, job.query, job.result = delimiter, ending, text, result
    seconds = settings.bulk_wait_seconds + len(result.rows) / settings.bulk_rows_per_second + extra_seconds(call, "query")
    job.starts_at = now + timedelta(seconds=min(1.0, settings.bulk_wait_seconds / 2))
    job.due_at = now + timedelta(seconds=seconds)
    call.org.jobs[job.id] = job
    return Answer(body=job.info(created=True))


def formats(body: dict[str, object]) -> tuple[str, str]:
    """columnDelimiter and lineEnding. Raises ApiError INVALIDJOB."""
    delimiter, ending = str(body.get("columnDelimiter", "COMMA")), str(body.get("lineEnding", "LF"))
    if delimiter not in DELIMITERS or ending not in LINE_ENDINGS:
        raise ApiError(400, "INVALIDJOB", f"columnDelimiter {delimiter!r} or lineEnding {ending!r} is not supported")
    if body.get("contentType", "CSV") != "CSV":
        raise ApiError(400, "INVALIDJOB", f"contentType {body['contentType']!r} is not supported")
    return delimiter, ending


def find(call: Call, kind: str) -> Job:
    """The job that the path names, brought up to the present. Raises ApiError 404."""
    job = call.org.jobs.get(call.record_id())
    age = timedelta(days=call.org.store.settings.bulk_result_days)
    if job is None or job.kind != kind or call.org.world.clock.now() - job.created_at > age:
        raise not_found()
    return job


def settle(call: Call, job: Job) -> None:
    """Bring a query job's state up to the sandbox's present."""
    now = call.org.world.clock.now()
    if job.state in FINAL or job.starts_at is None or job.due_at is None:
        return
    if now >= job.due_at:
        fault = call.org.world.faults.fire("bulk_job_fails", system="salesforce", method="query", path=job.object, body=job.query)
        job.finished_at = job.due_at
        job.state = "JobComplete" if fault is None else "Failed"
        if fault is not None:
            job.error = str(fault.options.get("message", "QUERY_TIMEOUT: Your query request was running for too long."))
        elif job.result is not None:
            job.processed = len(job.result.rows)
    elif now >= job.starts_at:
        job.state = "InProgress"


def info(call: Call) -> Answer:
    """GET /jobs/query/<id>."""
    job = find(call, "query")
    settle(call, job)
    return Answer(body=job.info())


def listing(call: Call) -> Answer:
    """GET /jobs/query (or /jobs/ingest)."""
    kind = "query" if "query" in call.path.lower() else "ingest"
    records = [job.info() for job in call.org.jobs.values() if job.kind == kind]
    return Answer(body={"done": True, "nextRecordsUrl": None, "records": records})


def change(call: Call) -> Answer:
    """PATCH /jobs/query/<id> {"state":"Aborted"}."""
    job = find(call, "query")
    settle(call, job)
    if call.json_object().get("state") != "Aborted":
        raise ApiError(400, "INVALIDJOBSTATE", "a query job's state can be set to Aborted only")
    if job.state in FINAL:
        raise ApiError(400, "INVALIDJOBSTATE", f"Aborting already {job.state} Job not allowed")
    job.state, job.finished_at = "Aborted", call.org.world.clock.now()
    return Answer(body=job.info())


def delete(call: Call) -> Answer:
    """DELETE /jobs/query/<id>: only when it has ended."""
    job = find(call, "query")
    settle(call, job)
    if job.state not in FINAL:
        raise ApiError(400, "API_ERROR", f"Unable to delete job in state {job.state}")
    del call.org.jobs[job.id]
    return Answer(204)


def results(call: Call) -> Answer:
    """GET /jobs/query/<id>/results?maxRecords=&locator= : CSV, header in every page, `Sforce-Locator: null` at the end."""
    job = find(call, "query")
    settle(call, job)
    if job.version != call.version:
        raise ApiError(409, "API_VERSION_MISMATCH", f"the job was made with API version {job.version}; use that version for its results")
    if job.state != "JobComplete" or job.result is None:
        raise ApiError(400, "INVALIDJOBSTATE", f"the job is {job.state}; results are there when it is JobComplete")
    start = _start(call.query.get("locator"), len(job.result.rows))
    asked = call.query.get("maxRecords", call.query.get("maxrecords"))
    if asked is not None and (not asked.isdigit() or int(asked) < 1):
        raise ApiError(400, "INVALID_QUERY_PARAMETER", f"maxRecords is {asked!r}; it takes a whole number above 0")
    size = min(int(asked), 250_000) if asked else call.org.store.settings.bulk_page_rows
    end = min(start + size, len(job.result.rows))
    locator = base64.b64encode(f"{end}".encode()).decode().rstrip("=") if end < len(job.result.rows) else "null"
    headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(end - start)}
    return Answer(body=table.pieces(job, job.result, start, end), headers=headers, content_type="text/csv")


def _start(locator: str | None, rows: int) -> int:
    if locator is None:
        return 0
    try:
        start = int(base64.b64decode(locator + "=" * (-len(locator) % 4), validate=True).decode())
    except (binascii.Error, ValueError) as error:
        raise ApiError(400, "INVALID_QUERY_LOCATOR", f"the locator {locator!r} is not valid") from error
    if not 0 < start < rows:
        raise ApiError(400, "INVALID_QUERY_LOCATOR", f"the locator {locator!r} is not valid")
    return start
