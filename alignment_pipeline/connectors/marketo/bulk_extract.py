"""Bulk extract: jobs that are created, queued, polled once a minute and fetched as one CSV file each.

Belongs here: the life of many jobs in the vendor's queue of ten. The file itself is `bulk_file.py`; which windows: `extraction.py`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from alignment_pipeline.connectors.marketo import bulk_file
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.marketo.verdicts import MarketoRefused
from alignment_pipeline.connectors.streams import Job
from alignment_pipeline.errors import Retryable

LONGEST_WINDOW = timedelta(days=31)
Entity = Literal["leads", "activities"]
_POLL_SECONDS = 60.0
_PATIENCE = timedelta(hours=6)
_ENDED_BADLY = frozenset({"Failed", "Canceled", "Cancelled"})
_ENDED = _ENDED_BADLY | {"Completed"}
_MOST_ATTEMPTS = 3
#: It becomes part of a path; Marketo's are UUIDs.
_EXPORT_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_UNKNOWN_JOB = frozenset({"1001", "1003", "1004", "1013"})


@dataclass(frozen=True)
class Request:
    """What is extracted in each window: the entity, its columns, the date filter and further filters."""

    entity: Entity
    columns: tuple[str, ...]
    date_filter: Literal["createdAt", "updatedAt"]
    filters: Mapping[str, Any] = field(default_factory=dict)

    def body(self, start: datetime, end: datetime) -> dict[str, Any]:
        """The job's definition for a window; moments without fractions of a second."""
        window = {"startAt": _moment(start), "endAt": _moment(end)}
        return {"fields": list(self.columns), "format": "CSV", "filter": {self.date_filter: window, **self.filters}}

    def fingerprint(self, start: datetime, end: datetime) -> str:
        """Of the question, so that a job of another one is never taken up."""
        return sha256(f"{self.entity}|{sorted(self.body(start, end).items())}".encode()).hexdigest()[:24]


