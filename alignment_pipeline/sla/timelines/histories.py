"""Histories: the values that a record's fields had over time, for many records at once.

Belongs here: owner, status, disposition, reject code, hold and loss reason of leads, contacts, accounts and opportunities, from
their changes and their values now (`tracked.py`). Whose history counts for a person at a moment: `sla/timelines/timelines.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.sla.arrays import NEVER, NOTHING, Flags, Ints, codes, fetch, micros, text
from alignment_pipeline.sla.timelines import tracked
from alignment_pipeline.sla.timelines.groups import begins, finishes, last_set
from alignment_pipeline.sla.timelines.sources import Sources
from alignment_pipeline.sla.timelines.tracked import FIELDS


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
    is_converted: Flags

    @property
    def is_first(self) -> Flags:
        """Whether each row is its record's first."""
        return begins(self.record)

    def code(self, value: str | None) -> int:
        """Code of a value as the rows hold it, NOTHING for empty and unseen ones."""
        code = pc.index(self.vocabulary, value).as_py() if value else NOTHING
        return int(code)

    def matching(self, wanted: list[str]) -> Flags:
        """Flag per code of the vocabulary (and a last False for NOTHING): the value is one of `wanted`, any case."""
        lowered = pc.utf8_lower(pc.utf8_trim_whitespace(self.vocabulary))
        flags = pc.is_in(lowered, value_set=pa.array([value.strip().lower() for value in wanted], pa.string()))
        return np.append(pc.fill_null(flags, False).to_numpy(zero_copy_only=False), False)


def histories(sources: Sources, *, crm: Crm, objects: tuple[str, ...]) -> Histories:
    """States over time of all records of these objects (Lead, Contact, Account, Opportunity), keyed as lead:00Q..., account:001...

    A field's first value is what its first change replaced; without any change it is today's value. A value that is there
    today though no change tells since when (tracking off, never seen to change) may have come at any moment from the
    record's creation to its last modification: such rows begin at the latter, with the former as `earliest`.
    """
    read, changed = tracked.records(sources, objects), tracked.changes(sources, crm, objects)
    records = _Records.of(read, changed)
    _date_births(sources, objects, records)
    changes = _Changes.of(changed, records)
    initial, untracked = _initial(records, changes)
    return _folded(records, initial, changes.joined(untracked))


@dataclass(frozen=True)
class _Records:
    """All records, each at its place in `keys`, with the codes of the values they have now. `is_read` are those that still live."""

    keys: pa.Array
    vocabulary: pa.Array
    created: Ints
    ended: Ints
    modified: Ints
    is_read: Flags
    is_converted: Flags
    now: Mapping[str, Ints]

    @classmethod
    def of(cls, read: pa.Table, changed: pa.Table) -> _Records:
        keys = pc.unique(pa.chunked_array([*read["key"].chunks, *changed["key"].chunks], type=pa.string()))
        keys = keys.take(pc.sort_indices(keys))
        size, place = len(keys), codes(read["key"], keys)
        chunks = [chunk for column in (*(read[name] for name in FIELDS), changed["old"], changed["new"]) for chunk in column.chunks]
        vocabulary = pc.unique(pa.chunked_array(chunks, type=pa.string()))
        vocabulary = vocabulary.filter(pc.is_valid(vocabulary))

        def placed(values: Ints, missing: int) -> Ints:
            out = np.full(size, missing, dtype=np.int64)
            out[place] = values
            return out

        ended = placed(micros(read["ended_at"]), NEVER)
        is_read = np.zeros(size, dtype=np.bool_)
        is_read[place] = read["is_read"].to_numpy(zero_copy_only=False)
        return cls(
            keys=keys,
            vocabulary=vocabulary,
            created=placed(micros(read["created_at"], -NEVER), -NEVER),
            ended=ended,
            modified=placed(micros(read["modified_at"], -NEVER), -NEVER),
            is_read=is_read,
            is_converted=is_read & (ended != NEVER),
            now={name: placed(codes(read[name], vocabulary), NOTHING) for name in FIELDS},
        )


