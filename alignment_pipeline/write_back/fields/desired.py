"""Reads the tables that a plan is made from: desired values, creates, and what the CRM had when it was last read.

Belongs here: rows to values, for the records a plan is about. What the columns mean: `contracts/field_updates.py`,
`contracts/staging_facts.py`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol, cast

import pyarrow as pa

from alignment_pipeline.errors import Permanent
from alignment_pipeline.journal.journal import stamp
from alignment_pipeline.write_back.fields.decide import NOT_READ, Unknown
from alignment_pipeline.write_back.fields.shape import Scalar

RecordKey = tuple[str, str]


class _Tabular(Protocol):
    def to_pyarrow(self) -> pa.Table: ...


@dataclass
class Desired:
    """What one record should say: field -> value, with the reason and priority of each."""

    object: str
    record_id: str
    values: dict[str, Scalar] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    priorities: dict[str, int] = field(default_factory=dict)
    parent_id: str | None = None

    def priority_of(self, names: Iterable[str]) -> int:
        """The most urgent of the changed fields."""
        return min((self.priorities.get(name, 100) for name in names), default=100)

    def reason_of(self, names: Iterable[str]) -> str:
        """The reason of the most urgent changed field."""
        chosen = min(names, key=lambda name: (self.priorities.get(name, 100), name), default="")
        return self.reasons.get(chosen, "")


@dataclass(frozen=True)
class DesiredCreate:
    """A record that should come to be exactly once."""

    object: str
    external_key: str
    values: Mapping[str, Scalar]
    reason: str
    priority: int
    parent_id: str | None
    people: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass
class Remote:
    """A record as the CRM had it when it was last read."""

    values: dict[str, Scalar] = field(default_factory=dict)
    known_at: dict[str, str] = field(default_factory=dict)
    modified_at: str | None = None

    def value(self, name: str, written_at: str | None) -> Scalar | Unknown:
        """The field's value; NOT_READ when it was not among those read, or was read before our last write (`written_at`)."""
        if name not in self.values:
            return NOT_READ
        if written_at is not None and self.known_at[name] < written_at:
            return NOT_READ
        return self.values[name]


def desired_records(field_updates: object) -> dict[RecordKey, Desired]:
    """(object, record) -> desired values. Raises Permanent when a field is desired twice or a value is no JSON scalar."""
    records: dict[RecordKey, Desired] = {}
    for row in _rows(field_updates, ("object", "record_id", "field", "value", "reason", "priority", "parent_id")):
        object_, record_id, name = row["object"], row["record_id"], row["field"]
        record = records.setdefault((object_, record_id), Desired(object_, record_id))
        if name in record.values:
            raise Permanent(f"field_updates holds {object_} {record_id} {name} twice; the key is object, record, field")
        record.values[name] = scalar(row["value"], f"{object_} {record_id} {name}")
        record.reasons[name] = row["reason"] or ""
        record.priorities[name] = int(row["priority"])
        record.parent_id = row["parent_id"] or record.parent_id
    return records


def desired_creates(record_creates: object) -> Iterator[DesiredCreate]:
    """The creates, by object and key."""
    names = ("object", "external_key", "values", "people", "reason", "priority", "parent_id")
    seen: set[RecordKey] = set()
    for row in sorted(_rows(record_creates, names), key=lambda row: (row["object"], row["external_key"])):
        key = (row["object"], row["external_key"])
        if key in seen:
            raise Permanent(f"record_creates holds {key[0]} {key[1]} twice; the key is object, external key")
        seen.add(key)
        values = json.loads(row["values"])
        checked = {name: _checked(value, f"{key[0]} {key[1]} {name}") for name, value in values.items()}
        people = {(object_, record_id): name for object_, record_id, name in json.loads(row["people"] or "[]")}
        yield DesiredCreate(*key, checked, row["reason"] or "", int(row["priority"]), row["parent_id"] or None, people)


def remote_records(crm_field_values: object, wanted: Container[RecordKey]) -> dict[RecordKey, Remote]:
    """(object, record) -> the record as last read, for the wanted records."""
    records: dict[RecordKey, Remote] = {}
    for row in _rows(crm_field_values, ("object", "record_id", "field", "value", "modified_at", "known_at")):
        key = (row["object"], row["record_id"])
        if key not in wanted:
            continue
        record = records.setdefault(key, Remote())
        record.values[row["field"]] = scalar(row["value"], f"{key[0]} {key[1]} {row['field']}")
        record.known_at[row["field"]] = _stamp(row["known_at"])
        record.modified_at = _stamp(row["modified_at"])
    return records


def known_states(crm_record_states: object, wanted: Container[RecordKey]) -> dict[RecordKey, str]:
    """(object, record) -> alive, deleted or converted, for the wanted records."""
    states: dict[RecordKey, str] = {}
    for row in _rows(crm_record_states, ("object", "record_id", "is_deleted", "survivor_id", "converted_to_id")):
        key = (row["object"], row["record_id"])
        if key in wanted:
            gone = row["is_deleted"] or row["survivor_id"] not in (None, row["record_id"])
            states[key] = "deleted" if gone else "converted" if row["converted_to_id"] else "alive"
    return states


def scalar(text: str | None, where: str) -> Scalar:
    """A JSON scalar; SQL null and JSON null are the same: empty."""
    if text is None:
        return None
    try:
        value = _plain(text) or json.loads(text)
    except ValueError as error:
        raise Permanent(f"{where}: {text[:40]!r} is no JSON value") from error
    return _checked(value, where)


def _plain(text: str) -> str | None:
    """The content of a JSON string without escapes, as most are; None for everything else."""
    inner = text[1:-1]
    is_plain = len(text) > 2 and text[0] == text[-1] == '"' and '"' not in inner and "\\" not in inner and inner.isprintable()
    return inner if is_plain else None


def _checked(value: Any, where: str) -> Scalar:
    if value is not None and not isinstance(value, str | int | float | bool):
        raise Permanent(f"{where}: a {type(value).__name__} where a single value belongs")
    if isinstance(value, float) and value.is_integer() and math.isfinite(value) and abs(value) < 2**53:
        return int(value)
    return value


def _rows(table: object, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    arrow = table if isinstance(table, pa.Table) else cast(_Tabular, table).to_pyarrow()
    for batch in arrow.select(list(names)).to_batches(max_chunksize=50_000):
        columns = [_values(batch.column(name)) for name in names]
        for values in zip(*columns, strict=True):
            yield dict(zip(names, values, strict=True))


def _values(column: pa.Array) -> list[Any]:
    """A column's values. Of moments there are few different ones, and making each anew takes most of the time."""
    if not pa.types.is_timestamp(column.type):
        return column.to_pylist()  # type: ignore[no-any-return]
    encoded = column.dictionary_encode()
    moments = encoded.dictionary.to_pylist()
    return [None if number is None else moments[number] for number in encoded.indices.to_pylist()]


@lru_cache(maxsize=4096)
def _stamp(moment: datetime) -> str:
    return stamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
