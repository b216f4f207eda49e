"""Timelines: who owned each subject when, and when it was on hold or waiting for the customer.

Belongs here: which record stands for a person at a moment (contact before lead, the latest created first), owners as codes,
capped pauses, the moment after which no record is left. What happens to subjects: `sla/timelines/events.py`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts.moments import MINUTE
from alignment_pipeline.sla.arrays import NEVER, NOTHING, Flags, Ints
from alignment_pipeline.sla.timelines.groups import Groups, begins, finishes, last_set
from alignment_pipeline.sla.timelines.histories import Histories


@dataclass(frozen=True)
class Timelines:
    """Spans sorted by (subject, begin); each subject's first begins at -NEVER, its last ends at NEVER.

    `owner` is the code of the owner (NOTHING when nobody), `is_human` whether a named human, `is_on_hold` and `is_waiting` pauses
    within their caps. `gone` is when the subject's last record was deleted (NEVER while one lives); `standing` the record that
    stands for it in a span, NOTHING before there is one.
    """

    subject: Ints
    begin: Ints
    end: Ints
    owner: Ints
    is_human: Flags
    is_on_hold: Flags
    is_waiting: Flags
    standing: Ints
    gone: Ints
    groups: Groups

    def at(self, subject: Ints, moment: Ints) -> Ints:
        """Index of the span of each subject that holds the moment."""
        return self.groups.place(subject, moment, after=True) - 1

    def next_human(self, subject: Ints, moment: Ints) -> Ints:
        """The first moment at or past `moment` at which a named human owns the subject, NEVER when none does."""
        humans = np.flatnonzero(self.is_human)
        if not len(humans):
            return np.full(len(subject), NEVER, dtype=np.int64)
        here = self.at(subject, moment)
        place = np.searchsorted(humans, here)
        following = humans[np.minimum(place, len(humans) - 1)]
        is_mine = (place < len(humans)) & (self.subject[following] == subject)
        return np.where(is_mine, np.maximum(self.begin[following], moment), NEVER)


def timelines(past: Histories, subject_of: Ints, subjects: int, *, sla: Sla) -> Timelines:
    """Join the histories of each subject's records into one line. `subject_of` gives each record's subject, NOTHING for none."""
    piece_record, piece_begin, piece_end, piece_subject = _standing(past, subject_of, subjects)
    # each standing piece takes the rows of its record that overlap it
    rows = Groups.of(past.record, past.begin, len(past.keys))
    first = np.maximum(rows.place(piece_record, piece_begin, after=True) - 1, rows.starts[piece_record])
    stop = np.maximum(rows.place(piece_record, piece_end, after=False), first + 1)
    counts = stop - first
    piece = np.repeat(np.arange(len(piece_record)), counts)
    row = np.repeat(first, counts) + (np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts))
    begin = np.maximum(past.begin[row], piece_begin[piece])
    end = np.minimum(np.where(past.end[row] >= past.ended[past.record[row]], piece_end[piece], past.end[row]), piece_end[piece])
    keep = end > begin
    row, begin, subject = row[keep], begin[keep], piece_subject[piece[keep]]
    subject = np.append(np.arange(subjects), subject)
    begin = np.append(np.full(subjects, -NEVER), begin)
    row = np.append(np.full(subjects, NOTHING), row)
    order = np.lexsort((np.where(row == NOTHING, 0, 1), begin, subject))
    subject, begin, row = subject[order], begin[order], row[order]
    is_on_hold, is_waiting = _pauses(past, sla)
    # place -1 is the value added at the end: nobody, no pause, no record
    spans = _Spans(
        subject=subject,
        begin=begin,
        owner=np.append(past.values["owner"], NOTHING)[row],
        is_on_hold=np.append(is_on_hold, False)[row],
        is_waiting=np.append(is_waiting, False)[row],
        standing=np.append(past.record, NOTHING)[row],
    )
    spans = spans.capped("is_on_hold", round(sla.pauses.hold_cap_hours * 60) * MINUTE)
    spans = spans.capped("is_waiting", round(sla.pauses.waiting_cap_hours * 60) * MINUTE)
    return _closed(spans.distinct(), _humans(past, sla), _gone(past, subject_of, subjects))


@dataclass(frozen=True)
class _Spans:
    """Spans sorted by (subject, begin), each as long as the next one of its subject has not begun."""

    subject: Ints
    begin: Ints
    owner: Ints
    is_on_hold: Flags
    is_waiting: Flags
    standing: Ints

    @property
    def end(self) -> Ints:
        """The next span's begin; a subject's last span never ends."""
        end = np.full(len(self.subject), NEVER, dtype=np.int64)
        inner = np.flatnonzero(self.subject[1:] == self.subject[:-1])
        end[inner] = self.begin[inner + 1]
        return end

    @property
    def columns(self) -> dict[str, Any]:
        """All columns by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def taken(self, rows: Ints | Flags) -> _Spans:
        """Only these rows."""
        return _Spans(**{name: column[rows] for name, column in self.columns.items()})

    def capped(self, pause: str, cap: int) -> _Spans:
        """Split each pause that lasts longer than its cap: the rest of it is no pause."""
        flag: Flags = getattr(self, pause)
        if not flag.any():
            return self
        starts = flag.copy()
        starts[1:] &= ~(flag[:-1] & (self.subject[1:] == self.subject[:-1]))
        until = self.begin[last_set(starts)] + cap
        over = flag & (self.end > until)
        whole, split = over & (self.begin >= until), np.flatnonzero(over & (self.begin < until))
        paused = {**self.columns, pause: flag & ~whole}
        rest = {**self.taken(split).columns, "begin": until[split], pause: np.zeros(len(split), dtype=np.bool_)}
        joined = _Spans(**{name: np.append(column, rest[name]) for name, column in paused.items()})
        return joined.taken(np.lexsort((joined.begin, joined.subject)))

    def distinct(self) -> _Spans:
        """Of spans that begin together the last one holds; then a span that changes nothing is no span."""
        last = self.taken(finishes(self.subject, self.begin))
        return last.taken(begins(last.subject, last.owner, last.is_on_hold, last.is_waiting, last.standing))