@dataclass(frozen=True)
class _Changes:
    """Changes of fields: of which record, which field (its place in FIELDS), when, from and to which codes."""

    record: Ints
    field: Ints
    at: Ints
    earliest: Ints
    old: Ints
    new: Ints
    ids: pa.ChunkedArray

    @classmethod
    def of(cls, changed: pa.Table, records: _Records) -> _Changes:
        record = codes(changed["key"], records.keys)
        return cls(
            record=record,
            field=codes(changed["field"], pa.array(FIELDS)),
            at=np.maximum(micros(changed["at"]), records.created[record]),
            earliest=micros(changed["earliest"]),
            old=codes(changed["old"], records.vocabulary),
            new=codes(changed["new"], records.vocabulary),
            ids=changed["id"],
        )

    @classmethod
    def untracked(cls, record: Ints, field: int, *, at: Ints, earliest: Ints, new: Ints) -> _Changes:
        """Changes that no history tells of: a value is there, so at some moment it came."""
        nothing = np.full(len(record), NOTHING, dtype=np.int64)
        ids = pa.chunked_array([pa.nulls(len(record), pa.string())], type=pa.string())
        return cls(record, np.full(len(record), field, dtype=np.int64), at, earliest, nothing, new, ids)

    def joined(self, others: list[_Changes]) -> _Changes:
        """These changes and the others after them."""
        parts = [self, *others]
        arrays = {
            name: np.concatenate([getattr(part, name) for part in parts]) for name in ("record", "field", "at", "earliest", "old", "new")
        }
        ids = pa.chunked_array([chunk for part in parts for chunk in part.ids.chunks], type=pa.string())
        return _Changes(**arrays, ids=ids)


def _initial(records: _Records, changes: _Changes) -> tuple[dict[str, Ints], list[_Changes]]:
    """Codes of each field's first value, and the changes that must have happened though none was tracked."""
    initial = {name: values.copy() for name, values in records.now.items()}
    untracked: list[_Changes] = []
    for number, name in enumerate(FIELDS):
        now = records.now[name]
        of_field = np.flatnonzero(changes.field == number)
        has_change = np.zeros(len(records.keys), dtype=np.bool_)
        if len(of_field):
            first, last = of_field[begins(changes.record[of_field])], of_field[finishes(changes.record[of_field])]
            initial[name][changes.record[first]] = changes.old[first]
            has_change[changes.record[of_field]] = True
            stale = last[records.is_read[changes.record[last]] & (changes.new[last] != now[changes.record[last]])]
            if len(stale):
                record, since = changes.record[stale], changes.at[stale]
                at = np.maximum(records.modified[record], since)
                untracked.append(_Changes.untracked(record, number, at=at, earliest=since, new=now[record]))
        if name != "owner":
            record = np.flatnonzero(~has_change & records.is_read & (now != NOTHING))
            initial[name][record] = NOTHING
            at = np.maximum(records.modified[record], records.created[record])
            untracked.append(_Changes.untracked(record, number, at=at, earliest=records.created[record], new=now[record]))
    return initial, untracked


def _date_births(sources: Sources, objects: tuple[str, ...], records: _Records) -> None:
    """Fill in when deleted records were created, where their history or the lead they were converted from tells."""
    table = sources.record_changes
    births = fetch(table.filter(table.object.isin(list(objects)) & (table.field == "created")), "object", "record_id", "changed_at")
    dated = [(pc.binary_join_element_wise(pc.utf8_lower(text(births["object"])), text(births["record_id"]), ":"), births["changed_at"])]
    if "Contact" in objects:
        leads = fetch(sources.leads, "converted_contact_id", "converted_at")
        dated.append((pc.binary_join_element_wise("contact", text(leads["converted_contact_id"]), ":"), leads["converted_at"]))
    for named, moments in dated:
        place, at = codes(named, records.keys), micros(moments)
        late = np.flatnonzero((place != NOTHING) & (at < NEVER))
        late = late[records.created[place[late]] == -NEVER]
        records.created[place[late]] = at[late]


def _folded(records: _Records, initial: Mapping[str, Ints], changes: _Changes) -> Histories:
    """Put a first row before each record's changes and carry values forward."""
    size = len(records.keys)
    nothing = np.full(size, NOTHING, dtype=np.int64)
    record = np.append(np.arange(size), changes.record)
    begin = np.append(records.created, changes.at)
    field, new = np.append(nothing, changes.field), np.append(nothing, changes.new)
    earliest = np.append(records.created, changes.earliest)
    order = np.lexsort((np.arange(len(record)), begin, np.where(field == NOTHING, 0, 1), record))
    record, begin, field, new, earliest = record[order], begin[order], field[order], new[order], earliest[order]
    ids = pa.chunked_array([pa.nulls(size, pa.string()), *changes.ids.chunks], type=pa.string()).combine_chunks()
    begin = np.maximum(begin, records.created[record])
    values: dict[str, Ints] = {}
    for number, name in enumerate(FIELDS):
        value = np.where(field == NOTHING, initial[name][record], new)
        values[name] = value[last_set((field == number) | (field == NOTHING))]
    end = records.ended[record].copy()
    same = np.flatnonzero(record[1:] == record[:-1])
    end[same] = np.minimum(begin[same + 1], records.ended[record[same]])
    return Histories(
        keys=records.keys,
        record=record,
        begin=begin,
        end=end,
        earliest=np.minimum(earliest, begin),
        change_ids=pa.chunked_array([ids.take(pa.array(order)) if len(order) else ids]),
        values=values,
        vocabulary=records.vocabulary,
        created=records.created,
        ended=records.ended,
        is_converted=records.is_converted,
    )
