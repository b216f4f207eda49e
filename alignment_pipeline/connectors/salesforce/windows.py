"""All rows of a window, whatever it takes: restarts after a lost locator, halves after a time-out, keyset pages inside a second.

Belongs here: one object's rows between two stamps, by REST or by Bulk, each once. Which window: `extraction.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from alignment_pipeline.connectors.answers import JSON
from alignment_pipeline.connectors.salesforce import rest_query, soql
from alignment_pipeline.connectors.salesforce.bulk_query import BulkQuery, BulkUnsupported
from alignment_pipeline.connectors.salesforce.identifiers import is_id
from alignment_pipeline.connectors.salesforce.selection import Selection
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.salesforce.soql import Window
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.connectors.streams import Job
from alignment_pipeline.connectors.values import parse_stamp
from alignment_pipeline.errors import DataLoss, Permanent, Retryable

Row = Mapping[str, Any]
TOO_SLOW = frozenset({"QUERY_TIMEOUT", "OPERATION_TOO_LARGE", "EXCEEDED_ID_LIMIT", "QUERY_TOO_COMPLICATED", "REQUEST_RUNNING_TOO_LONG"})
LOST_LOCATOR = frozenset({"INVALID_QUERY_LOCATOR", "INVALID_LOCATOR"})
_SECOND = timedelta(seconds=1)
_KEYSET_ROWS = 2_000
_MOST_RESTARTS = 5
# Salesforce was founded in 1999: nothing can be stamped earlier.
_BEGINNING = datetime(1999, 1, 1, tzinfo=UTC)


@dataclass
class _Progress:
    """How far a window has been read, so that a restart neither loses nor repeats a row.

    SOQL compares whole seconds, so a restart begins at the last row's second and skips the ids of that second already given.
    """

    second: datetime | None = None
    ids: set[str] = field(default_factory=set)
    rows: int = 0

    def is_new(self, row: Row, stamp: str | None) -> bool:
        """Note a row; False when it was given before."""
        identity = row.get("Id")
        if not is_id(identity):
            # Put aside later, each of them: without an id nothing can be said to be the same.
            self.rows += 1
            return True
        identity = str(identity)
        moment = _second(row.get(stamp)) if stamp else None
        if moment != self.second:
            self.second, self.ids = moment, set()
        elif identity in self.ids:
            return False
        self.ids.add(identity)
        self.rows += 1
        return True

    def remainder(self, window: Window) -> Window:
        """The window from the last row's second on."""
        if self.second is None or (window.start is not None and window.start > self.second):
            return window
        return Window(self.second, window.end)


