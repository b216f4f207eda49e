"""A Bulk API 2.0 job and its life on the sandbox's clock.

Belongs here: states and their times. What a job does when its time comes is in `bulk/`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alignment_pipeline.sandbox.salesforce.soql.run import Result

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
FINAL = ("JobComplete", "Failed", "Aborted")


@dataclass
class Job:
    """One job, query or ingest."""

    kind: str
    id: str
    username: str
    user_id: str
    operation: str
    object: str
    created_at: datetime
    version: str
    state: str
    delimiter: str = "COMMA"
    line_ending: str = "LF"
    headers: dict[str, str] = field(default_factory=dict)
    number: int = 0
    # query
    query: str = ""
    result: Result | None = None
    # ingest
    key: str | None = None
    assignment_rule: str | None = None
    contents: list[bytes] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    successful: list[tuple[str, bool, list[str]]] = field(default_factory=list)
    failed: list[tuple[str, str, list[str]]] = field(default_factory=list)
    unprocessed: list[list[str]] = field(default_factory=list)
    # both
    starts_at: datetime | None = None
    due_at: datetime | None = None
    finished_at: datetime | None = None
    processed: int = 0
    error: str | None = None

    def info(self, *, created: bool = False) -> dict[str, Any]:
        """The job's JSON; `created` leaves out what is known only later."""
        stamp = (self.finished_at or self.created_at).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        entry: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": self.user_id,
            "createdDate": self.created_at.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "systemModstamp": stamp,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
        }
        if self.kind == "ingest":
            entry["contentUrl"] = f"services/data/v{self.version}/jobs/ingest/{self.id}/batches"
            entry |= {} if self.key is None else {"externalIdFieldName": self.key}
            entry |= {} if self.assignment_rule is None else {"assignmentRuleId": self.assignment_rule}
        if created:
            return entry
        entry["jobType"] = "V2Query" if self.kind == "query" else "V2Ingest"
        entry["retries"] = 0
        took = 0 if self.finished_at is None or self.starts_at is None else int((self.finished_at - self.starts_at).total_seconds() * 1000)
        entry["totalProcessingTime"] = took
        if self.kind == "query":
            entry |= {"isPkChunkingSupported": True} | ({"numberRecordsProcessed": self.processed} if self.state in FINAL else {})
        else:
            entry |= {
                "numberRecordsProcessed": self.processed,
                "numberRecordsFailed": len(self.failed),
                "apiActiveProcessingTime": took,
                "apexProcessingTime": 0,
            }
        return entry | ({} if self.error is None else {"errorMessage": self.error})
