"""Filling the CRM's tables from HubSpot where it is the only CRM: each stream is made of passes that are read anyway.

Belongs here: which stream is made of which objects, and its rows. One record's values: `crm_records.py`, `crm_deals.py`, `crm_work.py`.
It costs no call but the zones of owners.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from alignment_pipeline.connectors.hubspot import crm_deals, crm_histories, crm_records, crm_work, objects
from alignment_pipeline.connectors.hubspot.crm_ids import crm_id
from alignment_pipeline.connectors.hubspot.crm_values import Portal, Row, Values
from alignment_pipeline.connectors.hubspot.object_extraction import Pass
from alignment_pipeline.connectors.hubspot.runs import DAY, HubSpotSource, Run
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotRefused
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.values import canonical, parse_stamp

#: Stream of the CRM -> objects of HubSpot that it is made of.
SOURCES: Mapping[str, tuple[str, ...]] = {
    "Account": ("companies",),
    "Contact": ("contacts",),
    "ContactHistory": ("contacts",),
    "Opportunity": ("deals",),
    "OpportunityFieldHistory": ("deals",),
    "OpportunityHistory": ("deals",),
    "OpportunityContactRole": ("deals",),
    "Task": ("tasks", "calls", "emails"),
    "Event": ("meetings",),
    "OpportunityStage": (),
    "User": (),
    "Group": (),
}
OF_HISTORY = frozenset({"ContactHistory", "OpportunityFieldHistory", "OpportunityHistory"})
_MERGED = frozenset({"Account", "Contact"})
_SINGLE = {"Account": crm_records.account, "Contact": crm_records.contact, "Opportunity": crm_deals.opportunity}
_ZONE, _OWNER = "hs_standard_time_zone", "hubspot_owner_id"


def portal(source: HubSpotSource) -> Portal:
    """What the portal's records refer to, put together once a run. Zones of owners need a scope of their own and may be missing."""
    if source.facts is None:
        source.meet_server()
        try:
            people = list(objects.listed(source.session, "users", (_ZONE, _OWNER)))
        except HubSpotRefused:
            people = []
        given = [one["properties"] for one in people]
        source.facts = Portal(
            owners=source.of_owners(is_archived=False),
            archived_owners=source.of_owners(is_archived=True),
            pipelines=source.pipelines,
            time_zone=source.session.time_zone(),
            zones={str(one[_OWNER]): str(one[_ZONE]) for one in given if one.get(_OWNER) and one.get(_ZONE)},
        )
    return source.facts


@dataclass
class CrmRun(Run):
    """One reading of a stream of the CRM."""

    passes: Mapping[str, Pass] = field(default_factory=dict)

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """The rows of every object that it is made of, then tombstones of archived records."""
        facts = portal(self.source)
        before = self.state
        is_due = before.swept_at is None or self.now - before.swept_at >= DAY
        for kind in SOURCES[self.stream.object]:
            given = self.passes[kind]
            yield from self.rows_of(batches, kind, facts)
            if is_due and self.stream.object not in OF_HISTORY and self.stream.object != "OpportunityContactRole":
                for number, at in given.archived():
                    identity, values = crm_records.tombstone(kind, number)
                    yield from batches.add(identity, parse_stamp(at), self._fields(values), is_deleted=True)
        self.state = replace(self.state, swept_at=self.now if is_due else before.swept_at)
        if self.stream.object == "Contact" and self.passes["contacts"].census is not None:
            self.census = frozenset(crm_id("contacts", number) for number in self.passes["contacts"].census)

    def rows_of(self, batches: RowBatches, kind: str, facts: Portal) -> Iterator[pa.RecordBatch]:
        """The rows of every record of one object."""
        given = self.passes[kind]
        for record in given.records():
            try:
                rows = list(self._rows(kind, record, facts, given))
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                batches.refuse(record.get("id"), f"{self.stream.object}: {error}", {"id": str(record.get("id"))})
                continue
            for identity, moment, values, custom, is_deleted in rows:
                yield from batches.add(identity, moment, self._fields(values), custom=custom, is_deleted=is_deleted)

    def _rows(
        self, kind: str, record: objects.Record, facts: Portal, given: Pass
    ) -> Iterator[tuple[str, datetime | None, Values, Mapping[str, str | None] | None, bool]]:
        name = self.stream.object
        if name in _SINGLE:
            identity, values = _SINGLE[name](record, facts)
            moment = _stamp(values)
            yield identity, moment, values, _custom(record, given), False
            for loser in objects.merged_ids(record) if name in _MERGED else ():
                if loser != str(record["id"]):
                    yield (*_shaped(crm_records.tombstone(kind, loser, str(record["id"])), moment), None, True)
        elif name in ("Task", "Event"):
            for identity, values, is_void in crm_work.work(kind, record, facts):
                yield identity, _stamp(values), values, _custom(record, given), is_void
        else:
            for row in self._rows_from(record, facts):
                yield (*_shaped(row, _stamp(row[1])), None, False)

    def _rows_from(self, record: objects.Record, facts: Portal) -> Iterator[Row]:
        match self.stream.object:
            case "ContactHistory":
                yield from crm_histories.changes(record, facts, "contacts", "ContactId")
            case "OpportunityFieldHistory":
                yield from crm_histories.changes(record, facts, "deals", "OpportunityId")
            case "OpportunityHistory":
                yield from crm_deals.stages_over_time(record, facts)
            case "OpportunityContactRole":
                yield from crm_deals.contact_roles(record)

    def _fields(self, values: Values) -> Values:
        return {name: value for name, value in values.items() if name in self.stream.fields}


@dataclass
class FactRun(Run):
    """Users, queues and stages: whole each time."""

    passes: Mapping[str, Pass] = field(default_factory=dict)

    def read(self, batches: RowBatches) -> Iterator[pa.RecordBatch]:
        """One row for each."""
        for identity, values in self._rows(portal(self.source)):
            yield from batches.add(identity, _stamp(values), {name: value for name, value in values.items() if name in self.stream.fields})

    def _rows(self, facts: Portal) -> Iterator[Row]:
        if self.stream.object == "OpportunityStage":
            yield from ((str(values["Id"]), values) for values in facts.stages.values())
            return
        wants_queues = self.stream.object == "Group"
        for owners, is_active in ((facts.owners, True), (facts.archived_owners, False)):
            for row in owners:
                if (row.get("type") == "QUEUE") is wants_queues:
                    yield crm_records.queue(row) if wants_queues else crm_records.user(row, facts, is_active=is_active)


def _custom(record: objects.Record, given: Pass) -> dict[str, str | None] | None:
    values: Mapping[str, Any] = record["properties"]
    wanted = given.source.custom_fields.get(given.stream.object, ())
    custom = {name: canonical(values.get(name), given.chosen.types[name]) for name in wanted if name in given.chosen.types}
    for name in given.source.company_ids & custom.keys():
        number = custom[name]
        custom[name] = crm_id("companies", number) if number and number.isdigit() else number
    return custom or None


def _stamp(values: Values) -> datetime | None:
    text = values.get("SystemModstamp") or values.get("CreatedDate")
    return parse_stamp(text) if text else None


def _shaped(row: Row, moment: datetime | None) -> tuple[str, datetime | None, Values]:
    return row[0], moment, row[1]


CRM_RUNS: Mapping[str, type[CrmRun] | type[FactRun]] = {name: FactRun if not kinds else CrmRun for name, kinds in SOURCES.items()}
