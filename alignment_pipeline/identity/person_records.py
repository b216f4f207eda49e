"""Which records are the same person: records of marketing systems, leads and contacts joined by facts, each join with its reason.

Belongs here: the joining. What a person is called and where they work: `people.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.agreement.parties import People
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import loosened
from alignment_pipeline.contracts.systems.registry import MARKETING
from alignment_pipeline.identity import claims, shared_addresses
from alignment_pipeline.identity.claims import Claim
from alignment_pipeline.identity.shared_addresses import Holder
from alignment_pipeline.matching.names import junk

OWN, CONVERSION, MERGE, EMAIL = "own record", "conversion", "merge", "same e-mail"
_OBJECTS = {system.name: system.people.object for system in MARKETING if system.people is not None}
_SYNC = {system.people.object: f"{system.title} sync id" for system in MARKETING if system.people is not None}
APART = "own record: others with this e-mail name another company or person"
_KINDS = {"lead": "Lead", "contact": "Contact", **_OBJECTS}
_SAID = ("company", "website", "first_name", "last_name")


def person_records(
    contacts: ibis.Table,
    leads: ibis.Table,
    marketing_persons: ibis.Table,
    crm_record_states: ibis.Table,
    accounts: ibis.Table | None = None,
    *,
    merges: ibis.Table | None = None,
    definitions: People,
) -> ibis.Table:
    """One row per lead, contact or marketing record with the person it belongs to.

    Records are one person when a lead was converted into a contact, one was merged into the other (in the CRM, or in a marketing
    system as `merges` says), the marketing system names the CRM record it is synced with, or both hold the same e-mail address and
    what they say of company and name goes together (`shared_addresses`; shared mailboxes as info@ never join). `accounts` says what
    the contacts' companies are called; without it a contact's company is only its account's id. The person's id is the key of the
    oldest of the living and converted records,
    so it stays while that record lives.
    """
    records = _records(contacts, leads, marketing_persons).to_pyarrow()
    states = (
        crm_record_states.filter(_.object.isin(["Lead", "Contact"]))
        .filter((_.survivor_id != _.record_id) | _.converted_to_id.notnull() | _.is_deleted)
        .select("object", "record_id", "survivor_id", "converted_to_id", "is_deleted")
        .to_pyarrow()
    )
    merged = crm_record_states.filter(_.object == "Account", _.survivor_id != _.record_id).select("record_id", "survivor_id").to_pyarrow()
    survivors = dict(zip(*merged.to_pydict().values(), strict=True))
    said = _Said(survivors, _companies(accounts, contacts, leads))
    merged_keys = [] if merges is None else merges.select("source_key", "survivor_key").to_pyarrow().to_pylist()
    return ibis.memtable(_joined(records, states, merged_keys, shared=frozenset(definitions.shared_mailboxes), said=said))


def _companies(accounts: ibis.Table | None, contacts: ibis.Table, leads: ibis.Table) -> dict[str, tuple[str, str]]:
    """Name and website of the accounts that contacts and converted leads are on."""
    if accounts is None:
        return {}
    named = ibis.union(contacts.select("account_id"), leads.select(account_id="converted_account_id"), distinct=True)
    rows = accounts.select("account_id", "name", "website").semi_join(named, "account_id").to_pyarrow().to_pylist()
    return {row["account_id"]: (row["name"] or "", row["website"] or "") for row in rows}


def _records(contacts: ibis.Table, leads: ibis.Table, marketing_persons: ibis.Table) -> ibis.Table:
    def shape_of_marketing(table: ibis.Table) -> ibis.Table:
        objects = ibis.cases(*[(table.system == name, one) for name, one in _OBJECTS.items()], else_=table.system)
        links = {"lead_id": table.lead_id, "contact_id": table.contact_id}
        return shape(table, "", "marketing_id", source_key=table.source_key, object=objects, **links)

    def shape(table: ibis.Table, object_: str, id_column: str, **links: ibis.Value) -> ibis.Table:
        rows = table.select(
            source_key=links.get("source_key", ibis.literal(f"{object_.lower()}:") + table[id_column]),
            object=links.get("object", ibis.literal(object_)),
            record_id=table[id_column],
            email=table.email,
            created_at=table.created_at,
            is_alive=~table.is_converted if object_ == "Lead" else ibis.literal(True),
            lead_id=links.get("lead_id", ibis.null("string")),
            contact_id=links.get("contact_id", ibis.null("string")),
            account_id=links.get("account_id", ibis.null("string")),
            **{name: table[name] if name in table.columns else ibis.null("string") for name in _SAID},
        )
        return loosened(rows)

    return ibis.union(
        shape(contacts, "Contact", "contact_id", account_id=contacts.account_id),
        shape(leads, "Lead", "lead_id", contact_id=leads.converted_contact_id, account_id=leads.converted_account_id),
        shape_of_marketing(marketing_persons),
    )


class _Joins:
    """Union-find over source keys; each key remembers what first joined it to others."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self.reason: dict[str, str] = {}

    def root(self, key: str) -> str:
        path = []
        while self._parent.get(key, key) != key:
            path.append(key)
            key = self._parent[key]
        for passed in path:
            self._parent[passed] = key
        return key

    def join(self, one: str, other: str, reason: str) -> None:
        roots = sorted((self.root(one), self.root(other)))
        if roots[0] != roots[1]:
            self._parent[roots[1]] = roots[0]
        for key in (one, other):
            self.reason.setdefault(key, reason)


