"""Raw rows as the connectors store them, and ids that look like Salesforce's: a test names only what matters to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.connectors.salesforce.identifiers import id18
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.systems.registry import STREAMS

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_STREAMS = {stream.table: stream for stream in STREAMS}
_ZERO: dict[str, Any] = {
    "string": "",
    "int64": 0,
    "float64": 0.0,
    "boolean": False,
    "timestamp": NOW - timedelta(days=30),
    "date": NOW.date(),
    "json": "null",
}
_USUAL = {
    "CreatedDate": "2026-01-05T08:00:00.000Z",
    "createdAt": "2026-01-05T08:00:00Z",
    "Name": "Somebody",
    "StageName": "Prospecting",
    "submittedAt": "2026-11-10T10:00:00.000Z",
    "created": "2026-11-10T10:00:00.000Z",
    "activityDate": "2026-11-01T08:00:00Z",
    "activityTypeId": "1",
}


def lead(number: int) -> str:
    """Id of a lead."""
    return id18(f"00Q{number:012d}")


def contact(number: int) -> str:
    """Id of a contact."""
    return id18(f"003{number:012d}")


def account(number: int) -> str:
    """Id of an account."""
    return id18(f"001{number:012d}")


def opportunity(number: int) -> str:
    """Id of an opportunity."""
    return id18(f"006{number:012d}")


def user(number: int) -> str:
    """Id of a user."""
    return id18(f"005{number:012d}")


def days_ago(days: float) -> datetime:
    """A moment before NOW."""
    return NOW - timedelta(days=days)


def raw_row(table: str, record_id: str | None, *, custom: Mapping[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    """One raw row: vendor fields as text, the meta columns by their own names; what is not named is usual or null."""
    stream = _STREAMS[table]
    own = {name: given.pop(name) for name in ("known_at", "modified_at", "is_deleted", "row_hash") if name in given}
    unknown = set(given) - set(stream.fields)
    assert not unknown, f"{table} has no field {sorted(unknown)}"
    fields = {name: given.get(name, _USUAL.get(name)) for name in stream.fields}
    for name in ("Id", "id", "marketoGUID"):
        if name in fields:
            fields[name] = record_id
    modified = own.get("modified_at", days_ago(2))
    return {
        **fields,
        "record_id": record_id if record_id is not None else "",
        "known_at": own.get("known_at", modified or days_ago(2)),
        "is_reconstructed": False,
        "modified_at": modified,
        "is_deleted": own.get("is_deleted", False),
        "row_hash": own.get("row_hash") or hashlib.sha256(json.dumps([fields, custom], sort_keys=True).encode()).hexdigest()[:16],
        "custom_fields": json.dumps(dict(custom)) if custom is not None else "{}",
    }


def raw(table: str, *rows: Mapping[str, Any]) -> ibis.Table:
    """A raw table of such rows."""
    return ibis.memtable(pa.Table.from_pylist([dict(row) for row in rows], schema=CONTRACTS[table].schema))


def staged(name: str, rows: Iterable[Mapping[str, Any]]) -> ibis.Table:
    """A table of a contract; columns not given are null, or zero where the contract forbids null."""
    contract = CONTRACTS[name]
    filled = []
    for row in rows:
        unknown = set(row) - set(contract.names)
        assert not unknown, f"{name} has no column {sorted(unknown)}"
        filled.append({one.name: row.get(one.name, None if one.nullable else _ZERO[one.type]) for one in contract.columns})
    return ibis.memtable(pa.Table.from_pylist(filled, schema=contract.schema))


def rows(expression: ibis.Table, *order: str) -> list[dict[str, Any]]:
    """Rows as dictionaries, sorted."""
    found = expression.to_pyarrow().to_pylist()
    return sorted(found, key=lambda row: tuple(str(row[name]) for name in order)) if order else found


def one(expression: ibis.Table) -> dict[str, Any]:
    """The only row."""
    found = rows(expression)
    assert len(found) == 1, found
    return found[0]
