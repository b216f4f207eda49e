"""Contacts that were on other accounts before, in raw tables: rows of the CRM's history, and a contact that was merged into another.

Belongs here: making such rows from an organisation's. What they mean: `matching/person_account_periods.py`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from alignment_pipeline.contracts import CONTRACTS

HISTORY, CONTACTS = "raw_salesforce_contact_changes", "raw_salesforce_contacts"
Row = dict[str, Any]


def moved(raw: Mapping[str, pa.Table], chance: random.Random, *, before: datetime, share: float = 0.3) -> dict[str, pa.Table]:
    """The tables with a history for some contacts: moved to their account up to three times in the last months, from its first account or
    from none, back too; and some merged into another one of the same address."""
    accounts = sorted(raw["raw_salesforce_accounts"]["record_id"].to_pylist())
    contacts = sorted(
        (row for row in raw[CONTACTS].to_pylist() if row["AccountId"] and not row["is_deleted"]), key=lambda one: one["record_id"]
    )
    history, merged = [], []
    for row in contacts:
        if chance.random() < share:
            on = row["AccountId"]
            for days in sorted(chance.sample(range(1, 200), chance.randint(1, 3))):
                was = chance.choice([one for one in (*accounts, None) if one != on])
                history.append(change(row["record_id"], was, on, before - timedelta(days=days)))
                on = was
        elif chance.random() < share / 5:
            merged.append(_loser(row, chance.choice(accounts), before - timedelta(days=chance.randint(1, 100))))
    return dict(raw) | {name: pa.concat_tables([raw[name], _table(name, rows)]) for name, rows in ((HISTORY, history), (CONTACTS, merged))}


def change(contact_id: str, old: str | None, new: str | None, at: datetime, known_at: datetime | None = None) -> Row:
    """One row of the contact's history."""
    usual: Row = dict.fromkeys(CONTRACTS[HISTORY].names)
    identity = f"017{contact_id[-9:]}{at:%j%H%M}"[:18]
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return usual | {
        "record_id": identity, "Id": identity, "ContactId": contact_id, "Field": "Account", "OldValue": old, "NewValue": new,
        "CreatedDate": stamp, "known_at": known_at or at, "modified_at": at, "is_reconstructed": False, "is_deleted": False,
        "row_hash": f"moved {identity}", "custom_fields": "{}",
    }  # fmt: skip


def _loser(row: Row, account_id: str, died: datetime) -> Row:
    """A contact on another account that was merged into this one."""
    identity = f"003MRG{row['record_id'][6:15]}AAA"
    known = {"known_at": died, "modified_at": died, "is_deleted": True, "row_hash": f"merged {identity}"}
    return row | known | {"record_id": identity, "Id": identity, "AccountId": account_id, "MasterRecordId": row["record_id"]}


def _table(name: str, rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=CONTRACTS[name].schema)
