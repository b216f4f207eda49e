"""Reading all streams of a system into the raw tables, once.

Belongs here: storing what a connector reads, and remembering how far it got. How a vendor is read: `connectors/`.
Order matters: rows are published before the watermark moves, so a crash in between reads them again and stores nothing twice.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from ibis import _

from alignment_pipeline.connectors import streams
from alignment_pipeline.connectors.streams import Reading, StreamReport
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import QuotaExhausted
from alignment_pipeline.installation import stream_states
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.staging import versions
from alignment_pipeline.warehouse.warehouse import Published, Warehouse

_SAME = ["record_id", "modified_at", "row_hash", "is_deleted"]


@dataclass(frozen=True)
class Stored:
    """One stream's reading and what it added to its raw table."""

    report: StreamReport
    published: Published


def store(
    readings: Sequence[Reading],
    *,
    system: str,
    warehouse: Warehouse,
    journal: Journal,
    sieve: Callable[[Iterable[pa.RecordBatch], str], Iterable[pa.RecordBatch]] = lambda batches, table: batches,
    report: Callable[[str, int], None] = lambda *_: None,
) -> list[Stored]:
    """Read every stream to its end and publish its new versions; a stream that fails raises and leaves its table as it was.

    A stream whose daily quota is used up waits for tomorrow with its job kept; the others are read first, then it raises.
    """
    stored = []
    waiting: QuotaExhausted | None = None
    for reading in readings:
        try:
            published = _append(reading, sieve(reading, reading.stream.table), warehouse)
            if reading.report.census is not None:
                _mark_gone(reading.report, warehouse)
        except QuotaExhausted as exhausted:
            waiting = waiting or exhausted
            continue
        warehouse.append("refused_rows", _refused(reading.report))
        stream_states.save(journal, system, reading.report.state)
        report(reading.stream.table, published.added)
        stored.append(Stored(reading.report, published))
    if waiting is not None:
        raise waiting
    return stored


def _refused(report: StreamReport) -> pa.Table:
    """What the connector could not make a raw row of, each once."""
    rows = {
        (one.record_id, one.row_hash): {
            "table_name": report.stream.table,
            "record_id": one.record_id,
            "reason": one.reason,
            "row_hash": one.row_hash,
            "known_at": report.started_at,
        }
        for one in report.quarantined
    }
    return pa.Table.from_pylist(list(rows.values()), schema=CONTRACTS["refused_rows"].schema)


def _mark_gone(report: StreamReport, warehouse: Warehouse) -> None:
    """A tombstone for each record that lives in the raw table and not in the vendor's census: it was deleted for good."""
    name, now = report.stream.table, report.started_at
    current = versions.living(warehouse.read(name), as_of=now + timedelta(days=1)).select("record_id").to_pyarrow()
    gone = sorted(set(current.column("record_id").to_pylist()) - (report.census or frozenset()))
    if not gone:
        return
    schema = CONTRACTS[name].schema
    rows = [
        {"record_id": one, "known_at": now, "is_reconstructed": False, "modified_at": now, "is_deleted": True, "row_hash": "gone"}
        for one in gone
    ]
    warehouse.append(name, pa.Table.from_pylist([dict.fromkeys(schema.names) | row for row in rows], schema=schema))


def _append(reading: Reading, batches: Iterable[pa.RecordBatch], warehouse: Warehouse) -> Published:
    name = reading.stream.table
    manifest = warehouse.manifest(name)
    if manifest is None or manifest.rows == 0:
        return warehouse.append(name, batches)
    return _append_new(name, batches, warehouse)


def _append_new(name: str, batches: Iterable[pa.RecordBatch], warehouse: Warehouse) -> Published:
    """Store only versions that the table does not end with already: an overlap reads rows again on purpose."""
    path = arrivals_path(warehouse.root, name)
    try:
        rows = spool(batches, path)
        if rows == 0:
            return warehouse.append(name, [])
        arrivals = warehouse.connection.read_parquet(str(path)).distinct(on=_SAME, keep="first")
        stored = warehouse.read(name)
        same = [
            arrivals.record_id == stored.record_id,
            arrivals.row_hash == stored.row_hash,
            arrivals.is_deleted == stored.is_deleted,
            arrivals.modified_at.identical_to(stored.modified_at),
        ]
        new = arrivals.anti_join(stored, same).order_by(_.record_id)
        return warehouse.append(name, new)
    finally:
        path.unlink(missing_ok=True)


def arrivals_path(folder: Path, table: str) -> Path:
    """A file of its own for rows of a raw table that are on their way."""
    return folder / f".arrivals-{table}-{secrets.token_hex(4)}.parquet"


def spool(batches: Iterable[pa.RecordBatch], path: Path) -> int:
    """Write the batches into a file that only we may read; how many rows there were. Without any there is no file."""
    writer: pq.ParquetWriter | None = None
    rows = 0
    try:
        for batch in batches:
            if batch.num_rows == 0:
                continue
            if writer is None:
                writer = pq.ParquetWriter(path, batch.schema, compression="zstd")
                path.chmod(0o600)
            writer.write_batch(batch)
            rows += batch.num_rows
    finally:
        if writer is not None:
            writer.close()
    return rows


def extraction_rows(stored: Sequence[Stored], *, run_id: str, system: str, total_calls: int) -> Iterator[dict[str, object]]:
    """Rows of the table `extractions`: one per stream that was asked for, and one for calls that all streams shared."""
    shared = total_calls - sum(one.report.calls for one in stored)
    if stored:
        yield _shared_row(stored[0].report, run_id=run_id, system=system, calls=shared)
    for one in stored:
        report = one.report
        if report.method == streams.LEFT_OUT:
            continue
        yield {
            "run_id": run_id,
            "system": system,
            "object": report.stream.object,
            "started_at": report.started_at,
            "watermark_at": report.state.watermark,
            "method": report.method,
            "rows": report.rows,
            "new_rows": one.published.added,
            "api_calls": report.calls,
            "missing_fields": json.dumps(list(report.missing_fields)),
            "note": report.note,
        }


def _shared_row(first: StreamReport, *, run_id: str, system: str, calls: int) -> dict[str, object]:
    return {
        "run_id": run_id,
        "system": system,
        "object": "(shared)",
        "started_at": first.started_at,
        "watermark_at": None,
        "method": "rest",
        "rows": 0,
        "new_rows": 0,
        "api_calls": calls,
        "missing_fields": "[]",
        "note": "logging in, lists of fields and checks, for all streams",
    }


def extractions_table(rows: Sequence[dict[str, object]]) -> pa.Table:
    """The rows in the contract's schema."""
    return pa.Table.from_pylist(list(rows), schema=CONTRACTS["extractions"].schema)
