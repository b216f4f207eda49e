"""Reading the tables of another tool as raw rows.

Belongs here: which rows and columns become which raw row, and when we learned of it. A first load takes the vendor's own time as the time
of learning, as the connectors do; later ones take the moment of reading, since no run before could have known of these rows. A source that
keeps every version of a record (Fivetran's history mode) fills the past; one that keeps the last version cannot.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.calls import CallCounter
from alignment_pipeline.connectors.loaded.mapping import LoadedSystem, Lookup, Stream, folded
from alignment_pipeline.connectors.loaded.tables import Row, Tables
from alignment_pipeline.connectors.loaded.values import field_text
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.salesforce.identifiers import id18
from alignment_pipeline.connectors.streams import Reading, StreamReport, StreamState
from alignment_pipeline.connectors.values import parse_stamp
from alignment_pipeline.contracts.systems.hubspot import MERGED_INTO
from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.errors import ConfigurationError

_OVERLAP = timedelta(hours=1)
_MERGED = "hs_merged_object_ids"
_UPPER = {"id": "ID", "ids": "IDs", "url": "URL", "ip": "IP", "api": "API", "sfdc": "SFDC", "crm": "CRM"}
_SMALL = frozenset({"to", "in", "from", "of", "by", "on"})
_OWN_MARKS = ("_fivetran", "_airbyte", "_dlt", "_sdc")


@dataclass
class LoadedExtraction:
    """One reading of all streams of a system from a tool's tables. `custom` are fields of the agreement, by object."""

    tables: Tables
    system: LoadedSystem
    states: Mapping[str, StreamState]
    clock: Clock
    is_first: bool
    custom: Mapping[str, Sequence[str]]

    @cached_property
    def now(self) -> datetime:
        """The moment of this reading."""
        return self.clock.now()

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Tables by their folded name."""
        return {folded(name): name for name in self.tables.names()}

    @cached_property
    def synced_at(self) -> datetime | None:
        """When the tool last wrote anything; None when it does not say."""
        column = self.system.synced
        moments = [self._moment(self.tables.newest(table, own)) for table in self.all_tables() if (own := self.column(table, column))]
        return max((one for one in moments if one is not None), default=None)

    def all_tables(self) -> list[str]:
        """Every table that a stream is read from and that is there."""
        return [table for one in self.system.streams.values() for table in self.tables_of(one)]

    def tables_of(self, stream: Stream) -> list[str]:
        """The tables of a stream."""
        if stream.table.endswith("*"):
            start = folded(stream.table)
            return sorted(name for key, name in self.names.items() if key.startswith(start) and key != folded("activity_types"))
        table = self.names.get(folded(stream.table))
        return [table] if table else []

    def column(self, table: str, name: str | None) -> str | None:
        """A table's column of that name, however it is spelt."""
        return _columns(self.tables.columns(table)).get(folded(name)) if name else None

    def readings(self, streams: Sequence[RawStream]) -> list[Reading]:
        """One reading per stream. Raises ConfigurationError when a required column of a table that is there is missing."""
        listed = []
        for stream in streams:
            one = self.system.streams.get(stream.object)
            tables = self.tables_of(one) if one else []
            if one:
                for table in tables:
                    self._check(stream, one, table)
            listed.append(Reading(stream, _Run(self, stream, one, tables).read))
        return listed

    def _check(self, stream: RawStream, one: Stream, table: str) -> None:
        columns = _columns(self.tables.columns(table))
        beside = {*one.lookups, *one.lists, one.attributes, one.name_from}
        absent = [name for name in stream.required if name not in beside and _own(one, name) not in columns and not one.unnest]
        if absent:
            wanted = ", ".join(f"{name} (as {one.columns.get(name, one.prefix + name)})" for name in absent)
            raise ConfigurationError(f"{table}, which {self.system.tool} loads for {stream.object}, has no column for {wanted}")

    def looked_up(self, one: Lookup) -> dict[str, list[str]]:
        """Values of another table by their key; empty where the table is not there."""
        table = self.names.get(folded(one.table))
        by_key: dict[str, list[str]] = {}
        if table is None:
            return by_key
        key, value = self.column(table, one.key), self.column(table, one.value)
        if key is None or value is None:
            raise ConfigurationError(f"{table} has no columns {one.key} and {one.value}")
        for row in self.tables.rows(table):
            if row[key] is not None and row[value] is not None:
                by_key.setdefault(str(row[key]), []).append(str(row[value]))
        return by_key

    @staticmethod
    def _moment(value: Any) -> datetime | None:
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        if isinstance(value, str):
            return parse_stamp(value)
        return None


