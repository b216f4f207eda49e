"""The ledger: all clocks of the agreement, their slices, escalations and exclusions, from the sources as known.

Belongs here: the order of the work. Each step's meaning is in its own module; tasks are made in `sla/tasks.py`, the tables for
managers in `sla/accountability.py`. The ledger is a function of the events alone: it keeps nothing between runs, so splitting
history into ticks, shuffling rows or replaying gives the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.agreement.sla_policies import Policy
from alignment_pipeline.contracts import sla as tables
from alignment_pipeline.contracts.moments import MINUTE, microseconds
from alignment_pipeline.sla.calendars import ALWAYS, Calendars, OpenTime
from alignment_pipeline.sla.clocks import clocks, rows, states
from alignment_pipeline.sla.clocks.durations import Segments
from alignment_pipeline.sla.escalation import escalations
from alignment_pipeline.sla.timelines import subjects
from alignment_pipeline.sla.timelines.feeds import watermark_of_policy
from alignment_pipeline.sla.timelines.histories import NOTHING
from alignment_pipeline.sla.timelines.owners import Leaves, Owners
from alignment_pipeline.sla.timelines.sources import Sources, fetch
from alignment_pipeline.sla.timelines.zones import lead_zones

Ints = np.ndarray
_SHORTEST_HORIZON, _LONGEST_HORIZON = timedelta(days=400), timedelta(days=7_300)
_FEWEST_OPEN_HOURS_A_WEEK = 10


@dataclass(frozen=True)
class Ledger:
    """The four tables of one fold, each as its contract says."""

    clocks: ibis.Table
    slices: ibis.Table
    escalations: ibis.Table
    exclusions: ibis.Table


def sla_ledger(
    sources: Sources,
    *,
    sla: Sla,
    crm: Crm,
    as_of: datetime,
    agreement_version: str,
    watermarks: Mapping[str, datetime | None],
) -> Ledger:
    """Fold everything known into clocks.

    `watermarks` says how far each feed is complete, by 'system:object' (salesforce:Task, marketo:activities) or by system alone; a
    feed that can stop a clock and has no entry is not known to be complete, so the clock stays unknown past its due time.
    Raises ConfigurationError when a policy's calendar does not exist in the CRM or never opens.
    """
    fold = _Fold.of(sources, sla, crm, as_of, agreement_version, watermarks)
    parts = [fold.policy(policy) for policy in sla.policies if policy.is_enabled]
    names = (tables.SLA_CLOCKS, tables.SLA_SLICES, tables.SLA_ESCALATIONS, tables.SLA_EXCLUSIONS)
    found = [pa.concat_tables([contract.empty(), *(part[number] for part in parts)]) for number, contract in enumerate(names)]
    found[2] = escalations.worded(found[2], found[0], fetch(sources.people, "person_id", "first_name", "last_name", "company"),
                                  fetch(sources.accounts, "account_id", "name"), fetch(sources.opportunities, "opportunity_id", "name"),
                                  owners=fold.owners, sla=sla)  # fmt: skip
    return Ledger(*(ibis.memtable(table.combine_chunks()) for table in found))


@dataclass
class _Fold:
    """What all policies share."""

    sla: Sla
    as_of: datetime
    agreement_version: str
    watermarks: Mapping[str, datetime | None]
    people: subjects.Subjects
    accounts: subjects.Subjects
    opportunities: subjects.Subjects
    standing: subjects.Standing
    owners: Owners
    calendars: Calendars
    zones: list[str | None]
    zone_of_person: Ints

    @classmethod
    def of(cls, sources: Sources, sla: Sla, crm: Crm, as_of: datetime, version: str, watermarks: Mapping[str, datetime | None]) -> _Fold:
        now = microseconds(as_of)
        accounts = subjects.accounts(sources, sla=sla, crm=crm, as_of=now)
        people = subjects.people(sources, accounts.ids, sla=sla, crm=crm, as_of=now)
        deals = subjects.opportunities(sources, accounts.ids, sla=sla, crm=crm, as_of=now)
        first = min([int(one.events.at.min()) for one in (accounts, people, deals) if len(one.events.at)], default=now)
        begin = max(datetime(1990, 1, 1, tzinfo=UTC), datetime.fromtimestamp(first // 1_000_000, UTC))
        hours = fetch(sources.business_hours, "calendar", "time_zone", "weekday", "opens_minute", "closes_minute", "is_default")
        shut = fetch(sources.crm_holidays, "closed_on", "opens_minute", "closes_minute")
        calendars = Calendars(sla, hours, shut, begin - timedelta(days=2), as_of + _horizon(sla))
        zones, zone_of_person = lead_zones(sources, people.ids, sla)
        owners = Owners.of(sources, sla)
        standing = subjects.standing(sources, accounts.ids)
        return cls(sla, as_of, version, watermarks, people, accounts, deals, standing, owners, calendars, zones, zone_of_person)

    def policy(self, policy: Policy) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table]:
        """Clocks, slices, escalations (without words) and exclusions of one policy."""
        mine = {"person": self.people, "account": self.accounts, "opportunity": self.opportunities}[policy.subject]
        clock_time = self._clock_time(policy, mine)
        target = round(policy.target.total_minutes * MINUTE)

        def due_of(subject: Ints, start: Ints, end: Ints) -> Ints:
            return clock_time(subject, start, end).reach(np.full(len(subject), target))

        def is_clocked(subject: Ints, moment: Ints) -> Ints:
            return self._refusal(policy, mine, subject, moment) == 0

        found = clocks.starts(policy, mine.events, mine.lines, is_clocked=is_clocked, due_of=due_of)
        left_out = self._exclusions(policy, mine)
        if not len(found.subject):
            return tables.SLA_CLOCKS.empty(), tables.SLA_SLICES.empty(), tables.SLA_ESCALATIONS.empty(), left_out
        segments = clock_time(found.subject, found.start, found.end)
        now = microseconds(self.as_of)
        until = np.minimum(found.end, now)
        # the segment that holds `until`: where a pause's cap lies ahead, it is not the last one
        begun = segments.per_clock((segments.begin <= until[segments.clock]).astype(np.int64))
        current = segments.starts[:-1] + np.maximum(begun, 1) - 1
        needed = np.full(len(found.subject), target)
        times = states.Times(
            segments.reach(needed),
            segments.reach(np.full(len(needed), round(target * policy.at_risk_share))),
            segments.is_paused[current] & (found.end > now),
        )
        watermark = watermark_of_policy(policy, self.watermarks)
        state = states.states(found, times, as_of=now, watermark=watermark)
        duty = self._duty(policy, mine)
        made = rows.Rows(
            policy, mine, duty, self.accounts, self.owners, self.calendars, self.as_of, self.agreement_version,
            found, segments, times, state, until, current, watermark, target,
        )  # fmt: skip
        table = made.clocks()
        return table, made.slices(table), escalations.rungs(made, table, sla=self.sla), left_out

    def _duty(self, policy: Policy, mine: subjects.Subjects) -> subjects.Subjects:
        """Whose owners the clock's time is counted by."""
        return self.accounts if policy.duty == "account_owner" else mine

    def _clock_time(self, policy: Policy, mine: subjects.Subjects) -> _ClockTime:
        duty = self._duty(policy, mine)
        lines = duty.lines
        pausing = np.zeros(len(lines.subject), dtype=bool)
        if "hold" in policy.pauses:
            pausing |= lines.is_hold
        if "waiting" in policy.pauses:
            pausing |= lines.is_waiting
        return _ClockTime(self, policy, mine, duty, pausing & lines.is_human, [], [], {})

    def _refusal(self, policy: Policy, mine: subjects.Subjects, subject: Ints, moment: Ints) -> Ints:
        """0 where the promise holds for the subject at the moment, else the place of the reason code, plus 1."""
        if policy.subject != "person":
            return np.zeros(len(subject), dtype=np.int64)
        existing = self.standing.is_existing(mine.account_of[subject], moment)
        out = np.zeros(len(subject), dtype=np.int64)
        if policy.applies_to == "new":
            out = np.where(existing, 1, out)
        if policy.applies_to == "existing":
            out = np.where(existing, out, 2)
        return np.where(mine.is_internal[subject], 3, out)

    def _exclusions(self, policy: Policy, mine: subjects.Subjects) -> pa.Table:
        subject, moment, event = clocks.triggers(policy, mine.events, mine.lines)
        refusal = self._refusal(policy, mine, subject, moment)
        left_out = np.flatnonzero((refusal == 1) | (refusal == 3))
        owner_now = self.accounts.lines.owner[self.accounts.lines.groups.starts[1:] - 1]
        return rows.exclusions(
            policy, mine, self.accounts, subject[left_out], moment[left_out], event[left_out], refusal[left_out],
            np.append(owner_now, NOTHING)[mine.account_of[subject[left_out]]], self.as_of, self.agreement_version,
        )  # fmt: skip


