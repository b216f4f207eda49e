"""Durations: how much of its own time a clock has used, owner by owner, and when it will have used a given amount.

Belongs here: the segments of a clock (one per owner or pause in turn), each with its calendar. Starting and stopping:
`sla/clocks/clocks.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alignment_pipeline.sla.arrays import NEVER, Flags, Ints
from alignment_pipeline.sla.calendars import OpenTime
from alignment_pipeline.sla.timelines.groups import next_set
from alignment_pipeline.sla.timelines.owners import Leaves
from alignment_pipeline.sla.timelines.timelines import Timelines


@dataclass(frozen=True)
class Segments:
    """Segments of clocks, sorted by clock and time; a clock's last one never ends, so that its due time can be foretold.

    `calendar` is the place of the segment's open time in `open_times`, whose zones and leave `open_keys` names; a paused segment
    uses nothing.
    """

    clock: Ints
    begin: Ints
    end: Ints
    span: Ints
    is_paused: Flags
    calendar: Ints
    starts: Ints
    open_times: list[OpenTime]
    open_keys: list[tuple[str, Leaves]]

    @classmethod
    def of(
        cls, lines: Timelines, subject: Ints, start: Ints, end: Ints, *,
        is_pausing: Flags, calendar_of: Callable[[Ints, Ints], Ints],
        open_times: list[OpenTime], open_keys: list[tuple[str, Leaves]],
    ) -> Segments:  # fmt: skip
        """Cut each clock [start, end) at its subject's spans. `is_pausing` says per span whether it pauses this policy's clocks;
        `calendar_of` gives the place of the open time for each (span, clock)."""
        first = lines.at(subject, start)
        stop = np.maximum(np.where(end >= NEVER, lines.groups.end(subject), lines.groups.place(subject, end, after=False)), first + 1)
        counts = stop - first
        clock = np.repeat(np.arange(len(subject)), counts)
        starts = np.append(0, np.cumsum(counts))
        span = np.repeat(first - starts[:-1], counts) + np.arange(len(clock))
        begin = np.maximum(lines.begin[span], start[clock])
        finish = lines.end[span].copy()
        finish[starts[1:] - 1] = NEVER
        return cls(clock, begin, finish, span, is_pausing[span], calendar_of(span, clock), starts, open_times, open_keys)

    def used(self, until: Ints) -> Ints:
        """Microseconds of its own time that each segment uses up to its clock's `until`."""
        end = np.maximum(np.minimum(self.end, until[self.clock]), self.begin)
        out = np.zeros(len(self.clock), dtype=np.int64)
        for number, open_time in enumerate(self.open_times):
            mine = np.flatnonzero((self.calendar == number) & ~self.is_paused)
            out[mine] = open_time.between(self.begin[mine], end[mine])
        return out

    def raw(self, until: Ints) -> Ints:
        """Microseconds by the wall clock that each segment takes up to its clock's `until`."""
        return np.maximum(np.minimum(self.end, until[self.clock]) - self.begin, 0)

    def per_clock(self, amounts: Ints) -> Ints:
        """Sum of the segments of each clock."""
        total = np.append(0, np.cumsum(amounts))
        return total[self.starts[1:]] - total[self.starts[:-1]]

    def reach(self, needs: Ints) -> Ints:
        """The moment at which each clock has used `needs` microseconds; NEVER when a pause without end or the table's end keeps it."""
        used = self.used(np.full(len(needs), NEVER, dtype=np.int64))
        # a segment without end uses up to the table's horizon; more than the need decides nothing and would overflow the sums
        used = np.minimum(used, needs[self.clock])
        total = np.cumsum(used)
        base = np.append(0, total)[self.starts[:-1]]
        before = total - used - base[self.clock]
        is_enough = before + used >= needs[self.clock]
        first = next_set(is_enough & ~self.is_paused)[self.starts[:-1]]
        is_reached = first < self.starts[1:]
        out = np.full(len(needs), NEVER, dtype=np.int64)
        for number, open_time in enumerate(self.open_times):
            mine = (
                np.flatnonzero(is_reached)[self.calendar[first[is_reached]] == number] if is_reached.any() else np.zeros(0, dtype=np.int64)
            )
            row = first[mine]
            out[mine] = np.minimum(open_time.add(self.begin[row], needs[mine] - before[row]), NEVER)
        return out
