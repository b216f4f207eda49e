"""Reading objects: all of them by list at first, then what search says has changed; archived and merged ones as tombstones.

Belongs here: one pass over an object, which gives its rows and the history of its properties, and the rows of the object. Those of the
history: `history_extraction.py`. The calls: `objects.py`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import IO, Any

import pyarrow as pa

from alignment_pipeline.connectors import streams
from alignment_pipeline.connectors.hubspot import associations, describe, objects
from alignment_pipeline.connectors.hubspot.crm_ids import crm_id
from alignment_pipeline.connectors.hubspot.describe import Selection
from alignment_pipeline.connectors.hubspot.objects import Record
from alignment_pipeline.connectors.hubspot.runs import DAY, HubSpotSource, Run
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.values import canonical, parse_stamp
from alignment_pipeline.contracts.systems.hubspot import CRM_CONTACT, MERGED_INTO
from alignment_pipeline.contracts.systems.system import RawStream

#: Objects whose records people may have deleted for good, and how often all of their ids are read.
_ERASABLE, _CENSUS = frozenset({"contacts"}), 7 * DAY
_LINKS = {"contactIds": "contacts", "companyIds": "companies", "dealIds": "deals"}


@dataclass
class Pass:
    """One pass over an object, made once a run for the stream of its records and for that of its history.

    `history`: properties whose history is read. `readers`: the other streams that read this pass. What came is kept in a file, so that
    these cost no call.
    """

    source: HubSpotSource
    stream: RawStream
    history: Sequence[str] = ()
    readers: Sequence[str] = ()
    selection: Selection | None = None
    _spool: IO[str] | None = field(default=None, repr=False)
    census: frozenset[str] | None = None
    _gone: list[tuple[str, str]] | None = field(default=None, repr=False)

    def records(self) -> Iterator[Record]:
        """The records: from HubSpot the first time, from the file after that. A pass that failed is made again."""
        if self._spool is not None:
            self._spool.seek(0)
            yield from (json.loads(line) for line in self._spool)
            return
        spool = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - it lives as long as the pass, and goes with it
        for record in self._read():
            spool.write(json.dumps(record, ensure_ascii=True, default=str) + "\n")
            yield record
        self._spool = spool

    def archived(self) -> list[tuple[str, str]]:
        """Ids of archived records with the moment, asked for once a run: no search finds them, and their list has no filter by time."""
        if self._gone is None:
            listed = objects.listed(self.source.session, self.stream.object, (), is_archived=True)
            self._gone = [(str(record["id"]), str(record.get("archivedAt") or record.get("updatedAt"))) for record in listed]
        return self._gone

    @property
    def chosen(self) -> Selection:
        """The properties that are read, asked for once."""
        if self.selection is None:
            custom = self.source.custom_fields.get(self.stream.object, ())
            self.selection = describe.choose(self.stream, describe.describe(self.source.session, self.stream.object), custom)
        return self.selection

    @property
    def start(self) -> datetime | None:
        """From where changes are read: the earliest of all readers' watermarks less the overlap; None for everything.

        Properties that were not read before make it everything, too: the records that hold them have not changed.
        """
        names = [self.stream.object, *self.readers]
        marks = [self.source.state(name).watermark for name in names]
        if any(mark is None for mark in marks) or self.new_properties:
            return None
        return min(mark for mark in marks if mark is not None) - self.source.overlap

    @property
    def new_properties(self) -> list[str]:
        """Properties that this run reads and the one before did not."""
        before = self.source.state(self.stream.object)
        return sorted(set(self.chosen.types) - set(before.field_types)) if before.field_types and before.watermark else []

    def names_and_links(self) -> tuple[list[str], list[str]]:
        """Properties that are read, and objects whose ids are read beside them."""
        return [*self.chosen.names, *self.chosen.custom], [other for column, other in _LINKS.items() if column in self.stream.fields]

    def _read(self) -> Iterator[Record]:
        session, kind = self.source.session, self.stream.object
        names, links = self.names_and_links()
        if self.start is None:
            for record in objects.listed(session, kind, names, history=self.history, associations=links):
                yield _with_links(record, {other: _ids(record, other) for other in links})
            return
        records = objects.changed(session, kind, self.stream.stamp, self.start, [] if self.history else names)
        part: list[Record] = []
        for record in records:
            part.append(record)
            if len(part) == associations.MOST_INPUTS:
                yield from self._completed(part, names, links)
                part = []
        yield from self._completed(part, names, links)

    def _completed(self, part: Sequence[Record], names: Sequence[str], links: Sequence[str]) -> Iterator[Record]:
        """Records that search named, with what search does not tell: history and associations. Objects are read at once, never late."""
        if not part:
            return
        session, kind = self.source.session, self.stream.object
        ids = [str(record["id"]) for record in part]
        if self.history:
            by_id = {}
            for _, record in objects.by_ids(session, kind, ids, names, history=self.history):
                by_id[str(record["id"])] = record
            part, ids = list(by_id.values()), list(by_id)
        by_link = {other: associations.linked(session, kind, other, ids) for other in links}
        for record in part:
            yield _with_links(record, {other: by_link[other].get(str(record["id"]), []) for other in links})


def _ids(record: Record, other: str) -> list[str]:
    listed = ((record.get("associations") or {}).get(other) or {}).get("results") or ()
    return list(dict.fromkeys(str(one["id"]) for one in listed))


def _with_links(record: Record, links: Mapping[str, list[str]]) -> Record:
    return {**record, "links": links} if links else record


@dataclass
class ObjectRun(Run):
    """One reading of an object's records."""

    shared: Pass | None = None

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """Records, then tombstones of archived ones; ids that were merged away get theirs beside the record that took them."""
        given = self.shared or Pass(self.source, self.stream)
        self.missing = given.chosen.missing
        before = self.state
        self.drift = streams.drift(before.field_types, given.chosen.types)
        if given.new_properties:
            self.notes.append(f"read again, since {', '.join(given.new_properties)} became visible or wanted")
        for record in given.records():
            yield from self.rows_of(batches, record, given.chosen)
        is_due = before.swept_at is None or self.now - before.swept_at >= DAY
        for identity, at in given.archived() if is_due else ():
            yield from batches.add(identity, parse_stamp(at), {"hs_object_id": identity}, is_deleted=True)
        self.state = replace(self.state, field_types=dict(given.chosen.types), swept_at=self.now if is_due else before.swept_at)
        if self.stream.object in _ERASABLE:
            self.census = given.census = self._count(before.counted_at is None)

    def _count(self, is_first: bool) -> frozenset[str] | None:
        """All living ids, where fewer are there than last time, and once a week: no list and no search names what was deleted for good.

        The number costs one call, the ids one for each hundred.
        """
        kind, before = self.stream.object, self.state
        living = objects.total(self.session, kind)
        fell = before.living is not None and living < before.living
        is_due = before.counted_at is None or self.now - before.counted_at >= _CENSUS
        counted = self.now if fell or is_due else before.counted_at
        self.state = replace(before, living=living, counted_at=counted)
        if is_first or not (fell or is_due):
            return None
        return frozenset(str(record["id"]) for record in objects.listed(self.session, kind, ()))

    def rows_of(self, batches: RowBatches, record: Record, chosen: Selection) -> Iterator[pa.RecordBatch]:
        """The row of one record, and a tombstone for each that was merged into it."""
        try:
            values, custom = _values(record, chosen)
            stamp = values[self.stream.stamp]
            moment = parse_stamp(stamp) if stamp else None
            identity = values["hs_object_id"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            batches.refuse(record.get("id"), f"{self.stream.object}: record cannot be read: {error}", {"id": str(record.get("id"))})
            return
        if identity is None or moment is None:
            batches.refuse(record.get("id"), f"{self.stream.object}: record without id or stamp", values)
            return
        for column, other in _LINKS.items():
            if column in self.stream.fields:
                values[column] = ";".join(sorted((record.get("links") or {}).get(other, ()))) or None
        if CRM_CONTACT in self.stream.fields:
            values[CRM_CONTACT] = crm_id("contacts", identity) if self.source.plays_crm else None
        yield from batches.add(identity, moment, values, custom=custom)
        for loser in objects.merged_ids(record):
            if loser != identity:
                yield from batches.add(loser, moment, {"hs_object_id": loser, MERGED_INTO: identity}, is_deleted=True)


def _values(record: Record, chosen: Selection) -> tuple[dict[str, str | None], dict[str, str | None]]:
    given: Mapping[str, Any] = record["properties"]
    values = {name: canonical(given.get(name), chosen.types[name]) for name in chosen.names}
    return values, {name: canonical(given.get(name), chosen.types[name]) for name in chosen.custom}
