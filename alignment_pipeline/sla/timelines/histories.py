"""Histories: the values that a record's fields had over time, for many records at once.

Belongs here: owner, status, disposition, reject code, hold and loss reason of leads, contacts, accounts and opportunities, from
their changes and their values now. Whose history counts for a person at a moment: `sla/timelines.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.sla.calendars import NEVER
from alignment_pipeline.sla.timelines.groups import begins, finishes
from alignment_pipeline.sla.timelines.sources import Sources, codes, fetch, micros, text

Ints = np.ndarray

FIELDS: tuple[str, ...] = ("owner", "status", "disposition", "reject_code", "hold", "hold_reason", "loss_reason")
_STANDARD = {"Owner": "owner", "OwnerId": "owner", "Status": "status"}
_MEANINGS = {
    "disposition": "disposition",
    "reject_code": "reject_code",
    "is_on_hold": "hold",
    "hold_reason": "hold_reason",
    "loss_reason": "loss_reason",
}
NOTHING = -1
"""Code of an empty value."""


@dataclass(frozen=True)
class Histories:
    """Rows of states: record `record[i]` had `values[field][i]` (codes of `vocabulary`, NOTHING when empty) from `begin[i]` to `end[i]`.

    `begin` may be -NEVER where the record's creation is unknown. `is_first` marks a record's first row; `is_known_start` those
    whose creation is known. `earliest` is the earliest moment at which the row's change may have happened.
    """

    keys: pa.Array
    record: Ints
    begin: Ints
    end: Ints
    earliest: Ints
    change_ids: pa.ChunkedArray
    values: Mapping[str, Ints]
    vocabulary: pa.Array
    created: Ints
    ended: Ints
    is_converted: Ints

    @property
    def is_first(self) -> Ints:
        """Whether each row is its record's first."""
        return begins(self.record)

    def code(self, value: str | None) -> int:
        """Code of a value as the rows hold it, NOTHING for empty and unseen ones."""
        found = pc.index(self.vocabulary, value).as_py() if value else NOTHING
        return int(found)

    def matching(self, wanted: list[str]) -> Ints:
        """Flag per code of the vocabulary (and a last False for NOTHING): the value is one of `wanted`, any case."""
        lowered = pc.utf8_lower(pc.utf8_trim_whitespace(self.vocabulary))
        flags = pc.is_in(lowered, value_set=pa.array([value.strip().lower() for value in wanted], pa.string()))
        return np.append(pc.fill_null(flags, False).to_numpy(zero_copy_only=False), False)


def input_fields(crm: Crm, object_: str) -> dict[str, str]:
    """API name -> our field, for the fields of one object that make histories."""
    mine = [mapping for mapping in crm.inputs if mapping.object == object_ and mapping.meaning in _MEANINGS]
    return {**_STANDARD, **{mapping.field: _MEANINGS[mapping.meaning] for mapping in mine}}


def histories(sources: Sources, *, crm: Crm, objects: tuple[str, ...]) -> Histories:
    """States over time of all records of these objects (Lead, Contact, Account, Opportunity), keyed as lead:00Q..., account:001...

    A field's first value is what its first change replaced; without any change it is today's value. A value that is there
    today though no change tells since when (tracking off, never seen to change) may have come at any moment from the
    record's creation to its last modification: such rows begin at the latter, with the former as `earliest`.
    """
    records = _records(sources, objects)
    changes = _changes(sources, crm, objects)
    keys = pc.unique(pa.chunked_array([*records["key"].chunks, *changes["key"].chunks], type=pa.string()))
    keys = keys.take(pc.sort_indices(keys))
    size = len(keys)
    place = codes(records["key"], keys)
    created = np.full(size, -NEVER, dtype=np.int64)
    ended = np.full(size, NEVER, dtype=np.int64)
    modified = np.full(size, -NEVER, dtype=np.int64)
    created[place], ended[place], modified[place] = (
        micros(records["created_at"], -NEVER), micros(records["ended_at"]), micros(records["modified_at"], -NEVER),
    )  # fmt: skip
    is_read, is_converted = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    is_read[place] = records["is_read"].to_numpy(zero_copy_only=False)
    is_converted[place] = is_read[place] & (ended[place] != NEVER)
    chunks = [chunk for column in (*(records[name] for name in FIELDS), changes["old"], changes["new"]) for chunk in column.chunks]
    _date_births(sources, objects, keys, created)
    vocabulary = pc.unique(pa.chunked_array(chunks, type=pa.string()))
    vocabulary = vocabulary.filter(pc.is_valid(vocabulary))
    now = {name: np.full(size, NOTHING, dtype=np.int64) for name in FIELDS}
    for name in FIELDS:
        now[name][place] = codes(records[name], vocabulary)

    record, field = codes(changes["key"], keys), codes(changes["field"], pa.array(FIELDS))
    at, earliest = micros(changes["at"]), micros(changes["earliest"])
    old, new = codes(changes["old"], vocabulary), codes(changes["new"], vocabulary)
    ids = changes["id"]
    at = np.maximum(at, created[record])
    initial = {name: values.copy() for name, values in now.items()}
    extra: list[tuple[Ints, int, Ints, Ints, Ints]] = []
    for number, name in enumerate(FIELDS):
        mine = np.flatnonzero(field == number)
        has = np.zeros(size, dtype=bool)
        if len(mine):
            first = mine[begins(record[mine])]
            last = mine[finishes(record[mine])]
            initial[name][record[first]] = old[first]
            has[record[mine]] = True
            stale = last[is_read[record[last]] & (new[last] != now[name][record[last]])]
            if len(stale):
                who = record[stale]
                extra.append((who, number, np.maximum(modified[who], at[stale]), at[stale], now[name][who]))
        if name != "owner":
            silent = np.flatnonzero(~has & is_read & (now[name] != NOTHING))
            initial[name][silent] = NOTHING
            extra.append((silent, number, np.maximum(modified[silent], created[silent]), created[silent], now[name][silent]))
    for who, number, when, since, value in extra:
        record, field = np.append(record, who), np.append(field, np.full(len(who), number))
        at, earliest, new = np.append(at, when), np.append(earliest, since), np.append(new, value)
    added = sum(len(who) for who, *_ in extra)
    ids = pa.chunked_array([*ids.chunks, pa.nulls(added, pa.string())], type=pa.string())
    return _folded(keys, vocabulary, created, ended, is_converted, initial, record, field, at, earliest, new, ids)


