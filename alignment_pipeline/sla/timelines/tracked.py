"""What the CRM says of records: the values they have now, and the changes of the fields that histories follow.

Belongs here: which field of which object means what, and values as one kind of text. Values over time: `sla/timelines/histories.py`.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.sla.arrays import fetch, text
from alignment_pipeline.sla.timelines.sources import Sources

FIELDS: tuple[str, ...] = ("owner", "status", "disposition", "reject_code", "hold", "hold_reason", "loss_reason")
_STANDARD = {"Owner": "owner", "OwnerId": "owner", "Status": "status"}
_MEANINGS = {
    "disposition": "disposition",
    "reject_code": "reject_code",
    "is_on_hold": "hold",
    "hold_reason": "hold_reason",
    "loss_reason": "loss_reason",
}


def input_fields(crm: Crm, object_: str) -> dict[str, str]:
    """API name -> our field, for the fields of one object that make histories."""
    mine = [mapping for mapping in crm.inputs if mapping.object == object_ and mapping.meaning in _MEANINGS]
    return {**_STANDARD, **{mapping.field: _MEANINGS[mapping.meaning] for mapping in mine}}


_NOW_COLUMNS = {
    "Lead": ("leads", "lead_id", ("owner_id", "status", "disposition", "reject_code", "is_on_hold", "hold_reason", None)),
    "Contact": ("contacts", "contact_id", ("owner_id", None, "disposition", "reject_code", "is_on_hold", "hold_reason", None)),
    "Account": ("accounts", "account_id", ("owner_id", None, None, None, None, None, None)),
    "Opportunity": ("opportunities", "opportunity_id", ("owner_id", None, None, None, None, None, "loss_reason")),
}


def records(sources: Sources, objects: tuple[str, ...]) -> pa.Table:
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


def changes(sources: Sources, crm: Crm, objects: tuple[str, ...]) -> pa.Table:
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
