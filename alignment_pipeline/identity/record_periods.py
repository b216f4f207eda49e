"""Whose a marketing record was over time, where its address stood on records of several people.

Belongs here: periods. Who the people are: `person_records.py`. People who change jobs are two people there, one per company, while the
marketing system often keeps one record for both: what it saw counts for the CRM's record that was current at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.agreement.parties import People
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import loosened
from alignment_pipeline.identity import claims
from alignment_pipeline.identity.claims import Claim

EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Holder:
    """A record of the CRM with the address: since when, whose, and the name on it."""

    since: datetime
    key: str
    person_id: str
    claim: Claim


def record_periods(
    contacts: ibis.Table, leads: ibis.Table, marketing_persons: ibis.Table, person_records: ibis.Table, *, definitions: People
) -> ibis.Table:
    """One row per marketing record and period, only of records that were not the same person's all the time.

    The CRM's record that was created last by then is the current one, of those that may bear the same name. The record that the marketing
    system names as its own stays the current one from its creation on.
    """
    marketing, holders = _of_several_people(contacts, leads, marketing_persons, person_records, definitions)
    by_email: dict[str, list[dict[str, Any]]] = {}
    for row in holders:
        by_email.setdefault(row["email"], []).append(row)
    rows = [one for record in marketing for one in _periods(record, by_email[record["email"]])]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=CONTRACTS["record_periods"].schema))


def _of_several_people(
    contacts: ibis.Table, leads: ibis.Table, marketing_persons: ibis.Table, person_records: ibis.Table, definitions: People
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Marketing records, and records of the CRM, with addresses that stand on records of several people in the CRM."""
    names = ("email", "first_name", "last_name", "created_at")
    shapes = [
        loosened(table.select(source_key=ibis.literal(f"{kind}:") + table[f"{kind}_id"], **{name: table[name] for name in names}))
        for kind, table in (("contact", contacts), ("lead", leads))
    ]
    persons = person_records.select("source_key", "person_id")
    held = ibis.union(*shapes).filter(_.email.notnull()).inner_join(persons, "source_key")
    held = held.filter(~held.email.split("@")[0].isin(definitions.shared_mailboxes)) if definitions.shared_mailboxes else held
    several = held.group_by("email").aggregate(people=held.person_id.nunique()).filter(_.people > 1).select("email")
    mine = (
        marketing_persons.select("source_key", "lead_id", "contact_id", *names)
        .semi_join(several, "email")
        .inner_join(persons, "source_key")
    )
    shared = held.semi_join(mine, "email")
    order = ["created_at", "source_key"]
    return mine.order_by(order).to_pyarrow().to_pylist(), shared.order_by(order).to_pyarrow().to_pylist()


def _periods(record: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    own = _claim(record)
    holders = [_Holder(row["created_at"], row["source_key"], row["person_id"], _claim(row)) for row in rows]
    holders = [one for one in holders if one.person_id == record["person_id"] or claims.same_name(own, one.claim)]
    links = {f"contact:{record['contact_id']}", f"lead:{record['lead_id']}"}
    synced = max((one.since for one in holders if one.key in links), default=None)
    if synced is not None:
        holders = [one for one in holders if one.since < synced or one.key in links]
    if record["person_id"] not in {one.person_id for one in holders}:
        return  # its own company is none of theirs
    turns = [one for before, one in pairwise([None, *holders]) if one is not None and (before is None or before.person_id != one.person_id)]
    if len(turns) < 2:
        return
    for place, turn in enumerate(turns):
        yield {
            "source_key": record["source_key"],
            "from_at": turn.since if place else EVER,
            "until_at": turns[place + 1].since if place + 1 < len(turns) else None,
            "person_id": turn.person_id,
            "decided_by": turn.key,
        }


def _claim(row: Mapping[str, Any]) -> Claim:
    return Claim(people=claims.full_names([(row["first_name"], row["last_name"])]))