def _horizon(sla: Sla) -> timedelta:
    """How far ahead calendars must reach so that the last rung of the longest promise in business time has a moment."""
    last = {ladder.name: ladder.rungs[-1].at_share for ladder in sla.escalation.ladders}
    needs = [policy.target.total_minutes * max(1.0, last.get(policy.ladder or "", 1.0)) for policy in sla.policies if policy.calendar]
    weeks = max(needs, default=0.0) / 60 / _FEWEST_OPEN_HOURS_A_WEEK
    return min(_SHORTEST_HORIZON + timedelta(weeks=weeks), _LONGEST_HORIZON)


@dataclass
class _ClockTime:
    """Makes the segments of one policy's clocks; open times are built once per calendar, zone and leave."""

    fold: _Fold
    policy: Policy
    mine: subjects.Subjects
    duty: subjects.Subjects
    pausing: Ints
    open_times: list[OpenTime]
    open_keys: list[tuple[str, Leaves]]
    of_pair: dict[int, int]

    def __call__(self, subject: Ints, start: Ints, end: Ints) -> Segments:
        held_by = subject if self.duty is self.mine else self.mine.account_of[subject]
        return Segments.of(
            self.duty.lines, held_by, start, end, is_pausing=self.pausing, open_times=self.open_times, open_keys=self.open_keys,
            calendar_of=lambda span, clock: self._calendars(span, subject[clock]),
        )  # fmt: skip

    def _calendars(self, span: Ints, subject: Ints) -> Ints:
        if self.policy.calendar is None:
            if not self.open_times:
                self.open_times.append(ALWAYS)
                self.open_keys.append(("UTC", ()))
            return np.zeros(len(span), dtype=np.int64)
        owner = np.where(self.duty.lines.is_human[span], self.duty.lines.owner[span], NOTHING)
        is_lead = self.policy.zone == "lead" and self.policy.subject == "person"
        zone = self.fold.zone_of_person[subject] if is_lead else np.full(len(span), -1)
        pair = (owner - NOTHING) * (len(self.fold.zones) + 1) + (zone + 1)
        unique, inverse = np.unique(pair, return_inverse=True)
        place = np.array([self._place(int(one)) for one in unique], dtype=np.int64)
        return place[inverse] if len(unique) else np.zeros(len(span), dtype=np.int64)

    def _place(self, pair: int) -> int:
        if pair not in self.of_pair:
            owner, zone_place = divmod(pair, len(self.fold.zones) + 1)
            owner_id = None if owner + NOTHING == NOTHING else self.duty.past.vocabulary[owner + NOTHING].as_py()
            name = str(self.policy.calendar)
            zone = self.fold.calendars.base_zone(name)
            user = self.fold.owners.users.get(owner_id or "")
            if self.policy.zone == "rep" and user and user.zone:
                zone = user.zone
            if self.policy.zone == "lead" and zone_place:
                zone = self.fold.zones[zone_place - 1] or zone
            leave = self.fold.owners.leave(owner_id) if "leave" in self.policy.pauses else ()
            if (zone, leave) not in self.open_keys:
                self.open_keys.append((zone, leave))
                self.open_times.append(self.fold.calendars.open_time(name, zone, leave))
            self.of_pair[pair] = self.open_keys.index((zone, leave))
        return self.of_pair[pair]


def due_in_future(ledger: Ledger, as_of: datetime) -> datetime | None:
    """The next moment after `as_of` at which a clock or rung changes its state by itself: when the next tick is worth running."""
    table = ledger.clocks.select("due_at", "at_risk_at", "state").to_pyarrow()
    running = table.filter(pc.is_in(table["state"], value_set=pa.array(["pending", "at_risk"])))
    rungs = ledger.escalations.select("due_at", "state").to_pyarrow()
    rungs = rungs.filter(pc.equal(rungs["state"], "future"))
    moments = [*running["due_at"].to_pylist(), *running["at_risk_at"].to_pylist(), *rungs["due_at"].to_pylist()]
    return min((moment for moment in moments if moment is not None and moment > as_of), default=None)
