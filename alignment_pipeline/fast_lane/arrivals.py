"""Reading the few people concerned, now: their people of the marketing systems, their records in the CRM, and what reps did with them.

Belongs here: which people are asked for. The calls are the connectors' (`connectors/listening.py`); which tables the rows are laid over:
`overlay.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from alignment_pipeline.agreement.activity_types import HAND_RAISE
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors import registry
from alignment_pipeline.connectors.listening import CrmPeople, Log, Raw, known_addresses
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.fast_lane.memory import HandRaise

Rows = Sequence[Mapping[str, str]]
PersonIds = Mapping[tuple[str, str], str]
"""(System, person as its log names them) -> the person's id."""


def open_reader(environ: Mapping[str, str], clock: Clock, agreement: Agreement, catalogue: Callable[[str], Rows]) -> Reader:
    """The logs of the systems whose records the agreement calls hand-raises, and the CRM. `catalogue` gives the rows of a catalogue.

    Where it calls none of a connected system so, all logs are taken, and say so when they are polled.
    """
    crm = registry.crm_of(environ)
    if crm.open_people is None:
        raise ConfigurationError(f"the fast lane cannot read single people of {crm.system.title}")
    raises = [one for one in agreement.scoring.activity_types if one.category == HAND_RAISE]
    connectors = registry.listened_to(environ)
    named = {one.system for one in raises} & {one.system.name for one in connectors}
    logs: dict[str, Log] = {}
    for one in connectors:
        name, table = one.system.name, next((feed.catalogue for feed in one.system.feeds if feed.catalogue), None)
        if one.listen is not None and (not named or name in named):
            sources = [source for source in raises if source.system == name]
            logs[name] = one.listen(environ, clock, sources, partial(catalogue, table) if table else list)
    shared = frozenset(agreement.people.shared_mailboxes)
    return Reader(logs, crm.system.name, crm.open_people(environ, clock, agreement), shared)


@dataclass
class Reader:
    """Reads single people from the marketing systems, by their names, and from the CRM."""

    logs: Mapping[str, Log]
    crm_name: str
    crm: CrmPeople
    shared_mailboxes: frozenset[str] = frozenset()

    def prepare(self) -> None:
        """Ask for what changes rarely, when it is not known or old."""
        self.crm.prepare()
        for log in self.logs.values():
            log.prepare()

    def calls(self) -> dict[str, int]:
        """Calls so far, by system."""
        spent = {self.crm_name: self.crm.counter.total}
        for name, log in self.logs.items():
            spent[name] = spent.get(name, 0) + log.counter.total
        return spent

    def persons(self, raised: Sequence[HandRaise]) -> Raw:
        """Raw rows of the people who raised their hands."""
        tables: Raw = {}
        for name, log in self.logs.items():
            wanted = sorted({one.person for one in raised if one.system == name})
            assert log.system.people is not None
            if wanted:
                tables[log.system.people.table] = log.persons(wanted)
        return tables

    def person_ids(self, raised: Sequence[HandRaise], persons: Raw) -> PersonIds:
        """The ids of those who are there."""
        ids: dict[tuple[str, str], str] = {}
        for name, log in self.logs.items():
            people = log.system.people
            if people is None or people.table not in persons:
                continue
            table = persons[people.table]
            known = {one: one for one in table["record_id"].to_pylist()}
            if log.feed.is_by_email:
                known = known_addresses(table, people.email, people.more_emails)
            for one in raised:
                if one.system == name and one.person in known:
                    ids[name, one.person] = known[one.person]
        return ids

    def records(self, persons: Raw, known: Mapping[str, Sequence[str]]) -> Raw:
        """Raw rows of these people's records in the CRM: by the ids that the marketing systems name, by those known already (`known`: Lead
        and Contact ids), and by e-mail address."""
        ids = {name: set(known.get(name, ())) for name in ("Lead", "Contact")}
        emails: set[str] = set()
        for log in self.logs.values():
            people = log.system.people
            if people is None or people.table not in persons:
                continue
            table = persons[people.table]
            synced = (("Lead", people.lead_id), ("Contact", people.contact_id), ("Contact", people.own_contact_id))
            for object_, field in synced:
                if field is not None:
                    ids[object_] |= _texts(table, field)
            # an address as info@ belongs to nobody in particular
            emails |= {one for one in _texts(table, people.email) if one.partition("@")[0].lower() not in self.shared_mailboxes}
        return self.crm.read(ids, emails)

    def log_rows(self, raised: Sequence[HandRaise]) -> Raw:
        """Raw rows of what was polled."""
        return {log.feed.table: log.rows([one.values for one in raised if one.system == name]) for name, log in self.logs.items()}

    def polled_rows(self, due: Sequence[HandRaise]) -> Raw:
        """Raw rows of what was polled. Where a log names people by address, each address stands for a person: who it is matters later."""
        rows = self.log_rows(due)
        for name, log in self.logs.items():
            people = log.system.people
            if log.feed.is_by_email and people is not None:
                schema = CONTRACTS[people.table].schema
                addresses = sorted({one.person for one in due if one.system == name})
                stand_ins = {one.name: pa.nulls(len(addresses), one.type) for one in schema}
                stand_ins |= {column: pa.array(addresses, pa.string()) for column in ("record_id", people.email)}
                rows[people.table] = pa.table(stand_ins)
        return rows


def _texts(table: pa.Table, column: str) -> set[str]:
    return {value for value in table[column].to_pylist() if value}
