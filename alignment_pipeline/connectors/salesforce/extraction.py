"""Reading Salesforce objects into raw rows: everything once, then what changed.

Belongs here: one reading per stream, its report and its next state. What is asked beforehand: `preparation.py`; how a window is
read to its end: `windows.py`; the columns: `contracts/raw.py`. Nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from alignment_pipeline.connectors import streams
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.salesforce import composite, deletes, rest_query, soql
from alignment_pipeline.connectors.salesforce.bulk_query import BulkQuery, BulkUnsupported
from alignment_pipeline.connectors.salesforce.describe import Describer
from alignment_pipeline.connectors.salesforce.identifiers import id18
from alignment_pipeline.connectors.salesforce.preparation import Preparation, Prepared
from alignment_pipeline.connectors.salesforce.selection import Selection, refused_column
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.salesforce.soql import Window
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.connectors.salesforce.windows import TOO_SLOW, WindowReader
from alignment_pipeline.connectors.streams import Job, Reading, StreamReport, StreamState
from alignment_pipeline.connectors.values import canonical, parse_stamp
from alignment_pipeline.contracts.raw import RawStream

LOOKBACK = timedelta(minutes=15)
BULK_ROWS_FROM = 8_000


def _forget(_: StreamState) -> None:
    """No place to keep job ids: a run that dies leaves its jobs unused."""


@dataclass
class SalesforceExtraction:
    """Reads streams of one organisation.

    `states`: object -> state of the last finished reading (or of a died one, with its jobs). `remember` is called with a state
    whose jobs must survive a crash; its watermark is still the old one. `custom_fields`: object -> further API names to read.
    """

    session: SalesforceSession
    states: Mapping[str, StreamState] = field(default_factory=dict)
    remember: Callable[[StreamState], None] = _forget
    custom_fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    lookback: timedelta = LOOKBACK
    bulk_rows_from: int = BULK_ROWS_FROM
    bulk: BulkQuery | None = None
    describer: Describer | None = None

    def __post_init__(self) -> None:
        self.bulk = self.bulk or BulkQuery(self.session)
        self.describer = self.describer or Describer(self.session)

    def readings(self, wanted: Sequence[RawStream]) -> list[Reading]:
        """Prepare all streams together (a few calls) and give one reading each, to be iterated in any order.

        Permanent when a required object or field is missing: nothing is read then.
        """
        assert self.describer is not None
        preparation = Preparation(self.session, self.describer, self.states, self.custom_fields, self.lookback, self.bulk_rows_from)
        prepared = preparation.prepare(wanted)
        for one in prepared:
            self._take_up(one)
            if preparation.goes_by_bulk(one) and one.job is None:
                self._start(one)
        return [Reading(one.stream, _Run(self, one)) for one in prepared]

    def record_counts(self, wanted: Sequence[RawStream]) -> dict[str, int]:
        """Object -> living records now, one call for 25 objects: the census that finds deletions which no log shows."""
        paths = [composite.path_of("/query", {"q": soql.count(stream.object)}) for stream in wanted]
        parts = composite.get_all(self.session, paths, "census")
        return {stream.object: int(part.body["totalSize"]) for stream, part in zip(wanted, parts, strict=True) if part.is_success}

    def record_ids(self, stream: RawStream) -> Iterator[str]:
        """The ids of all living records: what the raw table holds beyond them is gone for good."""
        query = soql.select(stream.object, ("Id",), order_by=("Id",))
        return (id18(str(row["Id"])) for row in rest_query.records(self.session, query, f"census {stream.object}"))

    def reader(self, selection: Selection, note_job: Callable[[Job | None], None]) -> WindowReader:
        """The reader of one selection's windows."""
        assert self.bulk is not None
        return WindowReader(self.session, selection, self.bulk, note_job)

    def note(self, one: Prepared, job: Job | None) -> None:
        """Persist a job before it is waited for; None forgets them all."""
        one.state = replace(streams.with_job(one.state, job), load_end=one.mark) if job is not None else replace(one.state, jobs=())
        self.remember(one.state)

    def _take_up(self, one: Prepared) -> None:
        """Use a job that a died run has left, when it asks the same question from the same start."""
        if one.selection is None:
            return
        reader = self.reader(one.selection, lambda _: None)
        for job in one.state.jobs:
            window = Window(job.start, job.end)
            if job.start == one.window.start and job.fingerprint == reader.fingerprint(window):
                one.job, one.window, one.first = job, window, None
                one.mark = one.state.load_end or one.mark

    def _start(self, one: Prepared) -> None:
        """Create the job of a large stream now, so that the server works on all of them at once."""
        assert one.selection is not None
        try:
            one.job = self.reader(one.selection, lambda job: self.note(one, job)).create_job(one.window)
        except BulkUnsupported as unsupported:
            one.notes.append(f"read by REST, since Bulk does not serve it ({unsupported})"[:200])
        except SalesforceRefused as refused:
            name = refused_column(refused.detail) if refused.code == "INVALID_FIELD" else None
            if name is None:
                raise
            one.selection = one.selection.without(name)
            self._start(one)


