"""Which account counted for a person when, where the CRM moved their contact from one account to another.

Belongs here: periods. Which account counts now: `person_accounts.py`. Whose a marketing record was over time, where a job changer has a
record per company: `identity/record_periods.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import dropwhile
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import loosened, step

EVER = datetime(1970, 1, 1, tzinfo=UTC)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Stay:
    """A contact on an account: since when, and when it was last known to be elsewhere."""

    since: datetime
    earliest: datetime
    account: str | None
    contact: str


@dataclass(frozen=True)
class _Contact:
    """A contact with its stays, the first one since ever."""

    born: datetime
    died: datetime | None
    stays: Sequence[_Stay]

    def exists(self, moment: datetime) -> bool:
        return self.born <= moment and (self.died is None or moment < self.died)

    def at(self, moment: datetime) -> _Stay:
        return [one for one in self.stays if one.since <= moment][-1]


def person_account_periods(
    person_accounts: ibis.Table,
    person_records: ibis.Table,
    contacts: ibis.Table,
    record_changes: ibis.Table,
    crm_record_states: ibis.Table,
    accounts: ibis.Table,
) -> ibis.Table:
    """One row per person and period, only of people whose account was not the same all the time.

    The contact that names the person's account decides, and the contacts that were merged into it: of those that existed at a moment, the
    one created last. Between two changes the value before the second counts, so what the CRM's history does not say counts for the
    account that came after it. A contact that got its first account was not moved. Merged accounts are followed to the one that is left;
    one that was deleted counts for nobody.
    """
    changes = record_changes.filter(_.object == "Contact", _.field == "AccountId")
    changes = changes.select("change_id", "old_value", "changed_at", "earliest_at", contact_id="record_id")
    merged = crm_record_states.filter(_.object == "Contact", _.survivor_id != _.record_id)
    merged = merged.select("account_id", "created_at", contact_id="record_id", into_id="survivor_id", died_at="modified_at")
    changed, gone = _by(changes, "contact_id"), _by(merged, "into_id")
    rows: list[dict[str, Any]] = []
    if changed or gone:
        living = _of_the_same_people(_stacked(changes.select("contact_id"), merged.select(contact_id="into_id")), contacts, person_records)
        named = _stacked(changes.select(account_id="old_value"), merged.select("account_id"), living.select("account_id"))
        left = _left_of(named, crm_record_states, accounts)
        now = person_accounts.select("account_id", now_person_id="person_id").semi_join(living, [("now_person_id", "person_id")])
        account_now = {row["now_person_id"]: row["account_id"] for row in now.to_pyarrow().to_pylist()}
        for person_id, theirs in sorted(_by(living, "person_id").items()):
            deciding = min(theirs, key=_rank)
            holders = [_contact(one, changed.get(one["contact_id"], [])) for one in (deciding, *gone.get(deciding["contact_id"], []))]
            rows += _periods(person_id, _turns(holders), left, account_now.get(person_id))
    return ibis.memtable(pa.Table.from_pylist(rows, schema=CONTRACTS["person_account_periods"].schema))


def _of_the_same_people(touched: ibis.Table, contacts: ibis.Table, person_records: ibis.Table) -> ibis.Table:
    """All living contacts of the people who have one of these."""
    mine = person_records.filter(_.object == "Contact").select("person_id", contact_id="record_id")
    people = mine.semi_join(touched, "contact_id").select("person_id").distinct()
    owned = step(contacts.select("contact_id", "account_id", "created_at").inner_join(mine, "contact_id"))
    return step(owned.semi_join(people, "person_id"))


def _left_of(named: ibis.Table, crm_record_states: ibis.Table, accounts: ibis.Table) -> dict[str, str]:
    """Of each account the living one that is left of it."""
    states = crm_record_states.filter(_.object == "Account").select(of_account_id="record_id", survivor_id="survivor_id")
    joined = named.filter(named.account_id.notnull()).distinct().left_join(states, [("account_id", "of_account_id")])
    followed = step(joined.select(named_id="account_id", left_id=ibis.coalesce(joined.survivor_id, joined.account_id)))
    rows = followed.semi_join(accounts, [("left_id", "account_id")]).to_pyarrow().to_pylist()
    return {row["named_id"]: row["left_id"] for row in rows}


def _rank(contact: Row) -> tuple[bool, float, str]:
    """As `identity/people.py` chooses the contact whose account counts: one with an account, the latest created, the smallest id."""
    born = contact["created_at"]
    return contact["account_id"] is None, -born.timestamp() if born else 0.0, contact["contact_id"]


def _contact(contact: Row, changes: Sequence[Row]) -> _Contact:
    stays: list[_Stay] = []
    since = (EVER, EVER)
    for change in sorted(changes, key=lambda one: (one["changed_at"], one["change_id"])):
        stays.append(_Stay(*since, change["old_value"], contact["contact_id"]))
        since = (change["changed_at"], change["earliest_at"])
    stays.append(_Stay(*since, contact["account_id"], contact["contact_id"]))
    return _Contact(contact["created_at"] or EVER, contact.get("died_at"), stays)


def _turns(holders: Sequence[_Contact]) -> Iterator[_Stay]:
    """Stays of the contact that was the current one, in order; the first begins in 1970."""
    moments = {one.since for holder in holders for one in holder.stays}
    moments |= {moment for holder in holders for moment in (holder.born, holder.died) if moment is not None}
    first = min(holders, key=lambda one: one.born)
    for moment in sorted(moments):
        current = max((one for one in holders if one.exists(moment)), key=lambda one: one.born, default=first)
        stay = current.at(moment)
        yield stay if stay.since == moment else replace(stay, since=moment, earliest=moment)


def _periods(person_id: str, turns: Iterable[_Stay], left: Mapping[str, str], account_now: str | None) -> Iterator[dict[str, Any]]:
    named = list(dropwhile(lambda one: one.account is None, turns))
    accounts = [left.get(one.account or "") for one in named[:-1]] + [account_now]
    periods = [
        (stay, account)
        for place, (stay, account) in enumerate(zip(named, accounts, strict=False))
        if place == 0 or account != accounts[place - 1]
    ]
    if len(periods) < 2:
        return
    ends = [stay.since for stay, _account in periods[1:]]
    for place, (stay, account) in enumerate(periods):
        yield {
            "person_id": person_id,
            "from_at": stay.since if place else EVER,
            "until_at": ends[place] if place < len(ends) else None,
            "account_id": account,
            "decided_by": f"contact:{stay.contact}",
            "earliest_at": stay.earliest if place else EVER,
        }


def _by(rows: ibis.Table, key: str) -> dict[str, list[dict[str, Any]]]:
    by_key: dict[str, list[dict[str, Any]]] = {}
    for row in rows.to_pyarrow().to_pylist():
        by_key.setdefault(row[key], []).append(row)
    return by_key


def _stacked(*tables: ibis.Table) -> ibis.Table:
    return ibis.union(*(loosened(table) for table in tables))
