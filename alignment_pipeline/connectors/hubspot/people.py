"""People of HubSpot for the fast lane, where it is the only CRM: contacts with their history, and what reps did with them.

Belongs here: single people. Everybody is read by `crm_extraction.py`, whose rows these are. Objects and associations are current at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.calls import CallCounter
from alignment_pipeline.connectors.hubspot import associations, few
from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.crm_extraction import SOURCES, CrmRun, portal
from alignment_pipeline.connectors.hubspot.crm_ids import hubspot_id
from alignment_pipeline.connectors.hubspot.crm_portal import properties_of
from alignment_pipeline.connectors.hubspot.describe import Selection
from alignment_pipeline.connectors.hubspot.history_extraction import PROPERTIES
from alignment_pipeline.connectors.hubspot.runs import HubSpotSource
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.listening import Raw
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.remembered import Remembered
from alignment_pipeline.contracts.systems.hubspot import CRM_STREAMS, HUBSPOT
from alignment_pipeline.errors import Permanent

_STREAMS = {stream.object: stream for stream in HUBSPOT.streams}
_OF_CRM = {stream.object: stream for stream in CRM_STREAMS if stream.object in ("Contact", "ContactHistory", "Task", "Event")}
_WORK = ("calls", "emails", "tasks", "meetings")
#: The latest of a person's engagements are read; older ones are in the published tables.
_MOST_WORK = 200


def open_people(environ: Mapping[str, str], clock: Clock, agreement: Agreement) -> HubSpotPeople:
    """The portal that the environment names."""
    mapped = agreement.crm
    inputs = tuple(mapped.input_fields.get("Contact", ()))
    ids = frozenset(one.field for one in mapped.fields if one.value == "person.matched_account_id")
    custom = {"contacts": properties_of(mapped, "Contact"), "tasks": [mapped.tasks.external_key_field]}
    return HubSpotPeople(HubSpotSession(Credentials.from_env(environ), clock), custom, inputs, ids)


@dataclass
class HubSpotPeople:
    """Reads single people of one portal. Properties, owners and pipelines are asked once an hour."""

    session: HubSpotSession
    custom_fields: Mapping[str, Sequence[str]]
    history: Sequence[str]
    company_ids: frozenset[str]

    def __post_init__(self) -> None:
        self._known = Remembered(self._ask)

    @property
    def counter(self) -> CallCounter:
        """Calls so far."""
        return self.session.counter

    def prepare(self) -> None:
        """See `CrmPeople`."""
        self._known.at(self.session.clock)

    def _ask(self) -> tuple[HubSpotSource, dict[str, Selection]]:
        source = HubSpotSource(self.session, custom_fields=self.custom_fields, plays_crm=True, company_ids=self.company_ids)
        chosen = {kind: few.Few(source, _STREAMS[kind]).chosen for kind in ("contacts", *_WORK)}
        portal(source)
        return source, chosen

    def read(self, ids: Mapping[str, set[str]], emails: set[str]) -> Raw:
        """See `CrmPeople`. Nobody is a lead here."""
        wanted = _numbers(ids.get("Contact", set())) + few.ids_by_email(self.session, sorted(emails))
        contacts = self._pass("contacts", list(dict.fromkeys(wanted)), history=(*PROPERTIES["contacts"], *self.history))
        living = [str(record["id"]) for record in contacts.records()]
        passes = {"contacts": contacts} | {kind: self._pass(kind, self._work_of(kind, living)) for kind in _WORK}
        return {stream.table: self._rows(stream.object, passes) for stream in _OF_CRM.values()}

    def _work_of(self, kind: str, contacts: Sequence[str]) -> list[str]:
        linked = associations.linked(self.session, "contacts", kind, contacts) if contacts else {}
        numbers = {number for targets in linked.values() for number in targets}
        return sorted(numbers, key=int, reverse=True)[:_MOST_WORK]

    def _pass(self, kind: str, ids: Sequence[str], history: Sequence[str] = ()) -> few.Few:
        source, chosen = self._known.at(self.session.clock)
        return few.Few(source, _STREAMS[kind], tuple(dict.fromkeys(history)), selection=chosen[kind], ids=ids)

    def _rows(self, object_: str, passes: Mapping[str, few.Few]) -> pa.Table:
        source, _ = self._known.at(self.session.clock)
        stream, now = _OF_CRM[object_], self.session.clock.now()
        run = CrmRun(source, stream, passes)
        batches = RowBatches(stream, known_at=now, fallback=now)
        rows = [batch for kind in SOURCES[object_] for batch in run.rows_of(batches, kind, portal(source))]
        return batches.table(rows)


def _numbers(ids: set[str]) -> list[str]:
    """HubSpot's own ids of contacts; a field that names a contact may hold anything."""
    numbers = []
    for one in sorted(ids):
        try:
            numbers.append(hubspot_id(one))
        except Permanent:
            continue
    return numbers
