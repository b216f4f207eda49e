"""Bulk extract jobs: create, queue, process, complete; by the sandbox's clock, within the vendor's limits.

Two jobs run at a time and ten wait, over leads and activities together. What the status endpoint shows moves only at whole
refresh intervals after queueing. The HTTP side is in `export_calls.py`.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import uuid
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from alignment_pipeline.sandbox.faults import Fault
from alignment_pipeline.sandbox.marketo import export_file
from alignment_pipeline.sandbox.marketo.answers import Refusal, iso
from alignment_pipeline.sandbox.marketo.export_file import ExportFile
from alignment_pipeline.sandbox.marketo.export_request import ExportRequest
from alignment_pipeline.sandbox.marketo.records import MarketoRecords
from alignment_pipeline.sandbox.marketo.settings import MEGABYTE
from alignment_pipeline.sandbox.world import World


@dataclass
class Job:
    """One export job of one API user."""

    export_id: str
    user: str
    request: ExportRequest
    created_at: datetime
    queued_at: datetime | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None
    canceled_at: datetime | None = None
    file: ExportFile | None = None
    error: str = ""
    writing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def state_at(self, moment: datetime) -> str:
        """The state the job had at `moment`."""
        if self.canceled_at is not None:
            return "Canceled"
        if self.queued_at is None:
            return "Created"
        if self.due_at is not None and self.due_at <= moment:
            return "Failed" if self.error else "Completed"
        return "Processing" if self.started_at is not None and self.started_at < moment else "Queued"


class Exports:
    """The jobs of a subscription. Methods that end in a wait-free answer take the store's lock; writing a file does not hold it."""

    def __init__(self, store: MarketoRecords) -> None:
        self._store = store
        self._jobs: dict[str, Job] = {}
        self._queue: list[Job] = []
        self._directory = Path(tempfile.mkdtemp(prefix="marketo-exports-"))
        self.close = weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
        self.delay_seconds = 0.0

    def create(self, user: str, request: ExportRequest, now: datetime, *, quota: int) -> Job:
        """A new job in state Created. Raises Refusal 1029 when the day's bytes are used up."""
        self._check_quota(now, quota)
        job = Job(str(uuid.uuid4()), user, request, now)
        self._jobs[job.export_id] = job
        return job

    def enqueue(self, job: Job, now: datetime, *, quota: int) -> None:
        """Queue a created job. Raises Refusal 1029 (queued already, queue full, bytes used up) or 1003."""
        if job.canceled_at is not None:
            raise Refusal("1003", "Invalid data: a cancelled job cannot be queued; create another")
        if job.queued_at is not None:
            raise Refusal("1029", "Job already queued")
        self._check_quota(now, quota)
        waiting = [other for other in self._jobs.values() if other.state_at(now) in ("Queued", "Processing")]
        if len(waiting) >= self._store.settings.exports_queued:
            raise Refusal("1029", "Too many jobs in queue")
        job.queued_at = now
        self._queue.append(job)

    def cancel(self, job: Job, now: datetime) -> None:
        """Cancel a job that has not ended. Raises Refusal 1003."""
        if job.state_at(now) in ("Completed", "Failed", "Canceled"):
            raise Refusal("1003", f"Invalid data: the job is {job.state_at(now)}")
        job.canceled_at = now

    def job(self, export_id: str, kind: str, user: str, now: datetime) -> Job | None:
        """A job of this user; None when there is none, or it is too old or another's."""
        job = self._jobs.get(export_id)
        if job is None or job.user != user or job.request.kind != kind:
            return None
        return None if now - job.created_at > timedelta(days=self._store.settings.job_days) else job

    def jobs(self, kind: str, user: str, now: datetime) -> list[Job]:
        """This user's jobs of the last seven days, oldest first."""
        recent = now - timedelta(days=self._store.settings.file_days)
        return [job for job in self._jobs.values() if job.user == user and job.request.kind == kind and job.created_at >= recent]

    def run(self, now: datetime, world: World) -> None:
        """Bring the queue up to `now` and write the files that are due. Call it without the store's lock."""
        with self._store.lock:
            due = self._schedule(now)
        for job in due:
            with job.writing:
                if job.file is None and not job.error:
                    self._finish(job, now, world)

    def _schedule(self, now: datetime) -> Sequence[Job]:
        """Give queued jobs their start and end; returns those whose file is to be written."""
        settings = self._store.settings
        free = [datetime.min.replace(tzinfo=now.tzinfo)] * settings.exports_running
        due: list[Job] = []
        length = timedelta(seconds=settings.export_seconds + self.delay_seconds)
        for job in self._queue:
            queued_at = job.queued_at or now
            if job.canceled_at is not None and job.started_at is None:
                continue
            place = free.index(min(free))
            start = job.started_at or max(queued_at, free[place])
            if start > now:
                continue
            job.started_at = start
            job.due_at = job.due_at or start + length
            free[place] = min(job.due_at, job.canceled_at) if job.canceled_at is not None else job.due_at
            if job.due_at <= now and job.canceled_at is None and job.file is None and not job.error:
                due.append(job)
        return due

    def _finish(self, job: Job, now: datetime, world: World) -> None:
        path = f"/bulk/v1/{job.request.kind}/export/{job.export_id}"
        fault: Fault | None = world.faults.fire("bulk_job_fails", system="marketo", path=path)
        if fault is not None:
            job.error = str(fault.options.get("message", "Export failed"))
            return
        target = self._directory / f"{job.export_id}.csv"
        job.file = export_file.write(job.request, self._store, target, now=int(now.timestamp()))

    def bytes_used(self, now: datetime) -> int:
        """Bytes of the files finished on this day of the subscription's zone."""
        limits = self._store.limits
        today = limits.day(now)
        return sum(job.file.size for job in self._jobs.values() if job.file and job.due_at and limits.day(job.due_at) == today)

    def _check_quota(self, now: datetime, quota: int) -> None:
        if self.bytes_used(now) >= quota:
            raise Refusal("1029", f"Export daily quota {max(1, quota // MEGABYTE)}MB exceeded.")

    def shown_state(self, job: Job, now: datetime) -> str:
        """The state as of the last refresh."""
        if job.queued_at is None:
            return job.state_at(now)
        every = timedelta(seconds=self._store.settings.export_refresh_seconds)
        refreshed = job.queued_at + every * ((now - job.queued_at) // every)
        return job.state_at(refreshed)

    def shown(self, job: Job, now: datetime) -> dict[str, object]:
        """The job as status answers show it."""
        state = self.shown_state(job, now)
        entry: dict[str, object] = {"exportId": job.export_id, "format": job.request.format, "status": state}
        entry["createdAt"] = iso(job.created_at)
        if job.queued_at is not None:
            entry["queuedAt"] = iso(job.queued_at)
        if job.started_at is not None and state in ("Processing", "Completed", "Failed"):
            entry["startedAt"] = iso(job.started_at)
        if job.due_at is not None and state in ("Completed", "Failed"):
            entry["finishedAt"] = iso(job.due_at)
        if state == "Completed" and job.file is not None:
            entry |= {"numberOfRecords": job.file.rows, "fileSize": job.file.size, "fileChecksum": job.file.checksum}
        if state == "Failed":
            entry["errorMsg"] = job.error
        return entry

    def readable_file(self, job: Job, now: datetime) -> ExportFile | None:
        """The file of a job that shows Completed, while it is kept."""
        if self.shown_state(job, now) != "Completed" or job.due_at is None:
            return None
        return None if now - job.due_at > timedelta(days=self._store.settings.file_days) else job.file
