"""Clocks: from triggers to starts and stops, for all subjects of a policy at once.

Belongs here: which trigger starts a clock, what stops or cancels it, what had kept the promise before. One round takes each
subject's next clock, so there are as many rounds as one subject has clocks. How long they took: `sla/clocks/durations.py`; what that
means: `sla/clocks/states.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alignment_pipeline.agreement.sla_policies import Event, Policy
from alignment_pipeline.contracts.moments import HOUR
from alignment_pipeline.sla.arrays import NEVER, Flags, Ints
from alignment_pipeline.sla.timelines.events import Events, Matched
from alignment_pipeline.sla.timelines.groups import Groups, begins
from alignment_pipeline.sla.timelines.timelines import Timelines

NO_EVENT = -1


@dataclass(frozen=True)
class Starts:
    """Clocks of one policy: subject, trigger, start; what ended each (places among the events, NO_EVENT for none).

    `stop_by` is the place of the policy's stop rule, `cancel` the moment of a cancelling event or deletion (NEVER for none).
    """

    subject: Ints
    trigger: Ints
    start: Ints
    stop: Ints
    stop_event: Ints
    stop_by: Ints
    is_pre_touched: Flags
    cancel: Ints
    cancel_event: Ints

    @property
    def end(self) -> Ints:
        """The moment that ended each clock, NEVER while it runs."""
        return np.minimum(self.stop, self.cancel)

    @classmethod
    def none(cls) -> Starts:
        """No clock."""
        empty, flags = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
        return cls(empty, empty, empty, empty, empty, empty, flags, empty, empty)

    @classmethod
    def joined(cls, parts: list[Starts]) -> Starts:
        """All of them."""
        if not parts:
            return cls.none()
        return cls(*(np.concatenate([getattr(one, name) for one in parts]) for name in cls.__dataclass_fields__))


DueOf = Callable[[Ints, Ints, Ints], Ints]
"""Due times of clocks given (subject, start, end)."""


def starts(policy: Policy, events: Events, lines: Timelines, *, is_clocked: Callable[[Ints, Ints], Flags], due_of: DueOf) -> Starts:
    """Every clock of the policy. `is_clocked(subject, moment)` says whether the promise holds for a subject then."""
    subject, at, event = triggers(policy, events, lines)
    keep = is_clocked(subject, at)
    queue = _Triggers.of(subject[keep], at[keep], event[keep], events.subjects)
    stops = [None if event.event == "assignment" else events.matched(event) for event in policy.stops]
    cancels = [None if event.event == "assignment" else events.matched(event) for event in policy.cancels]
    parts: list[Starts] = []
    where = queue.first()
    while len(where):
        subject, moment, trigger = queue.subject[where], queue.at[where], queue.event[where]
        start = lines.next_human(subject, moment) if policy.start == "assignment" else moment
        alive = (start < NEVER) & (moment < lines.gone[subject])
        subject, moment, trigger, start, where = (column[alive] for column in (subject, moment, trigger, start, where))
        if not len(subject):
            break
        ended = _ended(policy, events, lines, stops, cancels, subject, moment, trigger, start)
        parts.append(ended)
        where = queue.next(where, _free_at(policy, ended, due_of))
    return Starts.joined(parts)


def _free_at(policy: Policy, clocks: Starts, due_of: DueOf) -> Ints:
    """The moment past which a trigger of the same subject starts another clock."""
    if policy.again == "never":
        return np.full(len(clocks.subject), NEVER, dtype=np.int64)
    if policy.again == "after_due":
        return np.minimum(clocks.end, due_of(clocks.subject, clocks.start, clocks.end))
    return clocks.end


@dataclass(frozen=True)
class _Triggers:
    """Triggers sorted by (subject, at)."""

    subject: Ints
    at: Ints
    event: Ints
    groups: Groups

    @classmethod
    def of(cls, subject: Ints, at: Ints, event: Ints, subjects: int) -> _Triggers:
        return cls(subject, at, event, Groups.of(subject, at, subjects))

    def first(self) -> Ints:
        return np.flatnonzero(begins(self.subject))

    def next(self, where: Ints, free_at: Ints) -> Ints:
        """Each subject's first trigger past `free_at` and past the one at `where`."""
        subject = self.subject[where]
        out = np.maximum(where + 1, self.groups.place(subject, free_at, after=True))
        return out[out < self.groups.end(subject)]