def _joined(records: pa.Table, states: pa.Table, merges: Sequence[Mapping[str, str]], *, shared: frozenset[str], said: _Said) -> pa.Table:
    rows = sorted(records.to_pylist(), key=lambda row: (row["created_at"], row["source_key"]))
    known = {row["source_key"] for row in rows}
    joins = _Joins()
    gone = _join_states(joins, states.to_pylist(), known)
    gone |= _join_merges(joins, merges, known)
    for row in rows:
        reason = _SYNC.get(row["object"], CONVERSION)
        for object_, target in (("lead", row["lead_id"]), ("contact", row["contact_id"])):
            key = f"{object_}:{target}"
            if target and (key in known or key in gone):
                joins.join(row["source_key"], key, reason)
    apart = _join_emails(joins, rows, shared, said)
    person: dict[str, str] = {}
    for row in rows:
        person.setdefault(joins.root(row["source_key"]), row["source_key"])
    belonging = [
        {
            "source_key": row["source_key"],
            "person_id": person[joins.root(row["source_key"])],
            "object": row["object"],
            "record_id": row["record_id"],
            "reason": _reason(row["source_key"], person[joins.root(row["source_key"])], joins, apart),
            "is_alive": row["is_alive"],
        }
        for row in rows
    ]
    belonging += [
        {
            "source_key": key,
            "person_id": person[joins.root(key)],
            "object": _KINDS[key.partition(":")[0]],
            "record_id": key.partition(":")[2],
            "reason": joins.reason.get(key, MERGE),
            "is_alive": False,
        }
        for key in sorted(gone)
        if joins.root(key) in person
    ]
    return pa.Table.from_pylist(belonging, schema=CONTRACTS["person_records"].schema)


def _join_states(joins: _Joins, states: Iterable[dict[str, str]], known: set[str]) -> set[str]:
    """Join merged and converted-then-deleted records with what they became; returns keys that are no living record."""
    gone: set[str] = set()
    for state in sorted(states, key=lambda row: (row["object"], row["record_id"])):
        key = f"{state['object'].lower()}:{state['record_id']}"
        if key not in known:
            gone.add(key)
        if state["survivor_id"] != state["record_id"]:
            joins.join(key, f"{state['object'].lower()}:{state['survivor_id']}", MERGE)
        if state["converted_to_id"]:
            joins.join(key, f"contact:{state['converted_to_id']}", CONVERSION)
    return gone


def _join_merges(joins: _Joins, merges: Iterable[Mapping[str, str]], known: set[str]) -> set[str]:
    """Join records of marketing systems that were merged away with the one that is left; returns keys that are no living record."""
    rows = sorted(merges, key=lambda row: row["source_key"])
    for row in rows:
        joins.join(row["source_key"], row["survivor_key"], MERGE)
    return {row["source_key"] for row in rows} - known


def _reason(key: str, person_id: str, joins: _Joins, apart: frozenset[str]) -> str:
    if person_id == key:
        return APART if key in apart else OWN
    return joins.reason.get(key, OWN)


class _Said:
    """What records say of their company and name; `survivors` follows merged accounts, `companies` names and websites of accounts."""

    def __init__(self, survivors: Mapping[str, str], companies: Mapping[str, tuple[str, str]]) -> None:
        self._survivors, self._companies = survivors, companies

    def claim(self, rows: Sequence[Mapping[str, Any]]) -> Claim:
        """The claim of records that facts have joined: the CRM's account says it best, then the open lead, then the marketing systems."""
        people = claims.full_names((row["first_name"], row["last_name"]) for row in rows)
        ids = frozenset(self._survivors.get(row["account_id"], row["account_id"]) for row in rows if row["account_id"])
        if ids:
            known = [self._companies[one] for one in ids if one in self._companies]
            return Claim(
                ids, claims.company_names(name for name, _ in known), claims.company_sites(website for _, website in known), people
            )
        for object_ in ("Lead", *_OBJECTS.values()):
            own = [row for row in rows if row["object"] == object_]
            companies = claims.company_names(row["company"] for row in own)
            sites = claims.company_sites(row["website"] for row in own)
            if companies or sites:
                return Claim(companies=companies, sites=sites, people=people)
            if any(junk.says_no_employer(row["company"] or "") for row in own):
                return Claim(people=people, has_no_employer=True)
        return Claim(people=people)


def _join_emails(joins: _Joins, rows: Sequence[dict[str, Any]], shared: frozenset[str], said: _Said) -> frozenset[str]:
    """Join the holders of each address who are one person; returns the oldest keys of those who are not the address's first."""
    by_root: dict[str, list[dict[str, Any]]] = {}
    by_email: dict[str, dict[str, None]] = {}
    for row in rows:
        root = joins.root(row["source_key"])
        by_root.setdefault(root, []).append(row)
        if row["email"] and row["email"].partition("@")[0] not in shared:
            by_email.setdefault(row["email"], {})[root] = None
    apart: set[str] = set()
    for email, roots in by_email.items():
        if len(roots) == 1:
            continue
        held = {by_root[root][0]["source_key"]: by_root[root] for root in roots}
        holders = [Holder(key, records[0]["created_at"], said.claim(records)) for key, records in held.items()]
        groups = shared_addresses.holders_by_person(email, holders)
        apart |= {group[0].key for group in groups} if len(groups) > 1 else set()
        for group in groups:
            first, *others = [row["source_key"] for holder in group for row in held[holder.key] if row["email"] == email]
            for other in others:
                joins.join(other, first, EMAIL)
    return frozenset(apart)
