"""Which records are the same person: Marketo, leads and contacts joined by facts, each join with its reason.

Belongs here: the joining. What a person is called and where they work: `people.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.agreement.parties import People
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import loosened

OWN, CONVERSION, MERGE, SYNC, EMAIL = "own record", "conversion", "merge", "Marketo sync id", "same e-mail"


def person_records(
    contacts: ibis.Table, leads: ibis.Table, marketo_persons: ibis.Table, crm_record_states: ibis.Table, *, definitions: People
) -> ibis.Table:
    """One row per Marketo, lead or contact record with the person it belongs to.

    Records are one person when a lead was converted into a contact, one was merged into the other, Marketo names the CRM
    record it is synced with, or both hold the same e-mail address (shared mailboxes as info@ never join). The person's id
    is the key of the oldest of the living and converted records, so it stays while that record lives.
    """
    records = _records(contacts, leads, marketo_persons).to_pyarrow()
    states = (
        crm_record_states.filter(_.object.isin(["Lead", "Contact"]))
        .filter((_.survivor_id != _.record_id) | _.converted_to_id.notnull() | _.is_deleted)
        .select("object", "record_id", "survivor_id", "converted_to_id", "is_deleted")
        .to_pyarrow()
    )
    return ibis.memtable(_joined(records, states, shared=frozenset(definitions.shared_mailboxes)))


def _records(contacts: ibis.Table, leads: ibis.Table, marketo_persons: ibis.Table) -> ibis.Table:
    def shape(table: ibis.Table, object_: str, id_column: str, **links: ibis.Value) -> ibis.Table:
        rows = table.select(
            source_key=ibis.literal(f"{object_.lower()}:") + table[id_column],
            object=ibis.literal(object_),
            record_id=table[id_column],
            email=table.email,
            created_at=table.created_at,
            is_alive=~table.is_converted if object_ == "Lead" else ibis.literal(True),
            lead_id=links.get("lead_id", ibis.null("string")),
            contact_id=links.get("contact_id", ibis.null("string")),
        )
        return loosened(rows)

    return ibis.union(
        shape(contacts, "Contact", "contact_id"),
        shape(leads, "Lead", "lead_id", contact_id=leads.converted_contact_id),
        shape(marketo_persons, "Marketo", "marketo_id", lead_id=marketo_persons.lead_id, contact_id=marketo_persons.contact_id),
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


def _joined(records: pa.Table, states: pa.Table, *, shared: frozenset[str]) -> pa.Table:
    rows = sorted(records.to_pylist(), key=lambda row: (row["created_at"], row["source_key"]))
    known = {row["source_key"] for row in rows}
    joins = _Joins()
    gone = _join_states(joins, states.to_pylist(), known)
    for row in rows:
        reason = CONVERSION if row["object"] == "Lead" else SYNC
        for object_, target in (("lead", row["lead_id"]), ("contact", row["contact_id"])):
            key = f"{object_}:{target}"
            if target and (key in known or key in gone):
                joins.join(row["source_key"], key, reason)
    _join_emails(joins, rows, shared)
    person: dict[str, str] = {}
    for row in rows:
        person.setdefault(joins.root(row["source_key"]), row["source_key"])
    belonging = [
        {
            "source_key": row["source_key"],
            "person_id": person[joins.root(row["source_key"])],
            "object": row["object"],
            "record_id": row["record_id"],
            "reason": OWN if person[joins.root(row["source_key"])] == row["source_key"] else joins.reason.get(row["source_key"], OWN),
            "is_alive": row["is_alive"],
        }
        for row in rows
    ]
    belonging += [
        {
            "source_key": key,
            "person_id": person[joins.root(key)],
            "object": "Lead" if key.startswith("lead:") else "Contact",
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


def _join_emails(joins: _Joins, rows: Sequence[dict[str, str]], shared: frozenset[str]) -> None:
    first: dict[str, str] = {}
    for row in rows:
        email = row["email"]
        if email and email.partition("@")[0] not in shared:
            other = first.setdefault(email, row["source_key"])
            if other != row["source_key"]:
                joins.join(row["source_key"], other, EMAIL)