def triggers(policy: Policy, events: Events, lines: Timelines) -> tuple[Ints, Ints, Ints]:
    """Subject, moment and event of everything that may start a clock of the policy, sorted by (subject, moment)."""
    if policy.trigger.event != "assignment":
        places = events.matching(policy.trigger)
        # what nobody dated stops a clock in the rep's favour, but a clock that it started would start again with every change
        places = places[events.is_dated[places]]
        return events.subject[places], events.at[places], places
    # an assignment: a named human takes over from nobody or from somebody else
    changed = begins(lines.subject, lines.owner)
    rows = np.flatnonzero(lines.is_human & changed & (lines.begin > -NEVER))
    return lines.subject[rows], lines.begin[rows], np.full(len(rows), NO_EVENT)


def _ended(
    policy: Policy, events: Events, lines: Timelines, stops: list[Matched | None], cancels: list[Matched | None],
    subject: Ints, moment: Ints, trigger: Ints, start: Ints,
) -> Starts:  # fmt: skip
    size = len(subject)
    stop, stop_event, stop_by = np.full(size, NEVER), np.full(size, NO_EVENT), np.full(size, NO_EVENT)
    before = np.zeros(size, dtype=bool)
    window = np.minimum(moment - round(policy.pre_touch_hours * HOUR), start)
    for number, (event, matched) in enumerate(zip(policy.stops, stops, strict=True)):
        if matched is None:
            at, place = lines.next_human(subject, start), np.full(size, NO_EVENT)
        else:
            at, place = _first(matched, event, subject, start, trigger)
            if event.count == 1:
                before |= _was_there(matched, subject, window, start, trigger)
        sooner = at < stop
        stop, stop_event, stop_by = np.where(sooner, at, stop), np.where(sooner, place, stop_event), np.where(sooner, number, stop_by)
    stop, stop_event = np.where(before, start, stop), np.where(before, NO_EVENT, stop_event)
    cancel, cancel_event = np.maximum(lines.gone[subject], start), np.full(size, NO_EVENT)
    for event, matched in zip(policy.cancels, cancels, strict=True):
        if matched is None:
            at, place = lines.next_human(subject, start), np.full(size, NO_EVENT)
        else:
            at, place = _first(matched, event, subject, start, trigger)
        sooner = at < cancel
        cancel, cancel_event = np.where(sooner, at, cancel), np.where(sooner, place, cancel_event)
    return Starts(subject, trigger, start, stop, stop_event, stop_by, before, cancel, cancel_event)


def _first(matched: Matched, event: Event, subject: Ints, start: Ints, trigger: Ints) -> tuple[Ints, Ints]:
    """Moment and place of the event's first (or `count`-th) coming at or past the start; an event that is also the trigger does not count.

    A change that was only observed may have come earlier: it counts from the earliest moment it may have, so that nobody is
    late by our reading.
    """
    groups = matched.groups
    if not len(matched.places):
        return np.full(len(subject), NEVER), np.full(len(subject), NO_EVENT)
    last = len(matched.places) - 1
    place = groups.place(subject, start, after=False)
    own = matched.place_of(trigger)
    place = place + ((own >= place) & (own < place + event.count)) + (event.count - 1)
    exists = place < groups.end(subject)
    safe = np.minimum(place, last)
    at = np.where(exists, np.maximum(np.minimum(matched.earliest[safe], groups.at[safe]), start), NEVER)
    return at, np.where(exists, matched.places[safe], NO_EVENT)


def _was_there(matched: Matched, subject: Ints, window: Ints, start: Ints, trigger: Ints) -> Flags:
    """An event in [window, start) that is not the trigger itself."""
    groups = matched.groups
    low, high = groups.place(subject, window, after=False), groups.place(subject, start, after=False)
    own = matched.place_of(trigger)
    return high - low - ((own >= low) & (own < high)) > 0
