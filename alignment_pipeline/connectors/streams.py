"""What reading a stream takes and gives: its state between runs, and the report of one reading.

Belongs here: plain values that the wiring stores as JSON. How a vendor's stream is read: `salesforce/extraction.py`,
`marketo/extraction.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.errors import ConfigurationError

LEFT_OUT = "left out"


@dataclass(frozen=True)
class Job:
    """A job that the vendor runs for us: its window, its id, and a fingerprint of what was asked."""

    job_id: str
    fingerprint: str
    start: datetime | None
    end: datetime | None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"job_id": self.job_id, "fingerprint": self.fingerprint, "start": _text(self.start), "end": _text(self.end)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Job:
        """From `to_json`."""
        return cls(str(body["job_id"]), str(body["fingerprint"]), _moment(body.get("start")), _moment(body.get("end")))


@dataclass(frozen=True)
class StreamState:
    """What must survive between two runs of one stream.

    `watermark`: everything stamped before it (on the server's clock) has been read; None before the first full load.
    `jobs`: running or finished vendor jobs to take up again. `field_types`: types seen last, to notice drift.
    `missing` and `described_at`: what could not be seen, and when the vendor was last asked what can be.
    `living` and `counted_at`: how many records the vendor had last, and when all of its ids were last read.
    `positions`: how far each part of the stream was read, by its id; `unfinished` are parts that the next run goes on with.
    `swept_at`: when late rows were last looked for over the long overlap. `rows_per_day`: arrivals, to choose the way of reading.
    """

    stream: str
    watermark: datetime | None = None
    jobs: tuple[Job, ...] = ()
    field_types: Mapping[str, str] = field(default_factory=dict)
    swept_at: datetime | None = None
    rows_per_day: float | None = None
    load_end: datetime | None = None
    missing: tuple[str, ...] = ()
    described_at: datetime | None = None
    living: int | None = None
    counted_at: datetime | None = None
    positions: Mapping[str, str] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "stream": self.stream,
            "watermark": _text(self.watermark),
            "jobs": [job.to_json() for job in self.jobs],
            "field_types": dict(self.field_types),
            "swept_at": _text(self.swept_at),
            "rows_per_day": self.rows_per_day,
            "load_end": _text(self.load_end),
            "missing": list(self.missing),
            "described_at": _text(self.described_at),
            "living": self.living,
            "counted_at": _text(self.counted_at),
            "positions": dict(self.positions),
            "unfinished": list(self.unfinished),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> StreamState:
        """From `to_json`. ConfigurationError when the stored state is damaged."""
        try:
            return cls(
                stream=str(body["stream"]),
                watermark=_moment(body.get("watermark")),
                jobs=tuple(Job.from_json(job) for job in body.get("jobs") or ()),
                field_types={str(name): str(kind) for name, kind in (body.get("field_types") or {}).items()},
                swept_at=_moment(body.get("swept_at")),
                rows_per_day=None if body.get("rows_per_day") is None else float(body["rows_per_day"]),
                load_end=_moment(body.get("load_end")),
                missing=tuple(str(name) for name in body.get("missing") or ()),
                described_at=_moment(body.get("described_at")),
                living=None if body.get("living") is None else int(body["living"]),
                counted_at=_moment(body.get("counted_at")),
                positions={str(name): str(text) for name, text in (body.get("positions") or {}).items()},
                unfinished=tuple(str(name) for name in body.get("unfinished") or ()),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigurationError(f"The stored state of a stream cannot be read ({error}); remove it to load everything") from error


@dataclass(frozen=True)
class Quarantined:
    """A row that could not become a raw row, and why. Its values are not kept, only their hash."""

    stream: str
    record_id: str
    reason: str
    row_hash: str


@dataclass(frozen=True)
class StreamReport:
    """What one reading did. Counts are of rows; `calls` is what the stream alone cost (shared calls are in the counter).

    `method` is bulk, rest, unchanged (asked, nothing new) absent (the object is not there for this user) or
    left out (the agreement does not ask for it).
    `missing_fields`: optional ones this user cannot see. `drift`: fields that appeared, disappeared or changed type since last time.
    `census`: the ids of all living records, where they were read; a record that is not among them is gone for good.
    """

    stream: RawStream
    state: StreamState
    method: str
    started_at: datetime
    rows: int = 0
    deleted: int = 0
    repaired: int = 0
    calls: int = 0
    missing_fields: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    notes: tuple[str, ...] = ()
    census: frozenset[str] | None = None

    @property
    def note(self) -> str | None:
        """The notes as one line for a person."""
        return "; ".join((*self.notes, *self.drift)) or None


class Reading:
    """One stream being read: iterate it to get record batches in the raw table's schema, then ask for the report.

    A reading that fails raises; it never ends early as if there were no more rows. Batches of a failed reading must not be kept.
    """

    def __init__(self, stream: RawStream, run: Callable[[], Iterator[pa.RecordBatch | StreamReport]]) -> None:
        self.stream = stream
        self._run = run
        self._report: StreamReport | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for item in self._run():
            if isinstance(item, StreamReport):
                self._report = item
            else:
                yield item

    @property
    def report(self) -> StreamReport:
        """The report of the finished reading. RuntimeError before its end."""
        if self._report is None:
            raise RuntimeError(f"{self.stream.object}: the reading has not ended, so there is nothing to report yet")
        return self._report


def left_out(stream: RawStream, now: Callable[[], datetime]) -> Reading:
    """The reading of a stream that the agreement does not ask for: no call is made."""

    def run() -> Iterator[pa.RecordBatch | StreamReport]:
        note = f"not asked for: crm.{stream.only_with} of the agreement is empty"
        yield StreamReport(stream, StreamState(stream.object), LEFT_OUT, now(), notes=(note,))

    return Reading(stream, run)


def with_job(state: StreamState, job: Job) -> StreamState:
    """The state with that job in place of any of the same window."""
    others = tuple(one for one in state.jobs if (one.start, one.end) != (job.start, job.end))
    return replace(state, jobs=(*others, job))


def drift(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """What changed between two field -> type maps, in words. Nothing when there was no earlier map."""
    if not before:
        return ()
    gone = [f"field {name} is gone (removed, or hidden from this user)" for name in sorted(set(before) - set(now))]
    new = [f"field {name} appeared" for name in sorted(set(now) - set(before))]
    changed = [f"field {name} was {before[name]}, is {now[name]}" for name in sorted(now) if name in before and before[name] != now[name]]
    return (*gone, *new, *changed)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