@dataclass
class _Run:
    """One reading of one prepared stream."""

    extraction: SalesforceExtraction
    one: Prepared
    living: int = 0

    def __call__(self) -> Iterator[pa.RecordBatch | StreamReport]:
        one, session = self.one, self.extraction.session
        started, calls = session.clock.now(), session.counter.total
        if one.selection is None:
            note = "the object is not there or hidden from the integration user"
            if one.stream.is_history:
                note += ": field history tracking is off, changes are derived from what is observed"
            yield StreamReport(one.stream, one.state, "absent", started, notes=(note,))
            return
        learned = session.clock.now()
        batches = RowBatches(one.stream, known_at=None if one.is_first else learned, fallback=learned)
        seen_deleted: set[str] = set()
        for row in self._rows():
            yield from self._add(batches, row, seen_deleted)
        if one.deleted is not None and one.state.watermark is not None:
            since = one.state.watermark - self.extraction.lookback
            log = deletes.read(one.deleted, one.stream.object, since, one.mark)
            one.notes += [log.note] if log.note else []
            for identity, moment in sorted(log.deleted.items()):
                if identity not in seen_deleted:
                    yield from batches.add(identity, moment, {}, is_deleted=True)
        yield from batches.flush()
        yield self._report(batches, started, session.counter.since(calls))

    def _rows(self) -> Iterator[Mapping[str, Any]]:
        """The rows by the way prepared, which a surprise may still change."""
        one = self.one
        assert one.selection is not None
        reader = self.extraction.reader(one.selection, lambda job: self.extraction.note(one, job))
        if one.job is not None:
            return reader.by_bulk(one.window, one.job)
        part, one.first = one.first, None
        if part is None:
            return reader.by_rest(one.window)
        if part.is_success:
            large = int(part.body.get("totalSize") or 0) >= self.extraction.bulk_rows_from and one.selection.stamp is not None
            if large and not one.notes:
                return self._by_bulk_if_served(reader, part)
            return reader.by_rest(one.window, first=part.body)
        if part.code == "INVALID_FIELD" and (name := refused_column(part.detail)):
            one.selection = one.selection.without(name)
            path = rest_query.path(with_deleted=one.selection.with_deleted)
            query = one.selection.query(one.window, is_ordered=True)
            one.first = composite.get_one(self.extraction.session, composite.path_of(path, {"q": query}), f"query {one.stream.object}")
            return self._rows()
        if part.code in TOO_SLOW:
            return reader.by_rest(one.window)
        raise SalesforceRefused(
            f"query {one.stream.object}: {part.status} {part.code}: {part.detail}", status=part.status, code=part.code, detail=part.detail
        )

    def _by_bulk_if_served(self, reader: WindowReader, part: composite.Part) -> Iterator[Mapping[str, Any]]:
        try:
            self.one.job = reader.create_job(self.one.window)
        except BulkUnsupported as unsupported:
            self.one.notes.append(f"read by REST, since Bulk does not serve it ({unsupported})"[:200])
            return reader.by_rest(self.one.window, first=part.body)
        return reader.by_bulk(self.one.window, self.one.job)

    def _add(self, batches: RowBatches, row: Mapping[str, Any], seen_deleted: set[str]) -> Iterator[pa.RecordBatch]:
        one = self.one
        assert one.selection is not None
        values: dict[str, str | None] = {}
        try:
            for name in one.selection.names:
                values[name] = canonical(row.get(name), one.selection.types[name])
            identity = id18(str(row.get("Id")))
            stamp = values.get(one.selection.stamp) if one.selection.stamp else None
            modified: datetime | None = parse_stamp(stamp) if stamp else None
        except (ValueError, OverflowError) as error:
            readable = {name: value for name, value in values.items() if isinstance(value, str)}
            batches.refuse(row.get("Id"), f"row cannot be read: {error}", readable)
            return
        values["Id"] = identity
        is_deleted = values.get("IsDeleted") == "true"
        # A plain COUNT() leaves archived activities out, as it does deleted records.
        self.living += not is_deleted and values.get("IsArchived") != "true"
        if is_deleted:
            seen_deleted.add(identity)
        custom = {name: values.pop(name) for name in one.selection.custom}
        yield from batches.add(identity, modified, values, custom=custom, is_deleted=is_deleted)

    def _report(self, batches: RowBatches, started: datetime, calls: int) -> StreamReport:
        one = self.one
        assert one.selection is not None
        notes = [*([one.reload] if one.reload else []), *one.notes]
        if one.stream.is_history and one.is_first and batches.rows == 0:
            notes.append("no rows: field history tracking seems to be off, changes are derived from what is observed")
        if one.census is not None and one.census != self.living:
            notes.append(f"census differs: Salesforce counts {one.census} living records, {self.living} were read")
        if one.selection.stamp is None:
            notes.append("no field can carry a watermark: read whole each time")
        state = replace(
            one.state,
            watermark=one.mark,
            jobs=(),
            load_end=None,
            field_types=dict(one.selection.types),
            missing=one.selection.missing,
            described_at=started if one.is_described else one.state.described_at,
        )
        return StreamReport(
            stream=one.stream,
            state=state,
            method="bulk" if one.job is not None else "rest" if batches.rows else "unchanged",
            started_at=started,
            rows=batches.rows,
            deleted=batches.deleted,
            repaired=batches.repaired,
            calls=calls,
            missing_fields=one.selection.missing,
            drift=streams.drift(one.state.field_types, one.selection.types),
            quarantined=tuple(batches.quarantined),
            notes=tuple(notes),
        )


