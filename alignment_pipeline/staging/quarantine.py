"""What could not be read: counted, with table, record, column and reason, so that nothing is lost in silence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime

import ibis
import pyarrow as pa

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.staging import values, versions
from alignment_pipeline.staging.sources import SOURCES

REFUSED = "refused_rows"
_MISSING, _GIVEN = 1, 2
_REASONS = {
    "id": "is not a Salesforce id of 15 or 18 characters",
    "email": "is no e-mail address",
    "timestamp": "is not a moment in ISO 8601",
    "date": "is no date",
    "since": "is no date",
    "number": "is no finite number",
    "integer": "is no whole number",
    "flag": "is neither true nor false",
    "time": "is no time of day",
    "text": "is blank",
}


def quarantined_rows(raw: Mapping[str, ibis.Table], *, as_of: datetime) -> ibis.Table:
    """One row per raw row that could not be read as what its table promises.

    `raw` maps raw table names to their tables; tables without typed columns are passed over. A required value that is
    missing or unreadable drops its row (is_row_dropped); any other unreadable value becomes null.
    """
    schema = CONTRACTS["quarantined_rows"].schema
    quarantined = [row for name in sorted(set(raw) & set(SOURCES)) for row in _of_table(name, raw[name], as_of)]
    quarantined += _refused(raw[REFUSED], as_of) if REFUSED in raw else []
    return ibis.memtable(pa.Table.from_pylist(quarantined, schema=schema))


def _refused(refused: ibis.Table, as_of: datetime) -> list[dict[str, object]]:
    """Rows that never became raw rows, each once with the first moment they arrived."""
    known = refused.filter(refused.known_at <= ibis.literal(as_of).cast("timestamp('UTC')")).order_by("known_at").to_pyarrow().to_pylist()
    by_row: dict[tuple[str, str, str], dict[str, object]] = {}
    for row in known:
        key = (row["table_name"], row["record_id"], row["reason"])
        by_row.setdefault(
            key,
            {
                "table_name": row["table_name"],
                "record_id": row["record_id"],
                "column_name": "(row)",
                "reason": row["reason"],
                "is_row_dropped": True,
                "value_hash": row["row_hash"],
                "known_at": row["known_at"],
            },
        )
    return list(by_row.values())


def _of_table(name: str, raw: ibis.Table, as_of: datetime) -> Iterator[dict[str, object]]:
    """One pass over a table: only its rows with something unreadable leave the engine."""
    table = versions.living(raw, as_of=as_of)
    judged = {column: source for column, source in SOURCES[name].items() if source.required or source.kind != "text"}
    tests = {}
    for column, source in judged.items():
        value = table[source.field]
        given = values.text(value).notnull()
        unread = values.KINDS[source.kind](value).isnull()
        tests[column] = (unread if source.required else unread & given).ifelse(ibis.ifelse(given, _GIVEN, _MISSING), 0)
    fields = sorted({"record_id", "known_at"} | {source.field for source in judged.values()})
    flagged = table.select(*fields, **{f"test {column}": test for column, test in tests.items()})
    bad = flagged.filter(ibis.or_(*[flagged[f"test {column}"] > 0 for column in judged]))
    for row in bad.to_pyarrow().to_pylist():
        for column, source in judged.items():
            if row[f"test {column}"]:
                value = row[source.field]
                yield {
                    "table_name": name,
                    "record_id": row["record_id"] or "",
                    "column_name": source.field,
                    "reason": f"{column} {_REASONS[source.kind]}" if row[f"test {column}"] == _GIVEN else f"{column} is missing",
                    "is_row_dropped": source.required,
                    "value_hash": hashlib.sha256(value.encode()).hexdigest() if value else None,
                    "known_at": row["known_at"],
                }
