"""Bulk API 2.0 ingest: create, upload once, close, wait, and read the three result files.

Belongs here: the job's life. The caller stores the job id before `close`, and takes a job up again by it; a failed poll never
aborts a job. Which rows go by Bulk is decided in `write_back/`.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.connectors.salesforce import bulk_csv
from alignment_pipeline.connectors.salesforce.bulk_query import PollPlan, Rewound
from alignment_pipeline.connectors.salesforce.identifiers import api_name, given_id, id18, is_id
from alignment_pipeline.connectors.salesforce.results import failure
from alignment_pipeline.connectors.salesforce.session import CLIENT, SalesforceSession
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.connectors.transport import Call
from alignment_pipeline.errors import OutcomeUnknown, Permanent, Retryable

# The documented ceiling is 150 MB after base64, 100 MB of text.
MOST_BYTES = 100_000_000
Operation = Literal["update", "upsert", "insert"]
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})
_ERROR = re.compile(r"^(?P<code>[A-Z][A-Z0-9_]+):(?P<message>.*?)(?::(?P<fields>[A-Za-z0-9_, ]*?)\s*--)?\s*$", re.DOTALL)
_FORM = {"contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}
_WRITES = {**CLIENT, "Sforce-Auto-Assign": "FALSE"}


@dataclass(frozen=True)
class IngestStatus:
    """A job as the server tells it. JobComplete does not mean that every row was written, Failed not that none was."""

    job_id: str
    state: str
    processed: int
    failed: int
    error: str | None

    @property
    def is_ended(self) -> bool:
        """True when its results can be read."""
        return self.state in _ENDED


@dataclass
class BulkIngest:
    """Bulk ingest jobs of one session."""

    session: SalesforceSession
    polls: PollPlan = field(default_factory=PollPlan)

    def create(self, object_name: str, operation: Operation, *, key_field: str | None = None) -> str:
        """Create an open job, which does nothing until it is closed; its id."""
        body = {"object": api_name(object_name), "operation": operation, **_FORM}
        if operation == "upsert":
            body["externalIdFieldName"] = api_name(key_field or "")
        answer = self.session.send(self._call("POST", "/jobs/ingest", "bulk ingest create", _json(body)))
        return given_id(answer.json().get("id"), "bulk ingest create")

    def upload(self, job_id: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Upload all rows, once: the header is the union of their keys, None clears a field.

        When the answer is lost the job is aborted (an open job writes nothing) and Retryable raised: create another.
        """
        columns = list(dict.fromkeys(name for record in records for name in record))
        body = bulk_csv.encode(records, [api_name(name) for name in columns])
        if len(body) > MOST_BYTES:
            raise Permanent(f"bulk ingest: {len(body)} bytes are more than a job takes ({MOST_BYTES}); send fewer rows")
        call = Call(
            "PUT",
            f"{self.session.base}/jobs/ingest/{job_id}/batches",
            "bulk ingest upload",
            headers={**_WRITES, "Content-Type": "text/csv; charset=UTF-8"},
            body=body,
            is_repeatable=False,
            expects_json=False,
        )
        try:
            self.session.send(call)
        except OutcomeUnknown as error:
            self.abort(job_id)
            raise Retryable(f"bulk ingest {job_id}: the upload's answer was lost; the job was aborted, nothing was written") from error

    def close(self, job_id: str) -> None:
        """Say that the upload is complete: from now on rows are written. Repeatable; a job that went on already stays as it is."""
        if not self._set_state(job_id, "UploadComplete") and self.status(job_id).state == "Open":
            raise Permanent(f"bulk ingest {job_id}: the server refuses to close the job")

    def abort(self, job_id: str) -> None:
        """Stop a job. Rows it has written stay written."""
        self._set_state(job_id, "Aborted")

    def status(self, job_id: str) -> IngestStatus:
        """The job as it is now."""
        body = self.session.get(f"/jobs/ingest/{job_id}", "bulk ingest status").json()
        return IngestStatus(
            job_id,
            str(body.get("state")),
            int(body.get("numberRecordsProcessed") or 0),
            int(body.get("numberRecordsFailed") or 0),
            str(body["errorMessage"]) if body.get("errorMessage") else None,
        )

    def wait(self, job_id: str) -> IngestStatus:
        """Wait until the job has ended. Retryable when it takes too long or polling fails: it goes on on its own, come back to it."""
        waited, pause = 0.0, self.polls.first
        while True:
            status = self.status(job_id)
            if status.is_ended:
                return status
            if status.state == "Open":
                raise Permanent(f"bulk ingest {job_id} is still open: close it first")
            if waited >= self.polls.patience:
                raise Retryable(f"bulk ingest {job_id} is still {status.state} after {waited:.0f} s")
            self.session.clock.sleep(pause)
            waited, pause = waited + pause, min(self.polls.longest, pause * self.polls.growth)

    def results(self, job_id: str, keys: Sequence[str], *, key_column: str = "Id") -> list[RowResult]:
        """One result for each key sent, matched by the key column (row order is not promised), in the order of `keys`.

        Unprocessed rows were not written (class TRANSIENT); rows that no file mentions are UNKNOWN.
        """
        results: dict[str, RowResult] = {}
        for row in self._file(job_id, "successfulResults"):
            key = _key(row.get(key_column) or row.get("sf__Id") or "", key_column)
            results[key] = RowResult.success(key, _key(row.get("sf__Id") or "", "Id") or None, is_created=row.get("sf__Created") == "true")
        for row in self._file(job_id, "failedResults"):
            key = _key(row.get(key_column) or row.get("sf__Id") or "", key_column)
            results[key] = _failed(key, row.get("sf__Error") or "")
        for row in self._file(job_id, "unprocessedrecords"):
            key = _key(row.get(key_column) or "", key_column)
            results[key] = failure(key, "UNPROCESSED", "the job ended before this row", retry=RetryClass.TRANSIENT)
        wanted = [_key(key, key_column) for key in keys]
        return [results.get(key) or RowResult.unknown(key, f"bulk ingest {job_id}: no result file mentions this row") for key in wanted]

    def _file(self, job_id: str, name: str) -> Iterator[dict[str, str]]:
        path = f"{self.session.base}/jobs/ingest/{job_id}/{name}"
        call = Call("GET", path, f"bulk ingest {name}", headers={**CLIENT, "Accept": "text/csv"}, expects_json=False)
        with tempfile.SpooledTemporaryFile(max_size=8 << 20) as spool:
            self.session.send(call, lambda _: Rewound(spool))
            spool.seek(0)
            header: list[str] | None = None
            for record in bulk_csv.rows(spool, where=f"bulk ingest {job_id} {name}"):
                if header is None:
                    header = record
                    continue
                yield dict(zip(header, record, strict=True))

    def _set_state(self, job_id: str, state: str) -> bool:
        try:
            self.session.send(self._call("PATCH", f"/jobs/ingest/{job_id}", "bulk ingest state", _json({"state": state})))
        except SalesforceRefused as refused:
            if refused.status != 400:
                raise
            return False
        return True

    def _call(self, method: str, path: str, endpoint: str, body: bytes) -> Call:
        headers = {**_WRITES, "Content-Type": "application/json; charset=UTF-8"}
        return Call(method, self.session.base + path, endpoint, headers=headers, body=body)


def _failed(key: str, text: str) -> RowResult:
    """`CODE:message:Field1,Field2 --`; the message is free text and may hold colons itself."""
    match = _ERROR.match(text)
    if match is None:
        return failure(key, "UNKNOWN_ERROR", text)
    fields = tuple(name.strip() for name in (match["fields"] or "").split(",") if name.strip())
    return failure(key, match["code"], match["message"], fields)


def _key(text: str, key_column: str) -> str:
    return id18(text) if key_column == "Id" and is_id(text) else text


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()
