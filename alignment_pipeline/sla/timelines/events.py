"""Events: everything that can start, stop or cancel a clock, as one sorted list per kind of subject.

Belongs here: activities, touches, stage entries and what the histories tell (dispositions, acceptance, assignment is a matter of
owners and lives in `sla/timelines/timelines.py`). How policies choose among them: `Events.matching`. Clocks: `sla/clocks/clocks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.agreement.sla_policies import Event
from alignment_pipeline.sla.arrays import NEVER, NOTHING, Flags, Ints
from alignment_pipeline.sla.timelines.groups import Groups, begins
from alignment_pipeline.sla.timelines.histories import Histories

_MOMENT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("subject", pa.int64()), ("kind", pa.string()), ("at", pa.int64()), ("earliest", pa.int64()),
        ("value", pa.string()), ("category", pa.string()), ("id", pa.string()), ("is_dated", pa.bool_()),
    ]
)  # fmt: skip


def part(kind: str, subject: Ints, at: Ints, id_: pa.ChunkedArray | pa.Array, *, earliest: Ints | None = None,
         value: pa.ChunkedArray | pa.Array | None = None, category: pa.ChunkedArray | pa.Array | None = None,
         is_dated: Flags | None = None) -> pa.Table:  # fmt: skip
    """Rows of one kind of event; those without subject or moment are left out.

    An event that is not dated is there today though nothing tells since when; its moment moves with the record's last change.
    """
    size = len(subject)
    nothing = pa.nulls(size, pa.string())
    columns = [
        pa.array(subject),
        pa.repeat(pa.scalar(kind), size),
        pa.array(at),
        pa.array(at if earliest is None else earliest),
        nothing if value is None else value.cast(pa.string()),
        nothing if category is None else category.cast(pa.string()),
        id_.cast(pa.string()),
        pa.array(np.ones(size, dtype=bool) if is_dated is None else is_dated),
    ]
    rows = pa.table(columns, schema=SCHEMA)
    return rows.filter(pa.array((subject != NOTHING) & (np.abs(at) < NEVER)))


def once(rows: pa.Table) -> pa.Table:
    """Each event once for a subject: a meeting with three people of an account is one meeting with that account."""
    names = ["subject", "kind", "id"]
    first = rows.append_column("place", pa.array(np.arange(len(rows)))).group_by(names).aggregate([("place", "min")])["place_min"]
    return rows.take(pa.array(np.sort(first.to_numpy())))


@dataclass(frozen=True)
class Events:
    """Events sorted by (subject, at, kind, id)."""

    subject: Ints
    at: Ints
    earliest: Ints
    kind: pa.DictionaryArray
    value: pa.DictionaryArray
    category: pa.DictionaryArray
    ids: pa.Array
    is_dated: Flags
    subjects: int

    @classmethod
    def of(cls, parts: list[pa.Table], subjects: int, as_of: int) -> Events:
        """Join the parts; what lies after `as_of` has not happened yet."""
        rows = pa.concat_tables([SCHEMA.empty_table(), *parts])
        rows = rows.filter(pc.less_equal(rows["at"], as_of))
        keys = [("subject", "ascending"), ("at", "ascending"), ("kind", "ascending"), ("id", "ascending")]
        rows = rows.take(pc.sort_indices(rows, keys)).combine_chunks() if len(rows) else rows

        def words(name: str) -> pa.DictionaryArray:
            column = rows[name].combine_chunks() if len(rows) else pa.array([], pa.string())
            whole = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
            return pc.utf8_lower(pc.utf8_trim_whitespace(whole)).dictionary_encode()

        ids = rows["id"].combine_chunks() if len(rows) else pa.array([], pa.string())
        ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) else ids
        return cls(
            rows["subject"].to_numpy(), rows["at"].to_numpy(), rows["earliest"].to_numpy(),
            words("kind"), words("value"), words("category"), ids, rows["is_dated"].to_numpy(), subjects,
        )  # fmt: skip

    def matching(self, event: Event) -> Ints:
        """Places of the events that an agreement's event means, in order. (`assignment` is asked of the timelines.)"""
        is_match = _one_of(self.kind, [event.event])
        for column, wanted in ((self.value, [*event.types, *event.stages, *event.values]), (self.category, event.categories)):
            if wanted:
                is_match &= _one_of(column, [word.strip().lower() for word in wanted])
        return np.flatnonzero(is_match)

    def matched(self, event: Event) -> Matched:
        """The same, ready for searching."""
        places = self.matching(event)
        return Matched(places, self.earliest[places], Groups.of(self.subject[places], self.at[places], self.subjects))