def _closed(spans: _Spans, humans: Flags, gone: Ints) -> Timelines:
    """Spans with their ends, and the index over them. `humans` says per code of an owner whether it is a named human."""
    return Timelines(
        **spans.columns, end=spans.end, is_human=humans[spans.owner], gone=gone, groups=Groups.of(spans.subject, spans.begin, len(gone))
    )


def _pauses(past: Histories, sla: Sla) -> tuple[Flags, Flags]:
    """Flags per row of the histories: on hold, waiting for the customer."""
    is_on_hold = past.values["hold"] != NOTHING
    if sla.pauses.hold_needs_reason:
        is_on_hold &= past.values["hold_reason"] != NOTHING
    return is_on_hold, past.matching(sla.pauses.waiting_statuses)[past.values["status"]]


def _humans(past: Histories, sla: Sla) -> Flags:
    """Flag per code: a user (005...), not one of the system's."""
    if not len(past.vocabulary):
        return np.zeros(1, dtype=np.bool_)
    is_user = pc.starts_with(past.vocabulary, "005").to_numpy(zero_copy_only=False)
    is_system = pc.is_in(past.vocabulary, value_set=pa.array(sla.parties.system_user_ids, pa.string())).to_numpy(zero_copy_only=False)
    return np.append(is_user & ~is_system, False)


def _gone(past: Histories, subject_of: Ints, subjects: int) -> Ints:
    """When the last record of a subject ended; NEVER while one lives or none was ever there. A converted lead ends nothing as
    long as we do not know its contact."""
    gone = np.full(subjects, -NEVER, dtype=np.int64)
    mine = np.flatnonzero(subject_of != NOTHING)
    has_contact = np.zeros(subjects, dtype=bool)
    has_contact[subject_of[mine[is_contact(past)[mine]]]] = True
    ended = np.where(past.is_converted[mine] & ~has_contact[subject_of[mine]], NEVER, past.ended[mine])
    np.maximum.at(gone, subject_of[mine], ended)
    gone[gone == -NEVER] = NEVER
    return gone


def is_contact(past: Histories) -> Flags:
    """Flag per record."""
    return pc.starts_with(past.keys, "contact:").to_numpy(zero_copy_only=False) if len(past.keys) else np.zeros(0, dtype=bool)


def _standing(past: Histories, subject_of: Ints, subjects: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Pieces (record, begin, end, subject) in which a record stands for its subject; the last piece of a subject never ends."""
    mine = np.flatnonzero(subject_of != NOTHING)
    counts = np.bincount(subject_of[mine], minlength=subjects)
    single = mine[counts[subject_of[mine]] == 1]
    several = mine[counts[subject_of[mine]] > 1]
    pieces: list[tuple[int, int, int, int]] = []
    contact = is_contact(past)
    by_subject: dict[int, list[int]] = {}
    for record in several.tolist():
        by_subject.setdefault(int(subject_of[record]), []).append(record)
    for subject, records in by_subject.items():
        lives = [(int(past.created[record]), int(past.ended[record]), bool(contact[record]), record) for record in records]
        pieces.extend((record, begin, end, subject) for record, begin, end in _turns(lives))
    many = np.array(pieces, dtype=np.int64).reshape(-1, 4)
    return (
        np.append(single, many[:, 0]),
        np.append(past.created[single], many[:, 1]),
        np.append(np.full(len(single), NEVER), many[:, 2]),
        np.append(subject_of[single], many[:, 3]),
    )


def _turns(lives: list[tuple[int, int, bool, int]]) -> list[tuple[int, int, int]]:
    """Which record stands when: of those alive the contact first, then the latest created, then the largest place; a gap is
    bridged by the one before it. A deleted record of which nobody knows when it was created stands only while no other does."""
    bounds = sorted({moment for begin, end, *_ in lives for moment in (begin, end)} | {NEVER})
    turns: list[tuple[int, int, int]] = []
    for low, high in itertools.pairwise(bounds):
        alive = [(begin > -NEVER, contact, begin, record) for begin, end, contact, record in lives if begin <= low < end]
        if alive:
            record = max(alive)[-1]
        elif turns:
            record = turns[-1][0]
        else:
            continue
        if turns and turns[-1][0] == record:
            turns[-1] = (record, turns[-1][1], high)
        else:
            turns.append((record, low, high))
    return turns