def _date_births(sources: Sources, objects: tuple[str, ...], keys: pa.Array, created: Ints) -> None:
    """Fill in when deleted records were created, where their history or the lead they were converted from tells."""
    table = sources.record_changes
    births = fetch(table.filter(table.object.isin(list(objects)) & (table.field == "created")), "object", "record_id", "changed_at")
    found = [(pc.binary_join_element_wise(pc.utf8_lower(text(births["object"])), text(births["record_id"]), ":"), births["changed_at"])]
    if "Contact" in objects:
        leads = fetch(sources.leads, "converted_contact_id", "converted_at")
        found.append((pc.binary_join_element_wise("contact", text(leads["converted_contact_id"]), ":"), leads["converted_at"]))
    for named, moments in found:
        place, at = codes(named, keys), micros(moments)
        late = np.flatnonzero((place != NOTHING) & (at < NEVER))
        late = late[created[place[late]] == -NEVER]
        created[place[late]] = at[late]


def _folded(
    keys: pa.Array, vocabulary: pa.Array, created: Ints, ended: Ints, is_converted: Ints, initial: Mapping[str, Ints],
    record: Ints, field: Ints, at: Ints, earliest: Ints, new: Ints, ids: pa.ChunkedArray,
) -> Histories:  # fmt: skip
    """Put a first row before each record's changes and carry values forward."""
    size = len(keys)
    record = np.append(np.arange(size), record)
    begin = np.append(created, at)
    field = np.append(np.full(size, NOTHING), field)
    new = np.append(np.full(size, NOTHING), new)
    earliest = np.append(created, earliest)
    order = np.lexsort((np.arange(len(record)), begin, np.where(field == NOTHING, 0, 1), record))
    record, begin, field, new, earliest = record[order], begin[order], field[order], new[order], earliest[order]
    all_ids = pa.chunked_array([pa.nulls(size, pa.string()), *ids.chunks], type=pa.string()).combine_chunks()
    begin = np.maximum(begin, created[record])
    row = np.arange(len(record))
    values: dict[str, Ints] = {}
    for number, name in enumerate(FIELDS):
        is_set = (field == number) | (field == NOTHING)
        value = np.where(field == NOTHING, initial[name][record], new)
        values[name] = value[np.maximum.accumulate(np.where(is_set, row, 0))] if len(row) else value
    end = ended[record].copy()
    same = np.flatnonzero(record[1:] == record[:-1])
    end[same] = np.minimum(begin[same + 1], ended[record[same]])
    taken = all_ids.take(pa.array(order)) if len(order) else all_ids
    return Histories(
        keys, record, begin, end, np.minimum(earliest, begin), pa.chunked_array([taken]), values, vocabulary, created, ended, is_converted
    )


_NOW_COLUMNS = {
    "Lead": ("leads", "lead_id", ("owner_id", "status", "disposition", "reject_code", "is_on_hold", "hold_reason", None)),
    "Contact": ("contacts", "contact_id", ("owner_id", None, "disposition", "reject_code", "is_on_hold", "hold_reason", None)),
    "Account": ("accounts", "account_id", ("owner_id", None, None, None, None, None, None)),
    "Opportunity": ("opportunities", "opportunity_id", ("owner_id", None, None, None, None, None, "loss_reason")),
}


