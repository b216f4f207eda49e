"""The endpoints of bulk extract: `/bulk/v1/{leads,activities}/export...`.

Each brings the queue up to date first. File downloads answer 404 in plain text where others answer 200 with errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from starlette.responses import PlainTextResponse, Response, StreamingResponse

from alignment_pipeline.sandbox.marketo import export_request
from alignment_pipeline.sandbox.marketo.answers import Refusal
from alignment_pipeline.sandbox.marketo.call import Call
from alignment_pipeline.sandbox.marketo.exports import Job
from alignment_pipeline.sandbox.marketo.tokens import list_token, read_list_token

_CHUNK = 1 << 16
_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")


def create(call: Call, kind: str) -> dict[str, object]:
    """`POST create.json`."""
    with call.store.lock:
        request = export_request.parse(kind, call.json_body(), call.store)
        job = call.store.exports.create(call.user, request, call.now, quota=_quota(call))
        return {"result": [call.store.exports.shown(job, call.now)]}


def enqueue(call: Call, kind: str, export_id: str) -> dict[str, object]:
    """`POST <id>/enqueue.json`."""
    _run(call)
    with call.store.lock:
        job = _job(call, kind, export_id)
        call.store.exports.enqueue(job, call.now, quota=_quota(call))
        return {"result": [call.store.exports.shown(job, call.now)]}


def cancel(call: Call, kind: str, export_id: str) -> dict[str, object]:
    """`POST <id>/cancel.json`: answers `Cancelled`, where the status later says `Canceled`, as the vendor's pages do."""
    _run(call)
    with call.store.lock:
        job = _job(call, kind, export_id)
        call.store.exports.cancel(job, call.now)
        return {"result": [call.store.exports.shown(job, call.now) | {"status": "Cancelled"}]}


def status(call: Call, kind: str, export_id: str) -> dict[str, object]:
    """`GET <id>/status.json`."""
    _run(call)
    with call.store.lock:
        return {"result": [call.store.exports.shown(_job(call, kind, export_id), call.now)]}


def listing(call: Call, kind: str) -> dict[str, object]:
    """`GET export.json`: this user's jobs, optionally of some states."""
    _run(call)
    with call.store.lock:
        exports = call.store.exports
        states = {"canceled" if state.lower() == "cancelled" else state.lower() for state in call.names("status")}
        shown = [exports.shown(job, call.now) for job in exports.jobs(kind, call.user, call.now)]
    chosen = [entry for entry in shown if not states or str(entry["status"]).lower() in states]
    token, size = call.optional("nextPageToken"), call.batch_size()
    start = read_list_token(token) if token else 0
    members: dict[str, object] = {"result": chosen[start : start + size]}
    if start + size < len(chosen):
        members |= {"nextPageToken": list_token(start + size), "moreResult": True}
    return members


def file(call: Call, kind: str, export_id: str) -> Response:
    """`GET <id>/file.json`: the file, or the part of it that `Range` asks for."""
    _run(call)
    with call.store.lock:
        job = call.store.exports.job(export_id, kind, call.user, call.now)
        readable = call.store.exports.readable_file(job, call.now) if job is not None else None
    if readable is None:
        return PlainTextResponse("Export file not found: the job has not completed, or there is no such job.", status_code=404)
    headers = {"accept-ranges": "bytes", "content-type": "text/csv;charset=UTF-8"}
    asked = call.headers.get("range", "")
    if not asked:
        return StreamingResponse(_bytes(readable.path, 0, readable.size), headers=headers | {"content-length": str(readable.size)})
    part = _part(asked, readable.size)
    if part is None:
        return Response(status_code=416, headers={"content-range": f"bytes */{readable.size}"})
    first, last = part
    headers |= {"content-length": str(last - first + 1), "content-range": f"bytes {first}-{last}/{readable.size}"}
    return StreamingResponse(_bytes(readable.path, first, last - first + 1), status_code=206, headers=headers)


def _run(call: Call) -> None:
    delays = call.world.faults.standing("bulk_delay", "marketo")
    call.store.exports.delay_seconds = sum(float(fault.options.get("seconds", 0)) for fault in delays)
    call.store.exports.run(call.now, call.world)


def _quota(call: Call) -> int:
    """The day's export bytes; a standing fault `custom` with name `export_quota` may lower them."""
    for fault in call.world.faults.standing("custom", "marketo"):
        if fault.options.get("name") == "export_quota":
            return int(fault.options.get("bytes", 0))
    return call.store.settings.export_bytes_per_day


def _job(call: Call, kind: str, export_id: str) -> Job:
    job = call.store.exports.job(export_id, kind, call.user, call.now)
    if job is None:
        raise Refusal("1013", "Object not found")
    return job


def _part(asked: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a Range header; None when the file has no such part."""
    match = _RANGE.match(asked.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        return (max(0, size - int(match[2])), size - 1) if int(match[2]) and size else None
    first = int(match[1])
    last = min(int(match[2]), size - 1) if match[2] else size - 1
    return (first, last) if first <= last else None


def _bytes(path: Path, start: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as source:
        source.seek(start)
        while length > 0 and (chunk := source.read(min(_CHUNK, length))):
            length -= len(chunk)
            yield chunk
