"""The published tables, cut to the people concerned, with what was just read laid over them.

Belongs here: whose records those are, and small tables in the form of the contracts. What is decided from them: `decisions.py`.
People who share a record, an address or a link with an arrival are taken along whole, so joining persons gives what a full run gives.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.runtime.fast_lane.arrivals import Raw
from alignment_pipeline.warehouse.warehouse import Warehouse

_OBJECTS = {"lead": "raw_salesforce_leads", "contact": "raw_salesforce_contacts", "marketo": "raw_marketo_leads"}
_LINKS = {
    "raw_salesforce_leads": {"lead": "record_id", "contact": "ConvertedContactId"},
    "raw_salesforce_contacts": {"contact": "record_id"},
    "raw_marketo_leads": {"marketo": "record_id", "lead": "sfdcLeadId", "contact": "sfdcContactId"},
}
_EMAILS = {"raw_salesforce_leads": "Email", "raw_salesforce_contacts": "Email", "raw_marketo_leads": "email"}
_STAGED = {"leads": "lead", "contacts": "contact", "marketo_persons": "marketo"}


@dataclass
class Store:
    """Published tables, opened once per version, and small tables of one round that are dropped after it."""

    warehouse: Warehouse
    _opened: dict[str, tuple[int, ibis.Table]] = field(default_factory=dict)
    _held: list[str] = field(default_factory=list)

    def read(self, name: str) -> ibis.Table:
        """The published table as it is now."""
        manifest = self.warehouse.manifest(name)
        version = manifest.version if manifest else 0
        if name not in self._opened or self._opened[name][0] != version:
            self._opened[name] = (version, self.warehouse.read(name))
        return self._opened[name][1]

    def versions(self, *names: str) -> tuple[int, ...]:
        """Versions of published tables, 0 where there is none."""
        return tuple(found.version if (found := self.warehouse.manifest(name)) else 0 for name in names)

    def hold(self, rows: ibis.Table | pa.Table) -> ibis.Table:
        """The rows in memory, on the connection of the published tables (and so in UTC)."""
        arrow = rows if isinstance(rows, pa.Table) else self.warehouse.connection.to_pyarrow(rows)
        name = f"lane_{secrets.token_hex(6)}"
        self._held.append(name)
        loose = arrow.cast(pa.schema([one.with_nullable(True) for one in arrow.schema]))
        return self.warehouse.connection.create_table(name, loose, temp=True)

    def contract(self, name: str, rows: Iterable[pa.Table]) -> ibis.Table:
        """Held rows in a contract's columns."""
        schema = pa.schema([one.with_nullable(True) for one in CONTRACTS[name].schema])
        parts = [schema.empty_table(), *(part.select(schema.names).cast(schema) for part in rows)]
        return self.hold(pa.concat_tables(parts))

    def rows(self, table: ibis.Table) -> pa.Table:
        """A table's rows."""
        return self.warehouse.connection.to_pyarrow(table)

    def among(self, name: str, column: str, values: Collection[str]) -> pa.Table:
        """The published rows whose column is one of the values."""
        table = self.read(name)
        return self.rows(table.filter(table[column].isin(sorted(values)))) if values else CONTRACTS[name].empty()

    def let_go(self) -> None:
        """Drop the round's tables."""
        for name in self._held:
            self.warehouse.connection.drop_table(name, force=True)
        self._held.clear()


@dataclass(frozen=True)
class People:
    """Records concerned, by kind: ids of leads, contacts and Marketo people."""

    leads: frozenset[str]
    contacts: frozenset[str]
    marketo: frozenset[str]

    @property
    def crm_ids(self) -> frozenset[str]:
        """Leads and contacts."""
        return self.leads | self.contacts

    @property
    def keys(self) -> list[str]:
        """Source keys of all records."""
        kinds = (("lead", self.leads), ("contact", self.contacts), ("marketo", self.marketo))
        return sorted(f"{kind}:{one}" for kind, ids in kinds for one in ids)


def known_records(store: Store, marketo_ids: Collection[str]) -> dict[str, list[str]]:
    """Lead and Contact ids that the published tables hold for these Marketo people."""
    keys = _family(store, {f"marketo:{one}" for one in marketo_ids})
    return {"Lead": _of_kind(keys, "lead"), "Contact": _of_kind(keys, "contact")}


def people_of(store: Store, arrivals: Raw) -> People:
    """Everybody whom the arrivals may concern."""
    keys: set[str] = set()
    emails: set[str] = set()
    for name, table in arrivals.items():
        for kind, column in _LINKS.get(name, {}).items():
            keys |= {f"{kind}:{value}" for value in table[column].to_pylist() if value}
        if name in _EMAILS:
            emails |= {value.strip().lower() for value in table[_EMAILS[name]].to_pylist() if value}
    for name, kind in _STAGED.items():
        column = f"{kind}_id"
        keys |= {f"{kind}:{value}" for value in store.among(name, "email", emails)[column].to_pylist()}
    keys |= _family(store, keys)
    kinds = {kind: frozenset(_of_kind(keys, kind)) for kind in _OBJECTS}
    return People(kinds["lead"], kinds["contact"], kinds["marketo"])


def raw_tables(store: Store, people: People, arrivals: Raw) -> dict[str, ibis.Table]:
    """Raw tables of these people: as published, and what has arrived; catalogues (types, campaigns) whole."""
    cuts: Mapping[str, list[tuple[str, Collection[str]]]] = {
        "raw_salesforce_leads": [("record_id", people.leads)],
        "raw_salesforce_contacts": [("record_id", people.contacts)],
        "raw_marketo_leads": [("record_id", people.marketo)],
        "raw_salesforce_lead_changes": [("LeadId", people.leads)],
        "raw_salesforce_contact_changes": [("ContactId", people.contacts)],
        "raw_salesforce_tasks": [("WhoId", people.crm_ids)],
        "raw_salesforce_events": [("WhoId", people.crm_ids)],
        "raw_marketo_activities": [("leadId", people.marketo)],
        "raw_salesforce_campaign_members": [("LeadId", people.leads), ("ContactId", people.contacts)],
        "raw_salesforce_accounts": [],
        "raw_salesforce_opportunities": [],
        "raw_salesforce_opportunity_changes": [],
    }
    found = {}
    for name, cut in cuts.items():
        parts = [store.among(name, column, values) for column, values in cut]
        found[name] = store.contract(name, [*parts, arrivals[name]] if name in arrivals else parts)
    catalogues = ("raw_marketo_activity_types", "raw_salesforce_campaigns")
    return found | {name: store.read(name) for name in catalogues}


def _family(store: Store, keys: set[str]) -> set[str]:
    """Keys of all records of the people who have one of these."""
    persons = store.among("person_records", "source_key", keys)["person_id"].to_pylist()
    return set(store.among("person_records", "person_id", set(persons))["source_key"].to_pylist())


def _of_kind(keys: Collection[str], kind: str) -> list[str]:
    return sorted(key.partition(":")[2] for key in keys if key.partition(":")[0] == kind)


def column(table: ibis.Table, name: str) -> list[str]:
    """A column's values, nulls left out, each once, sorted."""
    values = pc.unique(table.select(name).to_pyarrow()[name])
    return sorted(value for value in values.to_pylist() if value is not None)
