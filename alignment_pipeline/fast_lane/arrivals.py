"""Reading the few people concerned, now: their Marketo person, their leads and contacts, and what reps did with them.

Belongs here: three calls that bring raw rows in the contracts' form. Which tables they are laid over: `overlay.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from alignment_pipeline.connectors.marketo import describe as marketo_describe
from alignment_pipeline.connectors.marketo import leads as marketo_leads
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.salesforce import composite, rest_query, selection, soql
from alignment_pipeline.connectors.salesforce.describe import Describer
from alignment_pipeline.connectors.salesforce.identifiers import id18
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.connectors.values import canonical, parse_stamp
from alignment_pipeline.contracts.systems.marketo import MARKETO
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.contracts.systems.system import RawStream

# a form's person is answered for with their tasks of the last months; older ones are in the published tables
_WORK_DAYS = 90
_SCHEMA_LIFE = timedelta(hours=1)
_CHUNK = 100
_PERSONS = ("Lead", "Contact")
_OF_PERSON = {
    "LeadHistory": "LeadId", "ContactHistory": "ContactId", "Task": "WhoId", "Event": "WhoId",
    "TaskRelation": "RelationId", "EventRelation": "RelationId",
}  # fmt: skip
# tasks and events that name somebody else first: relation -> the object and the field that names it
_SHARED = {"TaskRelation": ("Task", "TaskId"), "EventRelation": ("Event", "EventId")}
_STREAMS: Mapping[str, RawStream] = {stream.object: stream for stream in SALESFORCE.streams}
_LEADS = next(stream for stream in MARKETO.streams if stream.object == "leads")
_ACTIVITIES = next(stream for stream in MARKETO.streams if stream.object == "activities")
Raw = dict[str, pa.Table]


@dataclass
class Reader:
    """Reads single people from both systems. What the systems' schemas offer is asked once an hour."""

    salesforce: SalesforceSession
    marketo: MarketoSession
    custom_fields: Mapping[str, Sequence[str]]
    shared_mailboxes: frozenset[str] = frozenset()
    _chosen: dict[str, selection.Selection] = field(default_factory=dict)
    _chosen_marketo: marketo_describe.Selection | None = None
    _chosen_at: datetime | None = None

    def prepare(self) -> None:
        """Ask for the schemas when they are not known or old."""
        now = self.salesforce.clock.now()
        if self._chosen_at is not None and now - self._chosen_at < _SCHEMA_LIFE:
            return
        descriptions = Describer(self.salesforce).describe_all([*_PERSONS, *_OF_PERSON])
        self._chosen = {
            name: selection.choose(_STREAMS[name], description, self.custom_fields.get(name, ()))
            for name, description in descriptions.items()
            if description is not None
        }
        self._chosen_marketo = marketo_describe.choose(_LEADS, marketo_describe.describe(self.marketo))
        self._chosen_at = now

    def read(self, marketo_ids: Sequence[str], known: Mapping[str, Sequence[str]]) -> Raw:
        """Raw rows of these Marketo people and of their CRM records: by the ids Marketo names, by those known already (`known`: Lead and
        Contact ids), and by e-mail address."""
        self.prepare()
        persons = self._marketo_rows(marketo_ids)
        raw = {_LEADS.table: persons}
        # an address as info@ belongs to nobody in particular
        emails = {one for one in _texts(persons, "email") if one.partition("@")[0].lower() not in self.shared_mailboxes}
        ids = {
            "Lead": {*known.get("Lead", ()), *_ids(persons, "sfdcLeadId")},
            "Contact": {*known.get("Contact", ()), *_ids(persons, "sfdcContactId")},
        }
        wanted = [(name, _who(sorted(ids[name]), sorted(emails))) for name in _PERSONS]
        raw |= self._salesforce_rows([(name, where) for name, wheres in wanted for where in wheres])
        whose = {name: _texts(raw[_STREAMS[name].table], "record_id") if _STREAMS[name].table in raw else set() for name in _PERSONS}
        raw |= self._salesforce_rows(self._work(whose))
        return raw | self._with_shared(raw)

    def activity_rows(self, values: Iterable[Mapping[str, str | None]]) -> pa.Table:
        """Raw rows of activities, from the values that the poll gave."""
        now = self.marketo.clock.now()
        batches = RowBatches(_ACTIVITIES, known_at=now, fallback=now)
        rows: list[pa.RecordBatch] = []
        for one in values:
            rows += batches.add(str(one["marketoGUID"]), parse_stamp(str(one["activityDate"])), one)
        return pa.Table.from_batches([*rows, *batches.flush()], schema=batches.schema)

    def _marketo_rows(self, ids: Sequence[str]) -> pa.Table:
        chosen = self._chosen_marketo
        assert chosen is not None
        now = self.marketo.clock.now()
        batches = RowBatches(_LEADS, known_at=now, fallback=now)
        rows: list[pa.RecordBatch] = []
        for lead in marketo_leads.by_ids(self.marketo, [int(one) for one in ids], chosen.names):
            values = {name: canonical(lead.get(name), chosen.types.get(name, "string")) for name in chosen.names}
            identity, stamp = values.get("id"), values.get(_LEADS.stamp)
            if identity is not None:
                rows += batches.add(identity, parse_stamp(stamp) if stamp else None, values)
        return pa.Table.from_batches([*rows, *batches.flush()], schema=batches.schema)

    def _with_shared(self, raw: Raw) -> Raw:
        """Tasks and events with several people, of which one of these is not the first."""
        wanted = []
        for relation, (name, field_name) in _SHARED.items():
            table, known = raw.get(_STREAMS[relation].table), raw.get(_STREAMS[name].table)
            ids = (_texts(table, field_name) if table is not None else set()) - (_texts(known, "record_id") if known is not None else set())
            wanted += [(name, soql.ids_among("Id", part)) for part in _chunks(sorted(ids))]
        more = self._salesforce_rows(wanted)
        return {name: pa.concat_tables([raw[name], rows]) if name in raw else rows for name, rows in more.items()}

    def _work(self, whose: Mapping[str, set[str]]) -> list[tuple[str, str]]:
        """Histories, tasks and events of the records."""
        since = soql.datetime_literal(self.salesforce.clock.now() - timedelta(days=_WORK_DAYS))
        out = []
        for name, parent in _OF_PERSON.items():
            objects = {"LeadHistory": ("Lead",), "ContactHistory": ("Contact",)}.get(name, _PERSONS)
            ids = sorted(one for object_ in objects for one in whose[object_])
            out += [(name, f"{soql.ids_among(parent, part)} AND CreatedDate >= {since}") for part in _chunks(ids)]
        return out

    def _salesforce_rows(self, wanted: Sequence[tuple[str, str]]) -> Raw:
        """The rows of (object, condition) pairs in one call; objects that this user cannot see are left out."""
        asked = [(self._chosen[name], where) for name, where in wanted if name in self._chosen]
        if not asked:
            return {}
        paths = [
            composite.path_of(
                rest_query.path(with_deleted=chosen.with_deleted), {"q": soql.select(chosen.stream.object, chosen.names, where=[where])}
            )
            for chosen, where in asked
        ]
        parts: Raw = {}
        for (chosen, _), part in zip(asked, composite.get_all(self.salesforce, paths, "fast lane"), strict=True):
            if not part.is_success:
                self._chosen_at = None
                raise SalesforceRefused(
                    f"fast lane, query {chosen.stream.object}: {part.status} {part.code}: {part.detail}",
                    status=part.status,
                    code=part.code,
                    detail=part.detail,
                )
            rows = rest_query.records(self.salesforce, "", "fast lane", first=part.body)
            table = self._raw(chosen, rows)
            before = parts.get(chosen.stream.table)
            parts[chosen.stream.table] = pa.concat_tables([before, table]) if before is not None else table
        return parts

    def _raw(self, chosen: selection.Selection, records: Iterable[Mapping[str, Any]]) -> pa.Table:
        now = self.salesforce.clock.now()
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
        return pa.Table.from_batches([*rows, *batches.flush()], schema=batches.schema)


def _who(ids: Sequence[str], emails: Sequence[str]) -> list[str]:
    """Conditions: of these ids or with one of these addresses, each short enough for one query."""
    return [*(soql.ids_among("Id", part) for part in _chunks(ids)), *(soql.among("Email", part) for part in _chunks(emails))]


def _chunks(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[first : first + _CHUNK] for first in range(0, len(values), _CHUNK)]


def _texts(table: pa.Table, column: str) -> set[str]:
    return {value for value in table[column].to_pylist() if value}


def _ids(table: pa.Table, column: str) -> set[str]:
    """Well-formed Salesforce ids; a Marketo field may hold anything."""
    ids = set()
    for value in _texts(table, column):
        try:
            ids.add(id18(value))
        except ValueError:
            continue
    return ids