@dataclass
class WindowReader:
    """Reads windows of one selection. `note_job` is told of every Bulk job before it is waited for, and of None when none is worth
    taking up again."""

    session: SalesforceSession
    selection: Selection
    bulk: BulkQuery
    note_job: Callable[[Job | None], None]

    def by_rest(self, window: Window, first: JSON | None = None) -> Iterator[Row]:
        """Rows in the order of the stamp, then the id. `first`: the first page, when it was fetched already."""
        pending, stamp, progress = [window], self.selection.stamp, _Progress()
        while pending:
            part = pending.pop()
            try:
                yield from self._restarted(part, progress, first)
            except SalesforceRefused as refused:
                if refused.code not in TOO_SLOW or stamp is None:
                    raise
                rest = progress.remainder(part)
                if _is_narrow(rest):
                    yield from (row for row in self._keyset(rest) if progress.is_new(row, stamp))
                else:
                    pending += reversed(self._halves(rest))
            first = None

    def by_bulk(self, window: Window, job: Job | None = None) -> Iterator[Row]:
        """Rows in no order. `job`: one to take up again; a missing one is replaced."""
        pending: list[tuple[Window, Job | None]] = [(window, job)]
        while pending:
            part, known = pending.pop()
            try:
                yield from self._job_rows(part, known)
            except BulkUnsupported:
                # no job could be made, so no row of this part was given out
                yield from self.by_rest(part)
            except SalesforceRefused as refused:
                if refused.code not in TOO_SLOW or self.selection.stamp is None:
                    raise
                if _is_narrow(part):
                    yield from self._keyset(part)
                else:
                    pending += [(half, None) for half in reversed(self._halves(part))]

    def create_job(self, window: Window) -> Job:
        """Create the Bulk job of a window and note it. BulkUnsupported when it must go by REST."""
        query = self.selection.query(window, is_ordered=False)
        identity = self.bulk.create(query, with_deleted=self.selection.with_deleted)
        job = Job(identity, self.fingerprint(window), window.start, window.end)
        self.note_job(job)
        return job

    def fingerprint(self, window: Window) -> str:
        """Of the query and its kind: a job of another question is never taken up."""
        query = self.selection.query(window, is_ordered=False)
        return sha256(f"{self.selection.with_deleted}|{query}".encode()).hexdigest()[:24]

    def _job_rows(self, window: Window, known: Job | None) -> Iterator[Row]:
        """Rows of one job. A known job that failed, was aborted or is missing is replaced once."""
        job = known
        status: Mapping[str, Any] | None = None
        if job is not None:
            try:
                status = self.bulk.wait(job.job_id)
            except SalesforceRefused as refused:
                if refused.code in TOO_SLOW:
                    raise
        if job is None or status is None:
            job = self.create_job(window)
            status = self._ended(job)
        expected = status.get("numberRecordsProcessed")
        try:
            yield from self.bulk.rows(job.job_id, self.selection.names, expected=int(expected) if expected is not None else None)
        except (DataLoss, SalesforceRefused):
            self.note_job(None)
            raise

    def _ended(self, job: Job) -> Mapping[str, Any]:
        """The last status of a fresh job. A failed one is removed, so that the next run does not take it up."""
        try:
            status = self.bulk.wait(job.job_id)
        except SalesforceRefused:
            self.note_job(None)
            raise
        if status is None:
            self.note_job(None)
            raise Retryable(f"bulk query {job.job_id} disappeared while it was waited for")
        return status

    def _restarted(self, window: Window, progress: _Progress, first: JSON | None) -> Iterator[Row]:
        """A window by REST, begun again from the last second when the locator has expired on the server."""
        stamp, restarts = self.selection.stamp, 0
        while True:
            before = progress.rows
            query = self.selection.query(progress.remainder(window), is_ordered=True)
            try:
                for row in self._records(query, first):
                    if progress.is_new(row, stamp):
                        yield row
            except SalesforceRefused as refused:
                if refused.code not in LOST_LOCATOR:
                    raise
                restarts = 0 if progress.rows > before else restarts + 1
                if restarts >= _MOST_RESTARTS:
                    raise Retryable(f"{self.selection.stream.object}: the server forgets its query locator again and again") from refused
                first = None
                continue
            return

    def _keyset(self, window: Window) -> Iterator[Row]:
        """A window too slow for one query, in short pages by id."""
        last = ""
        while True:
            where = [*window.where(self.selection.stamp or "Id"), *([soql.after("Id", last)] if last else [])]
            query = soql.select(self.selection.stream.object, self.selection.names, where=where, order_by=("Id",), limit=_KEYSET_ROWS)
            try:
                page = list(self._records(query))
            except SalesforceRefused as refused:
                if refused.code not in TOO_SLOW:
                    raise
                raise Retryable(f"{self.selection.stream.object}: even {_KEYSET_ROWS} rows of one second time out") from refused
            if not page:
                return
            yield from page
            following = str(page[-1]["Id"])
            if following <= last:
                raise Permanent(f"{self.selection.stream.object}: the server's pages by id make no progress at {last}")
            last = following

    def _halves(self, window: Window) -> list[Window]:
        start = window.start or self._earliest(window)
        end = window.end or self.session.latest_now + _SECOND
        middle = (start + (end - start) / 2).replace(microsecond=0)
        if middle <= start or middle >= end:
            middle = start + _SECOND
        return [Window(start, middle), Window(middle, end)]

    def _records(self, query: str, first: JSON | None = None) -> Iterator[Row]:
        endpoint = f"query {self.selection.stream.object}"
        return rest_query.records(self.session, query, endpoint, with_deleted=self.selection.with_deleted, first=first)

    def _earliest(self, window: Window) -> datetime:
        """The first stamp there is: one short query instead of thirty halvings of empty years."""
        stamp = self.selection.stamp or "SystemModstamp"
        query = soql.select(self.selection.stream.object, (stamp,), where=window.where(stamp), order_by=(stamp,), limit=1)
        try:
            rows = list(self._records(query))
        except SalesforceRefused as refused:
            if refused.code not in TOO_SLOW:
                raise
            return _BEGINNING
        return (_second(rows[0].get(stamp)) if rows else None) or _BEGINNING


def _is_narrow(window: Window) -> bool:
    return window.start is not None and window.end is not None and window.end - window.start <= _SECOND


def _second(text: Any) -> datetime | None:
    try:
        return parse_stamp(str(text)).replace(microsecond=0) if text else None
    except (ValueError, OverflowError):
        return None
