"""People of Salesforce for the fast lane: their leads and contacts, and what reps did with them, in two or three calls.

Belongs here: single people. Everybody is read by `extraction.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.calls import CallCounter
from alignment_pipeline.connectors.listening import Raw
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.remembered import Remembered
from alignment_pipeline.connectors.salesforce import composite, rest_query, selection, soql
from alignment_pipeline.connectors.salesforce.credentials import Credentials
from alignment_pipeline.connectors.salesforce.describe import Describer
from alignment_pipeline.connectors.salesforce.identifiers import id18
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.connectors.values import canonical, parse_stamp
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.contracts.systems.system import RawStream

# a form's person is answered for with their tasks of the last months; older ones are in the published tables
_WORK_DAYS = 90
_CHUNK = 100
_PERSONS = ("Lead", "Contact")
_OF_PERSON = {
    "LeadHistory": "LeadId", "ContactHistory": "ContactId", "Task": "WhoId", "Event": "WhoId",
    "TaskRelation": "RelationId", "EventRelation": "RelationId",
}  # fmt: skip
# tasks and events that name somebody else first: relation -> the object and the field that names it
_SHARED = {"TaskRelation": ("Task", "TaskId"), "EventRelation": ("Event", "EventId")}
_STREAMS: Mapping[str, RawStream] = {stream.object: stream for stream in SALESFORCE.streams}


def open_people(environ: Mapping[str, str], clock: Clock, agreement: Agreement) -> SalesforcePeople:
    """The organisation that the environment names, by the reader's credentials."""
    custom = {name: agreement.crm.fields_of(name) for name in _PERSONS}
    return SalesforcePeople(SalesforceSession(Credentials.from_env(environ, "reader"), clock), custom)


@dataclass
class SalesforcePeople:
    """Reads single people of one organisation. What its schema offers is asked once an hour."""

    session: SalesforceSession
    custom_fields: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        self._chosen = Remembered(self._choose)

    @property
    def counter(self) -> CallCounter:
        """Calls so far."""
        return self.session.counter

    def prepare(self) -> None:
        """See `CrmPeople`."""
        self._chosen.at(self.session.clock)

    def _choose(self) -> dict[str, selection.Selection]:
        descriptions = Describer(self.session).describe_all([*_PERSONS, *_OF_PERSON])
        return {
            name: selection.choose(_STREAMS[name], description, self.custom_fields.get(name, ()))
            for name, description in descriptions.items()
            if description is not None
        }

    def read(self, ids: Mapping[str, set[str]], emails: set[str]) -> Raw:
        """See `CrmPeople`."""
        wanted = [(name, _who(_well_formed(ids.get(name, set())), sorted(emails))) for name in _PERSONS]
        raw = self._rows_of([(name, where) for name, wheres in wanted for where in wheres])
        whose = {name: _texts(raw[_STREAMS[name].table], "record_id") if _STREAMS[name].table in raw else set() for name in _PERSONS}
        raw |= self._rows_of(self._work(whose))
        return raw | self._with_shared(raw)

    def _with_shared(self, raw: Raw) -> Raw:
        """Tasks and events with several people, of which one of these is not the first."""
        wanted = []
        for relation, (name, field_name) in _SHARED.items():
            table, known = raw.get(_STREAMS[relation].table), raw.get(_STREAMS[name].table)
            ids = (_texts(table, field_name) if table is not None else set()) - (_texts(known, "record_id") if known is not None else set())
            wanted += [(name, soql.ids_among("Id", part)) for part in _chunks(sorted(ids))]
        more = self._rows_of(wanted)
        return {name: pa.concat_tables([raw[name], rows]) if name in raw else rows for name, rows in more.items()}

    def _work(self, whose: Mapping[str, set[str]]) -> list[tuple[str, str]]:
        """Histories, tasks and events of the records."""
        since = soql.datetime_literal(self.session.clock.now() - timedelta(days=_WORK_DAYS))
        out = []
        for name, parent in _OF_PERSON.items():
            objects = {"LeadHistory": ("Lead",), "ContactHistory": ("Contact",)}.get(name, _PERSONS)
            ids = sorted(one for object_ in objects for one in whose[object_])
            out += [(name, f"{soql.ids_among(parent, part)} AND CreatedDate >= {since}") for part in _chunks(ids)]
        return out

    def _rows_of(self, wanted: Sequence[tuple[str, str]]) -> Raw:
        """The rows of (object, condition) pairs in one call; objects that this user cannot see are left out."""
        known = self._chosen.at(self.session.clock)
        asked = [(known[name], where) for name, where in wanted if name in known]
        if not asked:
            return {}
        paths = [
            composite.path_of(
                rest_query.path(with_deleted=chosen.with_deleted), {"q": soql.select(chosen.stream.object, chosen.names, where=[where])}
            )
            for chosen, where in asked
        ]
        parts: Raw = {}
        for (chosen, _), part in zip(asked, composite.get_all(self.session, paths, "fast lane"), strict=True):
            if not part.is_success:
                self._chosen.forget()
                raise SalesforceRefused(
                    f"fast lane, query {chosen.stream.object}: {part.status} {part.code}: {part.detail}",
                    status=part.status,
                    code=part.code,
                    detail=part.detail,
                )
            rows = rest_query.records(self.session, "", "fast lane", first=part.body)
            table = self._raw(chosen, rows)
            before = parts.get(chosen.stream.table)
            parts[chosen.stream.table] = pa.concat_tables([before, table]) if before is not None else table
        return parts

    def _raw(self, chosen: selection.Selection, records: Iterable[Mapping[str, Any]]) -> pa.Table:
        now = self.session.clock.now()
        batches = RowBatches(chosen.stream, known_at=now, fallback=now)
        rows: list[pa.RecordBatch] = []
        for record in records:
            values = {name: canonical(record.get(name), chosen.types[name]) for name in chosen.names}
            identity = id18(str(record.get("Id")))
            stamp = values.get(chosen.stamp) if chosen.stamp else None
            values["Id"] = identity
            custom = {name: values.pop(name) for name in chosen.custom}
            is_deleted = values.get("IsDeleted") == "true"
            rows += batches.add(identity, parse_stamp(stamp) if stamp else None, values, custom=custom, is_deleted=is_deleted)
        return batches.table(rows)


def _who(ids: Sequence[str], emails: Sequence[str]) -> list[str]:
    """Conditions: of these ids or with one of these addresses, each short enough for one query."""
    return [*(soql.ids_among("Id", part) for part in _chunks(ids)), *(soql.among("Email", part) for part in _chunks(emails))]


def _chunks(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[first : first + _CHUNK] for first in range(0, len(values), _CHUNK)]


def _texts(table: pa.Table, column: str) -> set[str]:
    return {value for value in table[column].to_pylist() if value}


def _well_formed(ids: Iterable[str]) -> list[str]:
    """Ids in 18 characters; a marketing system's field may hold anything."""
    kept = set()
    for value in ids:
        try:
            kept.add(id18(value))
        except ValueError:
            continue
    return sorted(kept)