def _records(sources: Sources, objects: tuple[str, ...]) -> pa.Table:
    """One row per record: key, created_at, ended_at, modified_at, values now. Deleted records come with their end alone."""
    parts = []
    for object_ in objects:
        table, id_column, now = _NOW_COLUMNS[object_]
        wanted = [id_column, "created_at", "modified_at", *(name for name in now if name)]
        if object_ == "Lead":
            wanted += ["is_converted", "converted_at"]
        rows = fetch(getattr(sources, table), *wanted)
        ended = pa.nulls(len(rows), pa.timestamp("us", tz="UTC"))
        if object_ == "Lead":
            converted_at = pc.coalesce(rows["converted_at"], rows["modified_at"])
            ended = pc.if_else(rows["is_converted"], converted_at, pa.scalar(None, converted_at.type))
        parts.append(_record_part(object_, rows, id_column, ended, [rows[name] if name else None for name in now], is_read=True))
    states = fetch(sources.record_states, "object", "record_id", "is_deleted", "modified_at")
    read = pa.chunked_array([chunk for part in parts for chunk in part["key"].chunks], type=pa.string())
    for object_ in objects:
        gone = states.filter(pc.and_(pc.equal(states["object"], object_), states["is_deleted"]))
        part = _record_part(object_, gone.append_column("created_at", pa.nulls(len(gone), pa.timestamp("us", tz="UTC"))), "record_id",
                            gone["modified_at"], [None] * len(FIELDS), is_read=False)  # fmt: skip
        parts.append(part.filter(pc.invert(pc.is_in(part["key"], value_set=read.combine_chunks()))))
    return pa.concat_tables(parts).combine_chunks()


def _record_part(
    object_: str, rows: pa.Table, id_column: str, ended: pa.Array | pa.ChunkedArray, now: list[pa.ChunkedArray | None], *, is_read: bool
) -> pa.Table:
    moment = pa.timestamp("us", tz="UTC")
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        "key": pc.binary_join_element_wise(object_.lower(), text(rows[id_column]), ":"),
        "created_at": rows["created_at"].cast(moment),
        "ended_at": ended.cast(moment),
        "modified_at": rows["modified_at"].cast(moment),
        "is_read": pa.array([is_read] * len(rows), pa.bool_()),
    }
    for name, column in zip(FIELDS, now, strict=True):
        columns[name] = pa.nulls(len(rows), pa.string()) if column is None else _plain(column)
    return pa.table(columns)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values as text; a checkbox is 'true' or empty, an empty text is empty."""
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, pa.scalar("true"), pa.scalar(None, pa.string()))
    trimmed = pc.utf8_trim_whitespace(text(column))
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _changes(sources: Sources, crm: Crm, objects: tuple[str, ...]) -> pa.Table:
    """Changes of the fields we follow, sorted by record and time; ids of owners only (history tracking also tells their names)."""
    table = sources.record_changes
    names = ("object", "record_id", "field", "old_value", "new_value", "changed_at", "earliest_at", "change_id")
    fields_of = {object_: input_fields(crm, object_) for object_ in objects}
    every = sorted({field for fields in fields_of.values() for field in fields})
    rows = fetch(table.filter(table.object.isin(list(objects)) & table.field.isin(every)), *names)
    parts = []
    for object_, fields in fields_of.items():
        mine = rows.filter(pc.equal(text(rows["object"]), object_))
        place = pc.index_in(text(mine["field"]), value_set=pa.array(list(fields)))
        mine = mine.append_column("ours", pc.take(pa.array(list(fields.values())), place)).filter(pc.is_valid(place))
        old, new = (_change_value(mine["ours"], _plain(mine[name])) for name in ("old_value", "new_value"))
        part = pa.table(
            {
                "key": pc.binary_join_element_wise(object_.lower(), text(mine["record_id"]), ":"),
                "field": mine["ours"], "old": old, "new": new,
                "at": mine["changed_at"], "earliest": pc.coalesce(mine["earliest_at"], mine["changed_at"]), "id": text(mine["change_id"]),
            }
        )  # fmt: skip
        is_name = pc.and_(pc.equal(part["field"], "owner"), pc.and_(pc.is_null(part["old"]), pc.is_null(part["new"])))
        parts.append(part.filter(pc.invert(is_name)))
    whole = pa.concat_tables(parts)
    return whole.sort_by([("key", "ascending"), ("at", "ascending"), ("id", "ascending")]).combine_chunks()


def _change_value(field: pa.ChunkedArray, value: pa.ChunkedArray) -> pa.ChunkedArray:
    nothing = pa.scalar(None, pa.string())
    is_id = pc.match_substring_regex(value, "^(005|00G)[A-Za-z0-9]{12,15}$")
    value = pc.if_else(pc.and_(pc.equal(field, "owner"), pc.invert(pc.fill_null(is_id, False))), nothing, value)
    is_off = pc.is_in(pc.utf8_lower(value), value_set=pa.array(["false", "0", "no"]))
    value = pc.if_else(pc.and_(pc.equal(field, "hold"), pc.fill_null(is_off, False)), nothing, value)
    return pc.if_else(pc.and_(pc.equal(field, "hold"), pc.is_valid(value)), pa.scalar("true"), value)