def windows_back(end: datetime, earliest: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Whole 31-day windows from `end` backwards until `earliest` lies inside, newest first: the same ones for the same `end`."""
    while end > earliest:
        yield end - LONGEST_WINDOW, end
        end -= LONGEST_WINDOW


def windows(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """[start, end) in pieces of at most 31 days, whole seconds, oldest first."""
    spans, begin = [], start.replace(microsecond=0)
    while begin < end:
        following = min(begin + LONGEST_WINDOW, end)
        spans.append((begin, following))
        begin = following
    return spans


@dataclass
class _Queued:
    """A job in the vendor's hands."""

    job: Job
    is_queued: bool
    look_at: datetime
    since: datetime
    attempts: int = 1


@dataclass
class BulkExtract:
    """Extracts windows of one request. `note_jobs` is told the ids of all living jobs whenever they change.

    `most_jobs` stays below the queue's ten places, which all entities and all integrations share.
    """

    session: MarketoSession
    request: Request
    note_jobs: Callable[[Sequence[Job]], None]
    most_jobs: int = 8
    _jobs: dict[tuple[datetime, datetime], Job] = field(default_factory=dict, repr=False)
    _seen: dict[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    _looked_at: datetime | None = field(default=None, repr=False)
    _lists: bool = True

    def rows(self, wanted: Sequence[tuple[datetime, datetime]], known: Sequence[Job] = ()) -> Iterator[dict[str, str | None]]:
        """All rows of all windows, window by window. `known`: jobs of an earlier run to take up again.

        QuotaExhausted leaves the finished jobs noted, so that the next day's run fetches their files and goes on.
        """
        earlier = {(job.start, job.end): job for job in known}
        waiting = deque(wanted)
        active: deque[_Queued] = deque()
        full_since = self.session.clock.now()
        for window in wanted:
            job = earlier.get(window)
            if job is not None and job.fingerprint == self.request.fingerprint(*window):
                self._jobs[window] = job
        while waiting or active:
            while waiting and len(active) < self.most_jobs:
                queued = self._begin(waiting[0])
                if queued is None:
                    break
                waiting.popleft()
                active.append(queued)
                full_since = queued.since
            if not active:
                if self.session.clock.now() - full_since > _PATIENCE:
                    raise Retryable(f"bulk {self.request.entity}: the subscription's export queue stays full; the next run goes on")
                self.session.clock.sleep(_POLL_SECONDS)
                continue
            head = active.popleft()
            status = self._finished(head)
            if status is None:
                again = self._restart(head)
                active.appendleft(again)
                continue
            yield from bulk_file.rows(self.session, self._path(head.job.job_id, "file"), status, self.request.columns)

    def _begin(self, window: tuple[datetime, datetime]) -> _Queued | None:
        """Create and queue a window's job, or take up its earlier one. None when the vendor's queue is full."""
        now = self.session.clock.now()
        job = self._jobs.get(window)
        if job is not None:
            status = self._seen.get(job.job_id) or self._look(job.job_id)
            state = str(status.get("status")) if status else "Failed"
            if state in ("Queued", "Processing", "Completed"):
                return _Queued(job, True, now, now)
            if state != "Created":
                job = None
        if job is None:
            job = self._create(window)
        if not self._enqueue(job.job_id):
            return None
        return _Queued(job, True, now + timedelta(seconds=_POLL_SECONDS), now)

    def _create(self, window: tuple[datetime, datetime]) -> Job:
        endpoint = f"bulk {self.request.entity} create"
        body = self.session.post(self._path(None, "create"), endpoint, self.request.body(*window), is_repeatable=True)
        identity = str(_first(body).get("exportId") or "")
        if not _EXPORT_ID.fullmatch(identity):
            raise Retryable(f"{endpoint}: the answer holds no job's id; it was not used")
        job = Job(identity, self.request.fingerprint(*window), *window)
        self._jobs[window] = job
        self.note_jobs(tuple(self._jobs.values()))
        return job

    def _enqueue(self, job_id: str) -> bool:
        """Queue a created job. False when the queue is full (1029); a job queued already (1029 as well) is fine."""
        try:
            self.session.post(self._path(job_id, "enqueue"), f"bulk {self.request.entity} enqueue", {}, is_repeatable=True)
        except MarketoRefused as refused:
            if refused.code != "1029":
                raise
            return "already" in refused.detail.lower()
        return True

    def _finished(self, queued: _Queued) -> Mapping[str, Any] | None:
        """Wait for a job, a look a minute. Its last status when it is complete, None when it has failed or is missing."""
        clock = self.session.clock
        while True:
            status = self._seen.get(queued.job.job_id)
            if status is None or str(status.get("status")) not in _ENDED:
                clock.sleep((max(queued.look_at, self._looked_at or queued.look_at) - clock.now()).total_seconds())
                status = self._look(queued.job.job_id)
                queued.look_at = clock.now() + timedelta(seconds=_POLL_SECONDS)
            state = str(status.get("status")) if status else "Failed"
            if status is not None and state == "Completed":
                return status
            if state in _ENDED_BADLY:
                return None
            if clock.now() - queued.since > _PATIENCE:
                raise Retryable(f"bulk {self.request.entity} {queued.job.job_id} is still {state}; the next run takes it up again")

    def _look(self, job_id: str) -> Mapping[str, Any] | None:
        """A job's status now. One listing shows all jobs of the week, so that many windows cost one call a minute."""
        if self._lists:
            listed = self._listing()
            self._looked_at = self.session.clock.now() + timedelta(seconds=_POLL_SECONDS)
            self._seen = {str(job.get("exportId")): job for job in listed if _is_complete_answer(job)}
            if job_id in self._seen:
                return self._seen[job_id]
        status = self._status(job_id)
        if status is not None:
            self._seen[job_id] = status
        return status

    def _listing(self) -> list[Mapping[str, Any]]:
        """This API user's jobs of the last week; nothing, from then on, where the subscription does not list them."""
        jobs: list[Mapping[str, Any]] = []
        params = {"batchSize": "300"}
        while True:
            try:
                body = self.session.get(f"/bulk/v1/{self.request.entity}/export.json", f"bulk {self.request.entity} jobs", params)
            except MarketoRefused:
                self._lists = False
                return []
            jobs += [job for job in body.get("result") or () if isinstance(job, Mapping)]
            token = str(body.get("nextPageToken") or "")
            if not token or token == params.get("nextPageToken"):
                return jobs
            params = {"batchSize": "300", "nextPageToken": token}

    def _restart(self, queued: _Queued) -> _Queued:
        """A job that failed or was cancelled is created again (it cannot be queued again), a few times."""
        if queued.attempts >= _MOST_ATTEMPTS:
            raise Retryable(f"bulk {self.request.entity}: {queued.attempts} jobs for one window failed or were cancelled")
        window = (queued.job.start, queued.job.end)
        assert window[0] is not None and window[1] is not None
        job = self._create((window[0], window[1]))
        while not self._enqueue(job.job_id):
            self.session.clock.sleep(_POLL_SECONDS)
        now = self.session.clock.now()
        return _Queued(job, True, now + timedelta(seconds=_POLL_SECONDS), now, queued.attempts + 1)

    def _status(self, job_id: str) -> Mapping[str, Any] | None:
        """The job as it is now; None when the subscription knows it no more."""
        try:
            body = self.session.get(self._path(job_id, "status"), f"bulk {self.request.entity} status")
        except MarketoRefused as refused:
            if refused.status == 404 or refused.code in _UNKNOWN_JOB:
                return None
            raise
        return _first(body)

    def _path(self, job_id: str | None, action: str) -> str:
        middle = f"/{job_id}" if job_id else ""
        return f"/bulk/v1/{self.request.entity}/export{middle}/{action}.json"


def _is_complete_answer(job: Mapping[str, Any]) -> bool:
    """A completed job's listing must hold what proves its file; otherwise its own status is asked."""
    return job.get("status") != "Completed" or (job.get("fileSize") is not None and job.get("fileChecksum") is not None)


def _first(body: Mapping[str, Any]) -> Mapping[str, Any]:
    results = body.get("result") or ()
    if not results or not isinstance(results[0], Mapping):
        raise Retryable("bulk extract: the answer holds no job")
    return results[0]


def _moment(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")
