"""Writing the file of one bulk export, row by row, with its size and SHA-256.

Empty values are the text `null`, as in the vendor's files. Memory does not grow with the number of rows.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignment_pipeline.sandbox.marketo.activity_types import DELETE_LEAD
from alignment_pipeline.sandbox.marketo.export_request import ExportRequest
from alignment_pipeline.sandbox.marketo.records import MarketoRecords

EMPTY = "null"
_STRAY_EVERY = 10
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_STRAY_FIELDS = frozenset({"company", "title", "primaryAttributeValue"})


@dataclass(frozen=True)
class ExportFile:
    """A finished file."""

    path: Path
    rows: int
    size: int
    checksum: str


def write(request: ExportRequest, store: MarketoRecords, path: Path, *, now: int) -> ExportFile:
    """Write the file of `request` from what is visible at `now` (Unix seconds)."""
    records = _leads(request, store) if request.kind == "leads" else _activities(request, store, now)
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=request.delimiter, lineterminator="\n")
        writer.writerow(request.headers)
        for rows, record in enumerate(records, start=1):
            stray = store.settings.adds_stray_bytes and rows % _STRAY_EVERY == 0
            writer.writerow(_row(record, request.fields, stray))
    digest = hashlib.sha256()
    with path.open("rb") as file_again:
        while chunk := file_again.read(1 << 20):
            digest.update(chunk)
    return ExportFile(path, rows, path.stat().st_size, f"sha256:{digest.hexdigest()}")


def _row(record: Mapping[str, Any], fields: Sequence[str], stray: bool) -> list[str]:
    """The cells of one line; with `stray`, text of people ends in the NUL and carriage return that real files sometimes hold."""
    values = [record.get(field) for field in fields]
    cells = [value if type(value) is str else _text(value) for value in values]
    if stray:
        cells = [f"{cell}\x00\r" if field in _STRAY_FIELDS else cell for cell, field in zip(cells, fields, strict=True)]
    return cells


def _text(value: object) -> str:
    if value is None:
        return EMPTY
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _leads(request: ExportRequest, store: MarketoRecords) -> Iterator[Mapping[str, Any]]:
    with store.lock:
        leads = sorted(store.leads.values(), key=lambda lead: lead.lead_id)
        members = store.static_lists[request.list_id].lead_ids if request.list_id is not None else frozenset()
    for lead in leads:
        if request.list_id is not None:
            fits = lead.lead_id in members
        else:
            moment = lead.created if request.filter_type == "createdAt" else lead.changed
            fits = request.start is not None and request.end is not None and request.start <= moment <= request.end
        if fits:
            yield lead.values


def _activities(request: ExportRequest, store: MarketoRecords, now: int) -> Iterator[Mapping[str, Any]]:
    start, end = request.start or 0, request.end or 0
    for record in store.log.between(start, end, now=now, type_ids=request.type_ids, without=frozenset({DELETE_LEAD})):
        if request.primary_ids and record.get("primaryAttributeValueId") not in request.primary_ids:
            continue
        if request.primary_values and record.get("primaryAttributeValue") not in request.primary_values:
            continue
        attributes: object = record["attributes"]
        if not store.settings.exports_attributes_as_list:
            attributes = {entry["name"]: entry.get("value") for entry in record["attributes"]}
        record["attributes"] = _encode(attributes)
        record["actionResult"] = "succeeded"
        yield record