@dataclass
class _Run:
    """One stream being read."""

    source: LoadedExtraction
    stream: RawStream
    mapping: Stream | None
    tables: Sequence[str]

    def read(self) -> Iterator[pa.RecordBatch | StreamReport]:
        """Batches, then the report."""
        source, state = self.source, self.source.states.get(self.stream.object, StreamState(self.stream.object))
        first = state.watermark is None
        known_at = None if first and source.is_first else source.now
        batches = RowBatches(self.stream, known_at=known_at, fallback=source.now)
        seen: set[str] = set()
        for table in self.tables:
            yield from self._table(table, state.watermark, batches, seen)
        yield from batches.flush()
        notes = () if self.tables else (self._absent(),)
        yield StreamReport(
            stream=self.stream,
            state=replace(state, watermark=source.synced_at or source.now),
            method="loaded" if self.tables else "absent",
            started_at=source.now,
            rows=batches.rows,
            deleted=batches.deleted,
            repaired=batches.repaired,
            missing_fields=tuple(name for name in self.stream.optional if name not in seen) if self.tables else (),
            quarantined=tuple(batches.quarantined),
            notes=notes,
        )

    def _absent(self) -> str:
        system = self.source.system
        reason = system.missing.get(self.stream.object)
        return reason or f"{system.tool} loaded no table {self.mapping.table if self.mapping else self.stream.object}"

    def _table(self, table: str, mark: datetime | None, batches: RowBatches, seen: set[str]) -> Iterator[pa.RecordBatch]:
        source, one = self.source, self.mapping
        assert one is not None
        synced = source.column(table, source.system.synced)
        since = (synced, mark - _OVERLAP) if synced and mark else None
        fields = _Fields(source, self.stream, one, table)
        seen |= fields.used_columns
        for row in source.tables.rows(table, since):
            for member in _unnested(row, one.unnest):
                yield from self._row(fields, member, batches)
            if one.name_from:
                break  # all rows of such a table are of the type that it is named after

    def _row(self, fields: _Fields, row: Row, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        try:
            values = fields.values(row)
            stamp = values.get(self.stream.stamp) if self.stream.stamp else None
            moment = parse_stamp(stamp) if stamp else None
            custom = fields.custom(row)
            identity = fields.identity(values)
        except (ValueError, OverflowError, TypeError) as error:
            batches.refuse("", f"row cannot be read: {error}", {})
            return
        if identity is None or (self.stream.stamp and moment is None):
            batches.refuse(identity, f"{self.stream.object} without id or {self.stream.stamp}", values)
            return
        yield from batches.add(identity, moment, values, custom=custom, is_deleted=fields.is_deleted(row, values))
        if MERGED_INTO in self.stream.fields:
            for loser in filter(None, (values.get(_MERGED) or "").split(";")):
                if loser != identity:
                    yield from batches.add(loser, moment, {"hs_object_id": loser, MERGED_INTO: identity}, is_deleted=True)


class _Fields:
    """How one table's rows become the values of a stream."""

    def __init__(self, source: LoadedExtraction, stream: RawStream, one: Stream, table: str) -> None:
        self.source, self.stream, self.one, self.table = source, stream, one, table
        columns = _columns(source.tables.columns(table))
        self.columns = {name: columns[_own(one, name)] for name in stream.fields if _own(one, name) in columns}
        if one.unnest:
            self.columns |= {name: one.columns.get(name, name) for name in stream.fields if name not in self.columns}
        self.used_columns = {*self.columns, *one.lookups, *one.lists, *filter(None, (one.attributes, one.name_from))}
        self.customs = {name: columns[folded(name)] for name in source.custom.get(stream.object, ()) if folded(name) in columns}
        self.deleted = [columns[folded(name)] for name in source.system.deleted if folded(name) in columns]
        self.lookups = {name: (columns.get(folded(one.by)), source.looked_up(one)) for name, one in one.lookups.items()}
        self.lists = {name: (columns.get(folded(one.by)), source.looked_up(one)) for name, one in one.lists.items()}
        used = {*self.columns.values(), *self.deleted}
        self.rest = [name for name in columns.values() if name not in used and not name.lower().startswith(_OWN_MARKS)]
        self.spelt = {folded(name): name for name in source.system.names}

    def values(self, row: Row) -> dict[str, str | None]:
        """The stream's fields as text."""
        system = self.source.system
        by_name = {name: field_text(name, row.get(column), system) for name, column in self.columns.items()}
        for name, (column, known) in self.lookups.items():
            values = known.get(str(row.get(column)), ()) if column else ()
            by_name[name] = values[0] if values else by_name.get(name)
        for name, (column, known) in self.lists.items():
            by_name[name] = ";".join(sorted(known.get(str(row.get(column)), ()))) or None if column else None
        if self.one.attributes and by_name.get(self.one.attributes) is None:
            texts = {self._spelt(name): field_text(name, row[name], system) for name in self.rest}
            kept = {name: text for name, text in texts.items() if text is not None}
            by_name[self.one.attributes] = json.dumps(kept, ensure_ascii=False, sort_keys=True) if kept else None
        if self.one.name_from and by_name.get(self.one.name_from) is None:
            by_name[self.one.name_from] = _title(self.table, self.one.table)
        return by_name

    def identity(self, values: Mapping[str, str | None]) -> str | None:
        """The record's id, as the connectors make it."""
        parts = [values.get(name) for name in self.one.key or (self.stream.required[0],)]
        if any(part is None for part in parts):
            return None
        joined = ":".join(part for part in parts if part is not None)
        return id18(joined) if self.source.system.system.name == "salesforce" else joined

    def is_deleted(self, row: Row, values: Mapping[str, str | None]) -> bool:
        """Whether the system or the tool says so."""
        return values.get("IsDeleted") == "true" or any(str(row.get(column)).lower() in ("true", "1") for column in self.deleted)

    def custom(self, row: Row) -> dict[str, str | None] | None:
        """Fields that only the agreement names."""
        if not self.customs:
            return None
        return {name: field_text(name, row.get(column), self.source.system) for name, column in self.customs.items()}

    def _spelt(self, column: str) -> str:
        return self.spelt.get(folded(column)) or " ".join(_UPPER.get(part, part.capitalize()) for part in column.lower().split("_"))


def _own(one: Stream, name: str) -> str:
    return folded(one.columns.get(name, one.prefix + name))


def _columns(names: Sequence[str]) -> dict[str, str]:
    return {folded(name): name for name in names}


def _title(table: str, pattern: str) -> str:
    words = table[len(pattern.rstrip("*")) :].split("_")
    return " ".join(word if number and word in _SMALL else word.capitalize() for number, word in enumerate(words))


def _unnested(row: Row, column: str | None) -> Iterator[Row]:
    """A row itself, or one per member of its JSON list; members of members as `metadata.isClosed`."""
    if column is None:
        yield row
        return
    given = row.get(column)
    for member in json.loads(given) if isinstance(given, str) else given or ():
        yield {**row, **{f"{column}.{name}": value for name, value in _flat(member)}}


def _flat(member: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in member.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


class LoadedSession:
    """No calls to any system."""

    counter = CallCounter()
