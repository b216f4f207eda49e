"""Working time: in which hours a policy's clocks run, for whoever owns the record at each minute.

Belongs here: the choice of calendar, zone and leave per span of ownership, and which spans pause. What calendars are: `sla/calendars.py`;
how clocks use them up: `sla/clocks/durations.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from alignment_pipeline.agreement.sla_policies import OF_ONE_PERSON, Policy
from alignment_pipeline.sla.arrays import NEVER, NOTHING, Flags, Ints
from alignment_pipeline.sla.calendars import ALWAYS, Calendars, OpenTime, spliced
from alignment_pipeline.sla.clocks.durations import Segments
from alignment_pipeline.sla.timelines.owners import Leaves, Owners, PastZones
from alignment_pipeline.sla.timelines.subjects import Subjects
from alignment_pipeline.sla.timelines.zones import LeadZones


@dataclass
class WorkingTime:
    """Makes the segments of one policy's clocks; open times are built once per calendar, zone and leave.

    `subjects` are what is clocked, `duty` whose owners the clock's time is counted by.
    """

    policy: Policy
    subjects: Subjects
    duty: Subjects
    owners: Owners
    calendars: Calendars
    zones: LeadZones
    open_times: list[OpenTime] = field(default_factory=list)
    open_keys: list[tuple[str, Leaves]] = field(default_factory=list)
    of_pair: dict[int, int] = field(default_factory=dict)
    of_key: dict[tuple[str, PastZones, Leaves], int] = field(default_factory=dict)

    def segments(self, subject: Ints, start: Ints, end: Ints) -> Segments:
        """Segments of clocks given (subject, start, end)."""
        owned = subject if self.duty is self.subjects else self.subjects.account_of[subject]
        return Segments.of(
            self.duty.lines, owned, start, end, is_pausing=self._is_pausing(), open_times=self.open_times, open_keys=self.open_keys,
            calendar_of=lambda span, clock: self._calendars(span, subject[clock]),
        )  # fmt: skip

    def _is_pausing(self) -> Flags:
        """Flag per span of the duty's timeline."""
        lines = self.duty.lines
        is_pausing = np.zeros(len(lines.subject), dtype=np.bool_)
        if "hold" in self.policy.pauses:
            is_pausing |= lines.is_on_hold
        if "waiting" in self.policy.pauses:
            is_pausing |= lines.is_waiting
        return is_pausing & lines.is_human

    def _calendars(self, span: Ints, subject: Ints) -> Ints:
        """Place of the open time for each span of the duty's timeline, for the subject it stands for."""
        if self.policy.calendar is None:
            if not self.open_times:
                self.open_times.append(ALWAYS)
                self.open_keys.append(("UTC", ()))
            return np.zeros(len(span), dtype=np.int64)
        owner = np.where(self.duty.lines.is_human[span], self.duty.lines.owner[span], NOTHING)
        is_lead = self.policy.zone == "lead" and self.policy.subject in OF_ONE_PERSON
        zone = self.zones.of(self.subjects.person_of)[subject] if is_lead else np.full(len(span), NOTHING)
        pair = (owner - NOTHING) * (len(self.zones.names) + 1) + (zone - NOTHING)
        unique, inverse = np.unique(pair, return_inverse=True)
        place = np.array([self._place(int(one)) for one in unique], dtype=np.int64)
        return place[inverse] if len(unique) else np.zeros(len(span), dtype=np.int64)

    def _place(self, pair: int) -> int:
        if pair not in self.of_pair:
            owner, zone_place = divmod(pair, len(self.zones.names) + 1)
            owner_id = None if owner + NOTHING == NOTHING else self.duty.past.vocabulary[owner + NOTHING].as_py()
            name = str(self.policy.calendar)
            zone: str = self.calendars.base_zone(name)
            past: PastZones = ()
            user = self.owners.users.get(owner_id or "")
            if self.policy.zone == "rep" and user and user.zone:
                zone, past = user.zone, user.past_zones
            if self.policy.zone == "lead" and zone_place:
                zone = self.zones.names[zone_place - 1]
            leave = self.owners.leave(owner_id) if "leave" in self.policy.pauses else ()
            self.of_pair[pair] = self._placed(name, zone, past, leave)
        return self.of_pair[pair]

    def _placed(self, name: str, zone: str, past: PastZones, leave: Leaves) -> int:
        """Place of the calendar's open time in a zone, before that in the zones that somebody had then."""
        key = (zone, past, leave)
        if key not in self.of_key:
            pieces, begin = [], -NEVER
            for until, before in past:
                pieces.append((begin, until, self.calendars.open_time(name, before, leave)))
                begin = until
            now = self.calendars.open_time(name, zone, leave)
            self.open_keys.append((zone, leave))
            self.open_times.append(spliced([*pieces, (begin, NEVER, now)]) if past else now)
            self.of_key[key] = len(self.open_times) - 1
        return self.of_key[key]
