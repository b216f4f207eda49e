"""Bulk API 2.0 query: a job that is created once, waited for, and downloaded page by page.

Belongs here: the job's life and its pages. Which query, and what becomes of the rows: `extraction.py`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from alignment_pipeline.connectors.salesforce import bulk_csv
from alignment_pipeline.connectors.salesforce.identifiers import given_id
from alignment_pipeline.connectors.salesforce.session import CLIENT, SalesforceSession
from alignment_pipeline.connectors.salesforce.verdicts import BulkQuotaExhausted, SalesforceRefused
from alignment_pipeline.connectors.transport import Call
from alignment_pipeline.errors import DataLoss, Retryable

PAGE_ROWS = 50_000
_SPOOL_BYTES = 8 << 20
_PAGE_TRIES = 3
_DONE = frozenset({"JobComplete", "Failed", "Aborted"})
# Objects and queries that Bulk does not serve, or a server without Bulk: the caller reads by REST.
_UNSUPPORTED = frozenset({"INVALIDENTITY", "FUNCTIONALITY_NOT_ENABLED", "FEATURENOTENABLED", "API_ERROR", "NOT_FOUND"})


class BulkUnsupported(Exception):
    """Bulk cannot answer this query; REST may."""


@dataclass(frozen=True)
class PollPlan:
    """Seconds between two looks at a job: growing, since each look is a call."""

    first: float = 2.0
    growth: float = 2.0
    longest: float = 30.0
    patience: float = 7200.0


@dataclass
class BulkQuery:
    """Bulk queries of one session."""

    session: SalesforceSession
    polls: PollPlan = field(default_factory=PollPlan)
    page_rows: int = PAGE_ROWS

    def create(self, query: str, *, with_deleted: bool) -> str:
        """Create a job and give its id. An answer lost on the way costs a second job, which harms nobody. BulkUnsupported."""
        body = {
            "operation": "queryAll" if with_deleted else "query",
            "query": query,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        try:
            job = self.session.ask("/jobs/query", "bulk query create", body).json()
        except BulkQuotaExhausted as used_up:
            raise BulkUnsupported(str(used_up)) from used_up
        except SalesforceRefused as refused:
            if refused.code.upper() in _UNSUPPORTED or refused.status in (404, 405):
                raise BulkUnsupported(refused.detail) from refused
            raise
        return given_id(job.get("id"), "bulk query create")

    def status(self, job_id: str) -> dict[str, Any] | None:
        """The job as it is now; None when the server knows it no more (results live 7 days)."""
        try:
            info: dict[str, Any] = self.session.get(f"/jobs/query/{job_id}", "bulk query status").json()
        except SalesforceRefused as refused:
            if refused.status == 404 or refused.code in ("NOT_FOUND", "INVALIDJOB"):
                return None
            raise
        return info

    def wait(self, job_id: str) -> dict[str, Any] | None:
        """Wait until the job has ended and give its last status; None when it is gone. A failed poll never aborts the job.

        SalesforceRefused when it failed (the code stands in its message) or was aborted, Retryable when it takes too long.
        """
        waited, pause = 0.0, self.polls.first
        while True:
            job = self.status(job_id)
            if job is None:
                return None
            state = str(job.get("state"))
            if state in _DONE:
                break
            if waited >= self.polls.patience:
                raise Retryable(f"bulk query {job_id} is still {state} after {waited:.0f} s; the next run takes it up again")
            self.session.clock.sleep(pause)
            waited, pause = waited + pause, min(self.polls.longest, pause * self.polls.growth)
        if state == "Failed":
            detail = str(job.get("errorMessage") or "no message")
            code = next((word for word in detail.replace(":", " ").split() if word.isupper() and "_" in word), "JOB_FAILED")
            raise SalesforceRefused(f"bulk query {job_id} failed: {detail[:500]}", status=200, code=code, detail=detail)
        if state == "Aborted":
            detail = "somebody aborted it"
            raise SalesforceRefused(f"bulk query {job_id}: {detail}", status=200, code="JOB_ABORTED", detail=detail)
        return job

    def rows(self, job_id: str, columns: Sequence[str], *, expected: int | None) -> Iterator[dict[str, str]]:
        """All rows of a finished job, column -> text ("" for null). Each page is whole before its first row is given out.

        DataLoss when a page stays short of the count its header promises, or the pages of the job's.
        """
        locator: str | None = None
        header: list[str] | None = None
        total = 0
        while True:
            with self._page(job_id, locator, header) as (page, following):
                for record in _records(page, header, job_id):
                    if header is None:
                        header = _named(record, columns, job_id)
                        continue
                    total += 1
                    yield dict(zip(header, record, strict=True))
            if following is None:
                break
            if following == locator:
                raise DataLoss(f"bulk query {job_id}: the locator of the next page is the one of this page")
            locator = following
        if expected is not None and total != expected:
            raise DataLoss(f"bulk query {job_id}: the job has {expected} records, its pages hold {total}")

    @contextmanager
    def _page(self, job_id: str, locator: str | None, header: list[str] | None) -> Iterator[tuple[IO[bytes], str | None]]:
        """One verified page in a temporary file, and the locator of the next."""
        params = {"maxRecords": str(self.page_rows)} | ({"locator": locator} if locator else {})
        path = f"{self.session.base}/jobs/query/{job_id}/results"
        call = Call("GET", path, "bulk query results", params, {**CLIENT, "Accept": "text/csv"}, expects_json=False)
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
            problem: DataLoss | None = None
            for _ in range(_PAGE_TRIES):
                answer = self.session.send(call, lambda _: Rewound(spool))
                promised = answer.headers.get("Sforce-NumberOfRecords", "")
                count = int(promised) if promised.isdigit() else None
                try:
                    _verify(spool, header, count, job_id)
                except DataLoss as error:
                    problem = error
                    continue
                following = answer.headers.get("Sforce-Locator") or "null"
                spool.seek(0)
                yield spool, None if following == "null" else following
                return
            raise DataLoss(f"{problem}; the page was fetched {_PAGE_TRIES} times")


class Rewound:
    """A sink that starts the spool again on each try, so that a cut download leaves nothing behind."""

    def __init__(self, spool: Any) -> None:
        self._spool = spool

    def __enter__(self) -> Any:
        self._spool.seek(0)
        self._spool.truncate()
        return self._spool

    def __exit__(self, *_: object) -> None:
        self._spool.flush()


def _records(page: IO[bytes], header: list[str] | None, job_id: str) -> Iterator[list[str]]:
    """Records of a page; a header that later pages repeat is left out (sources disagree on whether they do)."""
    for number, record in enumerate(bulk_csv.rows(page, where=f"bulk query {job_id}")):
        if number == 0 and header is not None and [name.lower() for name in record] == [name.lower() for name in header]:
            continue
        yield record


def _verify(spool: Any, header: list[str] | None, count: int | None, job_id: str) -> None:
    spool.seek(0)
    counted = sum(1 for _ in _records(spool, header, job_id)) - (header is None)
    if counted < 0 or (count is not None and counted != count):
        raise DataLoss(f"bulk query {job_id}: a page holds {max(counted, 0)} records, its header promises {count}")


def _named(record: list[str], columns: Sequence[str], job_id: str) -> list[str]:
    """The page's header in our spelling of the names."""
    ours = {name.lower(): name for name in columns}
    if {name.lower() for name in record} != set(ours):
        raise DataLoss(f"bulk query {job_id}: the page's columns are {record[:5]}..., not the ones asked for")
    return [ours[name.lower()] for name in record]