@dataclass(frozen=True)
class Matched:
    """The events of one kind that count: `places` among all events, and the index over them."""

    places: Ints
    earliest: Ints
    groups: Groups

    def place_of(self, event: Ints) -> Ints:
        """Where each event stands among these, -1 when it is none of them."""
        if not len(self.places):
            return np.full(len(event), -1)
        nearest = np.minimum(np.searchsorted(self.places, event), len(self.places) - 1)
        return np.where(self.places[nearest] == event, nearest, -1)


def _one_of(column: pa.DictionaryArray, wanted: list[str]) -> Flags:
    words = column.dictionary.to_pylist()
    flags = np.array([word in wanted for word in words] + [False], dtype=bool)
    return flags[pc.fill_null(column.indices, len(words)).to_numpy(zero_copy_only=False)]


def _first_records(past: Histories, subject: Ints) -> Ints:
    """The first row of each subject's oldest record whose creation is known: a converted lead's contact is no new person."""
    rows = np.flatnonzero(past.is_first & (past.begin > -NEVER) & (subject != NOTHING))
    rows = rows[np.lexsort((rows, past.begin[rows], subject[rows]))]
    return rows[begins(subject[rows])] if len(rows) else rows


def from_histories(past: Histories, subject_of: Ints, *, sla: Sla) -> list[pa.Table]:
    """Dispositions, status changes, acceptance, rejection (with its code), deferral and recorded reasons."""
    out: list[pa.Table] = []
    first = past.is_first
    previous = np.maximum(np.arange(len(past.record)) - 1, 0)
    subject = subject_of[past.record]
    ids = pc.coalesce(past.change_ids, pc.take(past.keys, pa.array(past.record)))
    is_dated = first | pc.is_valid(past.change_ids).to_numpy()
    words = pa.chunked_array([pa.concat_arrays([past.vocabulary, pa.nulls(1, pa.string())])])

    def emit(kind: str, rows: Ints, value: str | None, *, value_rows: Ints | None = None) -> None:
        named = None
        if value is not None:
            code_of = past.values[value][rows if value_rows is None else value_rows]
            named = pc.take(words, pa.array(np.where(code_of == NOTHING, len(past.vocabulary), code_of)))
        out.append(
            part(
                kind,
                subject[rows],
                past.begin[rows],
                ids.take(pa.array(rows)),
                earliest=past.earliest[rows],
                value=named,
                is_dated=is_dated[rows],
            )
        )

    for kind, field in (("disposition", "disposition"), ("status_changed", "status"), ("reason_recorded", "loss_reason")):
        values = past.values[field]
        emit(kind, np.flatnonzero(~first & (values != NOTHING) & (values != values[previous])), field)
    status = past.values["status"]
    left = np.flatnonzero(~first & (status[previous] != NOTHING) & (status != status[previous]))
    emit("status_left", left, "status", value_rows=previous[left])
    emit("created", _first_records(past, subject), None)
    says = sla.outcomes
    code = past.values["reject_code"]
    has_code = (code != NOTHING) | (not says.rejection_needs_code)
    for kind, dispositions, statuses in (
        ("accepted", says.accepted_dispositions, says.accepted_statuses),
        ("rejected", says.rejected_dispositions, says.rejected_statuses),
        ("pushed_back", says.rejected_dispositions, says.rejected_statuses),
        ("deferred", says.deferred_dispositions, says.deferred_statuses),
    ):
        said = past.matching(dispositions)[past.values["disposition"]] | past.matching(statuses)[past.values["status"]]
        said = said & has_code if kind == "rejected" else said
        is_lead = pc.starts_with(past.keys, "lead:").to_numpy(zero_copy_only=False)[past.record] if len(past.keys) else said
        emit(
            kind,
            np.flatnonzero(said & np.where(first, is_lead, ~said[previous])),
            "reject_code" if kind in ("rejected", "pushed_back") else None,
        )
    return out
