"""Small tables for the tests of scoring and lifecycle: rows with the few columns that matter, the rest filled in.

Belongs here: factories only. The oracle: `oracle.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.contracts import CONTRACTS

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
_FILL: Mapping[pa.DataType, Any] = {
    pa.string(): "",
    pa.int64(): 0,
    pa.float64(): 0.0,
    pa.bool_(): False,
    pa.timestamp("us", tz="UTC"): datetime(2025, 1, 1, tzinfo=UTC),
}


def days_ago(days: float, hour: float = 8.0) -> datetime:
    """A moment on the day `days` days before NOW's day, at an hour."""
    return NOW.replace(hour=0) - timedelta(days=days) + timedelta(hours=hour)


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> ibis.Table:
    """A table of a contract; columns not given are null, or empty where the contract forbids null."""
    schema = CONTRACTS[name].schema
    filled = []
    for row in rows:
        unknown = set(row) - set(schema.names)
        assert not unknown, f"{name} has no column {unknown}"
        filled.append({field.name: row.get(field.name, None if field.nullable else _FILL.get(field.type)) for field in schema})
    return ibis.memtable(pa.Table.from_pylist(filled, schema=schema))


def account(account_id: str, **columns: Any) -> dict[str, Any]:
    return {"account_id": account_id, "ultimate_account_id": account_id, "name": account_id.title(), **columns}


def person(person_id: str, **columns: Any) -> dict[str, Any]:
    return {"person_id": person_id, **columns}


def record(person_id: str, source_key: str | None = None) -> dict[str, Any]:
    return {"source_key": source_key or person_id, "person_id": person_id, "object": "Marketo", "record_id": person_id, "is_alive": True}


def belongs(person_id: str, account_id: str) -> dict[str, Any]:
    return {"person_id": person_id, "account_id": account_id, "basis": "matched", "confidence": 1.0}


def activity(activity_id: str, person_id: str, activity_type: str, occurred_at: datetime, **columns: Any) -> dict[str, Any]:
    return {
        "activity_id": activity_id,
        "source_key": person_id,
        "system": "marketo",
        "activity_type": activity_type,
        "occurred_at": occurred_at,
        "known_at": columns.pop("known_at", occurred_at),
        **columns,
    }


def rows(expression: ibis.Table, *order: str) -> list[dict[str, Any]]:
    """Rows of an expression as dictionaries, sorted."""
    found = expression.to_pyarrow().to_pylist()
    return sorted(found, key=lambda row: tuple(str(row[name]) for name in order))
