"""Timelines: who owned each subject when, and when it was on hold or waiting for the customer.

Belongs here: which record stands for a person at a moment (contact before lead, the latest created first), owners as codes,
capped pauses, the moment after which no record is left. What happens to subjects: `sla/events.py`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts.moments import MINUTE
from alignment_pipeline.sla.calendars import NEVER
from alignment_pipeline.sla.timelines.groups import Groups, begins, finishes, last_set
from alignment_pipeline.sla.timelines.histories import NOTHING, Histories

Ints = np.ndarray


@dataclass(frozen=True)
class Timelines:
    """Spans sorted by (subject, begin); each subject's first begins at -NEVER, its last ends at NEVER.

    `owner` is the code of the owner (NOTHING when nobody), `is_human` whether a named human, `is_hold` and `is_waiting` pauses
    within their caps. `gone` is when the subject's last record was deleted (NEVER while one lives); `standing` the record that
    stands for it in a span, NOTHING before there is one.
    """

    subject: Ints
    begin: Ints
    end: Ints
    owner: Ints
    is_human: Ints
    is_hold: Ints
    is_waiting: Ints
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
        found = humans[np.minimum(place, len(humans) - 1)]
        is_mine = (place < len(humans)) & (self.subject[found] == subject)
        return np.where(is_mine, np.maximum(self.begin[found], moment), NEVER)


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
    lead = np.arange(subjects)
    subject = np.append(lead, subject)
    begin = np.append(np.full(subjects, -NEVER), begin)
    row = np.append(np.full(subjects, NOTHING), row)
    order = np.lexsort((np.where(row == NOTHING, 0, 1), begin, subject))
    subject, begin, row = subject[order], begin[order], row[order]
    holds, waits = _flags(past, sla)
    # place -1 is the value added at the end: nobody, no pause, no record
    owner, standing = np.append(past.values["owner"], NOTHING)[row], np.append(past.record, NOTHING)[row]
    hold, wait = np.append(holds, False)[row], np.append(waits, False)[row]
    return _closed(past, sla, subject, begin, owner, hold, wait, standing, _gone(past, subject_of, subjects))


def _closed(
    past: Histories, sla: Sla, subject: Ints, begin: Ints, owner: Ints, hold: Ints, wait: Ints, standing: Ints, gone: Ints
) -> Timelines:  # fmt: skip
    """Cap the pauses, drop spans that change nothing, and close each span at the next one's begin."""
    columns = [subject, begin, owner, hold, wait, standing]
    for which, cap in ((3, sla.pauses.hold_cap_hours), (4, sla.pauses.waiting_cap_hours)):
        columns = _capped(columns, which, round(cap * 60) * MINUTE)
    subject, begin = columns[0], columns[1]
    # of spans that begin together the last one holds; then a span that changes nothing is no span
    last = finishes(subject, begin)
    columns = [column[last] for column in columns]
    is_new = begins(columns[0], *columns[2:])
    subject, begin, owner, hold, wait, standing = (column[is_new] for column in columns)
    end = np.full(len(subject), NEVER, dtype=np.int64)
    inner = np.flatnonzero(subject[1:] == subject[:-1])
    end[inner] = begin[inner + 1]
    groups = Groups.of(subject, begin, len(gone))
    return Timelines(subject, begin, end, owner, _humans(past, sla)[owner], hold, wait, standing, gone, groups)


def _capped(columns: list[Ints], which: int, cap: int) -> list[Ints]:
    """Split each pause that lasts longer than its cap: the rest of it is no pause."""
    subject, begin, flag = columns[0], columns[1], columns[which].astype(bool)
    if not flag.any():
        return columns
    starts = flag.copy()
    starts[1:] &= ~(flag[:-1] & (subject[1:] == subject[:-1]))
    until = begin[last_set(starts)] + cap
    end = np.full(len(subject), NEVER, dtype=np.int64)
    inner = np.flatnonzero(subject[1:] == subject[:-1])
    end[inner] = begin[inner + 1]
    over = flag & (end > until)
    whole, split = over & (begin >= until), np.flatnonzero(over & (begin < until))
    columns = [column.copy() for column in columns]
    columns[which] = flag & ~whole
    rest = [column[split] for column in columns]
    rest[1], rest[which] = until[split], np.zeros(len(split), dtype=bool)
    joined = [np.append(column, more) for column, more in zip(columns, rest, strict=True)]
    order = np.lexsort((joined[1], joined[0]))
    return [column[order] for column in joined]


def _flags(past: Histories, sla: Sla) -> tuple[Ints, Ints]:
    hold = past.values["hold"] != NOTHING
    if sla.pauses.hold_needs_reason:
        hold &= past.values["hold_reason"] != NOTHING
    return hold, past.matching(sla.pauses.waiting_statuses)[past.values["status"]]


def _humans(past: Histories, sla: Sla) -> Ints:
    """Flag per code: a user (005...), not one of the system's."""
    if not len(past.vocabulary):
        return np.zeros(1, dtype=bool)
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


def is_contact(past: Histories) -> Ints:
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
