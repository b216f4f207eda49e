"""What a bulk export may ask for: fields, format, filter; checked when the job is created.

Running jobs is in `exports.py`, writing their files in `export_file.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from alignment_pipeline.sandbox.marketo.activity_types import DELETE_LEAD
from alignment_pipeline.sandbox.marketo.answers import Refusal
from alignment_pipeline.sandbox.marketo.records import MarketoRecords

ACTIVITY_FIELDS = (
    "marketoGUID",
    "leadId",
    "activityDate",
    "activityTypeId",
    "campaignId",
    "primaryAttributeValueId",
    "primaryAttributeValue",
    "attributes",
)
FURTHER_ACTIVITY_FIELDS = ("actionResult",)
DELIMITERS = {"CSV": ",", "TSV": "\t", "SSV": ";"}
MOST_PRIMARY_VALUES = 50
_LEAD_FILTERS = ("createdAt", "updatedAt", "staticListId", "staticListName", "smartListId", "smartListName")
_DATETIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)$")


@dataclass(frozen=True)
class ExportRequest:
    """A checked request. `start` and `end` are Unix seconds, both included; None without a date filter."""

    kind: str
    fields: tuple[str, ...]
    headers: tuple[str, ...]
    format: str
    filter_type: str
    start: int | None = None
    end: int | None = None
    list_id: int | None = None
    type_ids: frozenset[int] | None = None
    primary_ids: frozenset[int] = frozenset()
    primary_values: frozenset[str] = frozenset()

    @property
    def delimiter(self) -> str:
        return DELIMITERS[self.format]


def parse(kind: str, body: Mapping[str, Any], store: MarketoRecords) -> ExportRequest:
    """The request of a create call. Raises Refusal 1002, 1003, 1006 or 1035."""
    fields = _fields(kind, body, store)
    form = str(body.get("format") or "CSV")
    if form not in DELIMITERS:
        raise Refusal("1003", f"Invalid data: format '{form}' is none of {', '.join(DELIMITERS)}")
    names = body.get("columnHeaderNames") or {}
    if not isinstance(names, dict) or set(names) - set(fields):
        raise Refusal("1003", "Invalid data: columnHeaderNames names a field that is not exported")
    headers = tuple(str(names.get(field, field)) for field in fields)
    given = body.get("filter")
    if not isinstance(given, dict) or not given:
        raise Refusal("1002", "Missing value for the required parameter 'filter'")
    common: dict[str, Any] = {"kind": kind, "fields": fields, "headers": headers, "format": form}
    return ExportRequest(**common, **(_lead_filter(given, store) if kind == "leads" else _activity_filter(given, store)))


def _fields(kind: str, body: Mapping[str, Any], store: MarketoRecords) -> tuple[str, ...]:
    fields = body.get("fields")
    known = set(store.schema.by_name) if kind == "leads" else {*ACTIVITY_FIELDS, *FURTHER_ACTIVITY_FIELDS}
    if not fields:
        if kind == "leads":
            raise Refusal("1002", "Missing value for the required parameter 'fields'")
        return ACTIVITY_FIELDS
    if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
        raise Refusal("1003", "Invalid data: 'fields' is a list of names")
    for name in fields:
        if name not in known:
            raise Refusal("1006", f"Field '{name}' not found")
    return tuple(dict.fromkeys(fields))


def _lead_filter(given: Mapping[str, Any], store: MarketoRecords) -> dict[str, Any]:
    if len(given) != 1 or next(iter(given)) not in _LEAD_FILTERS:
        raise Refusal("1003", f"Invalid data: exactly one filter of {', '.join(_LEAD_FILTERS)} is allowed")
    kind, value = next(iter(given.items()))
    if kind.startswith("smartList") or (kind == "updatedAt" and not store.settings.supports_updated_at_filter):
        raise Refusal("1035", "Unsupported filter type for target subscription")
    if kind in ("createdAt", "updatedAt"):
        start, end = _range(kind, value, store.settings.export_range_days)
        return {"filter_type": kind, "start": start, "end": end}
    wanted = [one for one in store.static_lists.values() if value in (one.list_id, str(one.list_id), one.name)]
    if not wanted:
        raise Refusal("1003", f"Invalid data: no static list '{value}'")
    return {"filter_type": kind, "list_id": wanted[0].list_id}


def _activity_filter(given: Mapping[str, Any], store: MarketoRecords) -> dict[str, Any]:
    unknown = set(given) - {"createdAt", "activityTypeIds", "primaryAttributeValueIds", "primaryAttributeValues"}
    if unknown:
        raise Refusal("1003", f"Invalid data: unknown filter {', '.join(sorted(unknown))}")
    start, end = _range("createdAt", given.get("createdAt"), store.settings.export_range_days)
    type_ids = _integers("activityTypeIds", given.get("activityTypeIds"))
    if type_ids is not None and DELETE_LEAD in type_ids:
        raise Refusal("1003", "Invalid data: Delete Lead is not exported; use activities/deletedleads.json")
    ids = _integers("primaryAttributeValueIds", given.get("primaryAttributeValueIds")) or frozenset()
    named = given.get("primaryAttributeValues") or []
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise Refusal("1003", "Invalid data: 'primaryAttributeValues' is a list of names")
    values = frozenset(named)
    if ids and values:
        raise Refusal("1003", "Invalid data: primaryAttributeValueIds and primaryAttributeValues exclude each other")
    if max(len(ids), len(values)) > MOST_PRIMARY_VALUES:
        raise Refusal("1003", f"Invalid data: at most {MOST_PRIMARY_VALUES} primary attribute values are allowed")
    if (ids or values) and not type_ids:
        raise Refusal("1003", "Invalid data: a filter by primary attribute needs activityTypeIds")
    return {"filter_type": "createdAt", "start": start, "end": end, "type_ids": type_ids, "primary_ids": ids, "primary_values": values}


def _integers(name: str, given: object) -> frozenset[int] | None:
    if given is None or given == []:
        return None
    if not isinstance(given, list) or not all(type(item) is int and abs(item) < 2**63 for item in given):
        raise Refusal("1003", f"Invalid data: '{name}' is a list of whole numbers")
    return frozenset(given)


def _range(name: str, given: object, most_days: int) -> tuple[int, int]:
    if not isinstance(given, dict):
        raise Refusal("1002", f"Missing value for the required parameter '{name}'")
    start, end = (_moment(name, edge, given.get(edge)) for edge in ("startAt", "endAt"))
    if end < start:
        raise Refusal("1003", f"Invalid data: {name} endAt is before startAt")
    if end - start > timedelta(days=most_days):
        raise Refusal("1003", f"Invalid data: {name} date range is longer than {most_days} days")
    return int(start.timestamp()), int(end.timestamp())


def _moment(name: str, edge: str, value: object) -> datetime:
    if not value:
        raise Refusal("1002", f"Missing value for the required parameter '{name}.{edge}'")
    if not isinstance(value, str) or not _DATETIME.match(value):
        raise Refusal("1003", f"Invalid data: {name} {edge} '{value}' is no ISO 8601 datetime without milliseconds")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal("1003", f"Invalid data: {name} {edge} '{value}' is no datetime") from None
