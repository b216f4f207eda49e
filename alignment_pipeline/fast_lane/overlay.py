"""The published tables, cut to the people concerned, with what was just read laid over them.

Belongs here: whose records those are, and small tables in the form of the contracts. What is decided from them: `decisions.py`.
People who share a record, an address or a link with an arrival are taken along whole, so joining persons gives what a full run gives.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import ibis
import pyarrow.compute as pc

from alignment_pipeline.contracts.systems.registry import MARKETING
from alignment_pipeline.fast_lane.arrivals import Raw
from alignment_pipeline.fast_lane.store import Store
from alignment_pipeline.staging.shared_activities import RELATIONS

_MARKETING = {system.name: system.people for system in MARKETING if system.people is not None}
#: Catalogues of types, which logs of some systems need.
CATALOGUES = tuple(feed.catalogue for system in MARKETING for feed in system.feeds if feed.catalogue is not None)
_KINDS = ("lead", "contact", *_MARKETING)
_LINKS: dict[str, dict[str, str]] = {
    "raw_salesforce_leads": {"lead": "record_id", "contact": "ConvertedContactId"},
    "raw_salesforce_contacts": {"contact": "record_id"},
    **{
        one.table: {name: "record_id"} | {kind: field for kind, field in (("lead", one.lead_id), ("contact", one.contact_id)) if field}
        for name, one in _MARKETING.items()
    },
}
# where a marketing system is the CRM too, its people name their own contact
_OWN_CONTACTS = {one.table: one.own_contact_id for one in _MARKETING.values() if one.own_contact_id is not None}
_EMAILS = {
    "raw_salesforce_leads": "Email",
    "raw_salesforce_contacts": "Email",
    **{one.table: one.email for one in _MARKETING.values()},
}
_STAGED = {"leads": "lead", "contacts": "contact", "marketing_persons": None}


@dataclass(frozen=True)
class People:
    """Records concerned, by kind: ids of leads, of contacts, and of each marketing system's people."""

    leads: frozenset[str]
    contacts: frozenset[str]
    marketing: Mapping[str, frozenset[str]]

    @property
    def crm_ids(self) -> frozenset[str]:
        """Leads and contacts."""
        return self.leads | self.contacts

    @property
    def keys(self) -> list[str]:
        """Source keys of all records."""
        kinds = (("lead", self.leads), ("contact", self.contacts), *self.marketing.items())
        return sorted(f"{kind}:{one}" for kind, ids in kinds for one in ids)


def known_records(store: Store, persons: Collection[tuple[str, str]]) -> dict[str, list[str]]:
    """Lead and Contact ids that the published tables hold for these people of marketing systems (system, id)."""
    keys = _family(store, {f"{system}:{one}" for system, one in persons})
    return {"Lead": _of_kind(keys, "lead"), "Contact": _of_kind(keys, "contact")}


def people_of(store: Store, arrivals: Raw) -> People:
    """Everybody whom the arrivals may concern."""
    keys: set[str] = set()
    emails: set[str] = set()
    for name, table in arrivals.items():
        for kind, column in _LINKS.get(name, {}).items():
            keys |= {f"{kind}:{value}" for value in table[column].to_pylist() if value}
        if name in _OWN_CONTACTS:
            keys |= {f"contact:{value}" for value in table[_OWN_CONTACTS[name]].to_pylist() if value}
        if name in _EMAILS:
            emails |= {value.strip().lower() for value in table[_EMAILS[name]].to_pylist() if value}
    for name, record in _STAGED.items():
        holders = store.among(name, "email", emails)
        of_marketing = holders["source_key"].to_pylist() if record is None else []
        keys |= {*of_marketing, *(f"{record}:{one}" for one in (holders[f"{record}_id"].to_pylist() if record else ()))}
    keys |= _family(store, keys)
    kinds = {kind: frozenset(_of_kind(keys, kind)) for kind in _KINDS}
    return People(kinds["lead"], kinds["contact"], {name: kinds[name] for name in _MARKETING})


def raw_tables(store: Store, people: People, arrivals: Raw) -> dict[str, ibis.Table]:
    """Raw tables of these people: as published, and what has arrived; catalogues (types, campaigns) whole."""
    cuts: Mapping[str, list[tuple[str, Collection[str]]]] = {
        "raw_salesforce_leads": [("record_id", people.leads)],
        "raw_salesforce_contacts": [("record_id", people.contacts)],
        "raw_salesforce_lead_changes": [("LeadId", people.leads)],
        "raw_salesforce_contact_changes": [("ContactId", people.contacts)],
        **_shared_cuts(store, people),
        "raw_salesforce_campaign_members": [("LeadId", people.leads), ("ContactId", people.contacts)],
        "raw_salesforce_accounts": [],
        "raw_salesforce_opportunities": [],
        "raw_salesforce_opportunity_changes": [],
        **_marketing_cuts(store, people, arrivals),
    }
    raw = {}
    for name, cut in cuts.items():
        parts = [store.among(name, column, values) for column, values in cut]
        raw[name] = store.contract(name, [*parts, arrivals[name]] if name in arrivals else parts)
    return raw | {name: store.read(name) for name in (*CATALOGUES, "raw_salesforce_campaigns")}


def _shared_cuts(store: Store, people: People) -> dict[str, list[tuple[str, Collection[str]]]]:
    """Tasks and events of these people, those too that name somebody else first, and the relations that say so."""
    cuts: dict[str, list[tuple[str, Collection[str]]]] = {}
    for name, relations in RELATIONS.items():
        field = "TaskId" if name == "raw_salesforce_tasks" else "EventId"
        shared = store.among(relations, "RelationId", people.crm_ids)[field].to_pylist()
        cuts |= {name: [("WhoId", people.crm_ids), ("record_id", set(shared))], relations: [("RelationId", people.crm_ids)]}
    return cuts


def _marketing_cuts(store: Store, people: People, arrivals: Raw) -> dict[str, list[tuple[str, Collection[str]]]]:
    """Raw tables of marketing systems, cut to these people: by their ids, and by their addresses where a log has only those."""
    cuts: dict[str, list[tuple[str, Collection[str]]]] = {}
    for system in MARKETING:
        ids = people.marketing.get(system.name, frozenset())
        if system.people is not None:
            cuts[system.people.table] = [("record_id", ids)]
        if any(feed.is_by_email for feed in system.feeds):
            known = store.among("marketing_persons", "source_key", {f"{system.name}:{one}" for one in ids})
            emails = {one for one in known["email"].to_pylist() if one}
            if system.people is not None and system.people.table in arrivals:
                # of somebody who is new, or has another address, older entries may be there
                emails |= {one for one in arrivals[system.people.table][system.people.email].to_pylist() if one}
        cuts |= {feed.table: [(feed.person, emails if feed.is_by_email else ids)] for feed in system.feeds}
    return cuts


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
