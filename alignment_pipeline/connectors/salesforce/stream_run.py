"""One reading of one prepared stream: its rows by the way prepared, what was deleted, and the report.

Belongs here: from vendor rows to raw rows. What is asked beforehand: `preparation.py`; how a window is read to its end:
`windows.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from alignment_pipeline.connectors import streams
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.salesforce import composite, deletes, rest_query, soql
from alignment_pipeline.connectors.salesforce.identifiers import id18
from alignment_pipeline.connectors.salesforce.preparation import Prepared
from alignment_pipeline.connectors.salesforce.selection import refused_column
from alignment_pipeline.connectors.salesforce.source import SalesforceSource
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.connectors.salesforce.windows import TOO_SLOW
from alignment_pipeline.connectors.streams import StreamReport
from alignment_pipeline.connectors.values import canonical, parse_stamp


@dataclass
class StreamRun:
    """One reading of one prepared stream."""

    source: SalesforceSource
    one: Prepared
    living: int = 0

    def __call__(self) -> Iterator[pa.RecordBatch | StreamReport]:
        one, session = self.one, self.source.session
        started, calls = session.clock.now(), session.counter.total
        if one.selection is None:
            note = one.stream.if_absent or "the object is not there or hidden from the integration user"
            if one.stream.is_history:
                note += ": field history tracking is off, changes are derived from what is observed"
            yield StreamReport(one.stream, one.state, "absent", started, notes=(note,))
            return
        learned = session.clock.now()
        batches = RowBatches(one.stream, known_at=None if one.is_first else learned, fallback=learned)
        seen_deleted: set[str] = set()
        for row in self._rows():
            yield from self._add(batches, row, seen_deleted)
        yield from self._vanished(batches, seen_deleted)
        yield from batches.flush()
        yield self._report(batches, started, session.counter.since(calls))

    def _vanished(self, batches: RowBatches, seen_deleted: set[str]) -> Iterator[pa.RecordBatch]:
        """What the delete log names and the window did not bring: rows that are still in the recycle bin, tombstones for the rest.

        The log counts whole minutes and its stamps may differ from the records', so its ids are looked up before they are buried.
        """
        one = self.one
        if one.deleted is None or one.state.watermark is None or one.selection is None:
            return
        log = deletes.read(one.deleted, one.stream.object, one.state.watermark - self.source.lookback, one.mark)
        one.notes += [log.note] if log.note else []
        left = sorted(set(log.deleted) - seen_deleted)
        for first in range(0, len(left), soql.MOST_IDS):
            where = [soql.ids_among("Id", left[first : first + soql.MOST_IDS])]
            query = soql.select(one.stream.object, one.selection.names, where=where)
            for row in rest_query.records(self.source.session, query, f"deleted {one.stream.object}", with_deleted=True):
                seen_deleted.add(id18(str(row.get("Id"))))
                yield from self._add(batches, row, seen_deleted)
        for identity in left:
            if identity not in seen_deleted:
                yield from batches.add(identity, log.deleted[identity], {}, is_deleted=True)

    def _rows(self) -> Iterator[Mapping[str, Any]]:
        """The rows by the way prepared, which a surprise may still change."""
        one = self.one
        assert one.selection is not None
        reader = self.source.reader(one.selection, lambda job: self.source.note(one, job))
        if one.job is not None:
            return reader.by_bulk(one.window, one.job)
        part, one.first = one.first, None
        if part is None:
            return reader.by_rest(one.window)
        if part.is_success:
            return reader.by_rest(one.window, first=part.body)
        if part.code == "INVALID_FIELD" and (name := refused_column(part.detail)):
            one.selection = one.selection.without(name)
            path = rest_query.path(with_deleted=one.selection.with_deleted)
            query = one.selection.query(one.window, is_ordered=True)
            one.first = composite.get_one(self.source.session, composite.path_of(path, {"q": query}), f"query {one.stream.object}")
            return self._rows()
        if part.code in TOO_SLOW:
            return reader.by_rest(one.window)
        raise SalesforceRefused(
            f"query {one.stream.object}: {part.status} {part.code}: {part.detail}", status=part.status, code=part.code, detail=part.detail
        )

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
        if one.selection.calculated:
            names = ", ".join(one.selection.calculated)
            notes.append(f"formula fields ({names}) are as old as their record's last change")
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
