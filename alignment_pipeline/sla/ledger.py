"""The ledger: all clocks of the agreement, their slices, escalations and exclusions, from the sources as known.

Belongs here: the order of the work. Each step's meaning is in its own module; tasks are made in `sla/escalation/tasks.py`, the tables for
managers in `sla/standing/accountability.py`. The ledger is a function of the events alone: it keeps nothing between runs, so splitting
history into ticks, shuffling rows or replaying gives the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.agreement.sla_policies import Policy
from alignment_pipeline.contracts import sla as tables
from alignment_pipeline.contracts.moments import from_microseconds, microseconds
from alignment_pipeline.sla.arrays import Ints
from alignment_pipeline.sla.calendars import Calendars
from alignment_pipeline.sla.clocks import clocks, conditions, rows
from alignment_pipeline.sla.clocks.measured import measured as measured_clocks
from alignment_pipeline.sla.clocks.measured import target_of
from alignment_pipeline.sla.clocks.promises import Promise
from alignment_pipeline.sla.clocks.working_time import WorkingTime
from alignment_pipeline.sla.escalation import escalations
from alignment_pipeline.sla.timelines import lead_subjects, subjects
from alignment_pipeline.sla.timelines.feeds import watermark_of_policy
from alignment_pipeline.sla.timelines.owners import Owners
from alignment_pipeline.sla.timelines.sources import Sources
from alignment_pipeline.sla.timelines.zones import LeadZones, lead_zones

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
    fold = _Fold.of(sources, sla=sla, crm=crm, as_of=as_of)
    parts = [
        fold.policy(policy, watermarks=watermarks, stamp=rows.Stamp(as_of, agreement_version))
        for policy in sla.policies
        if policy.is_enabled
    ]
    clocks = tables.SLA_CLOCKS.joined(part.clocks for part in parts)
    texts = escalations.Texts.of(sources, clocks, owners=fold.owners, sla=sla)
    return Ledger(
        clocks=ibis.memtable(clocks),
        slices=ibis.memtable(tables.SLA_SLICES.joined(part.slices for part in parts)),
        escalations=ibis.memtable(texts.worded(tables.SLA_ESCALATIONS.joined(part.escalations for part in parts))),
        exclusions=ibis.memtable(tables.SLA_EXCLUSIONS.joined(part.exclusions for part in parts)),
    )


@dataclass(frozen=True)
class _Part:
    """The four tables of one policy."""

    clocks: pa.Table
    slices: pa.Table
    escalations: pa.Table
    exclusions: pa.Table


@dataclass(frozen=True)
class _Fold:
    """What all policies share."""

    sources: Sources
    sla: Sla
    as_of: datetime
    people: subjects.Subjects
    leads: subjects.Subjects
    accounts: subjects.Subjects
    opportunities: subjects.Subjects
    standing: subjects.Standing
    owners: Owners
    calendars: Calendars
    zones: LeadZones

    @classmethod
    def of(cls, sources: Sources, *, sla: Sla, crm: Crm, as_of: datetime) -> _Fold:
        now = microseconds(as_of)
        accounts = subjects.accounts(sources, sla=sla, crm=crm, as_of=now)
        people = subjects.people(sources, accounts.ids, sla=sla, crm=crm, as_of=now)
        asks_for_leads = any(policy.subject == "lead" and policy.is_enabled for policy in sla.policies)
        leads = lead_subjects.leads(sources if asks_for_leads else Sources.empty(), people, sla=sla, crm=crm, as_of=now)
        opportunities = subjects.opportunities(sources, accounts.ids, sla=sla, crm=crm, as_of=now)
        first = min([int(one.events.at.min()) for one in (accounts, people, leads, opportunities) if len(one.events.at)], default=now)
        begin = max(datetime(1990, 1, 1, tzinfo=UTC), from_microseconds(first // 1_000_000 * 1_000_000))
        return cls(
            sources=sources,
            sla=sla,
            as_of=as_of,
            people=people,
            leads=leads,
            accounts=accounts,
            opportunities=opportunities,
            standing=subjects.standing(sources, accounts.ids),
            owners=Owners.of(sources, sla),
            calendars=Calendars.of(
                sources.business_hours, sources.crm_holidays, sla=sla, first=begin - timedelta(days=2), last=as_of + _horizon(sla)
            ),
            zones=lead_zones(sources, people.ids, sla),
        )

    def policy(self, policy: Policy, *, watermarks: Mapping[str, datetime | None], stamp: rows.Stamp) -> _Part:
        """Clocks, slices, escalations (without words) and exclusions of one policy."""
        clocked = {"person": self.people, "lead": self.leads, "account": self.accounts, "opportunity": self.opportunities}[policy.subject]
        duty = self.accounts if policy.duty == "account_owner" else clocked
        time = WorkingTime(policy, clocked, duty, self.owners, self.calendars, self.zones)
        promise = Promise(policy, clocked, self.standing, conditions.met(policy, self.sources, clocked, self.accounts))
        target = target_of(policy)

        def due_of(subject: Ints, start: Ints, end: Ints) -> Ints:
            return time.segments(subject, start, end).reach(np.full(len(subject), target))

        starts = clocks.starts(policy, clocked.events, clocked.lines, is_clocked=promise.holds, due_of=due_of)
        exclusions = rows.exclusions(policy, clocked, self.accounts, promise.excluded(), stamp=stamp)
        if not len(starts.subject):
            return _Part(tables.SLA_CLOCKS.empty(), tables.SLA_SLICES.empty(), tables.SLA_ESCALATIONS.empty(), exclusions)
        segments = time.segments(starts.subject, starts.start, starts.end)
        watermark = watermark_of_policy(policy, watermarks)
        measured = measured_clocks(policy, starts, segments, as_of=microseconds(self.as_of), watermark=watermark)
        writer = rows.Rows(policy, measured, subjects=clocked, duty=duty, accounts=self.accounts, owners=self.owners, stamp=stamp)
        table = writer.clocks()
        rungs = escalations.rungs(policy, measured, table, sla=self.sla, as_of=self.as_of)
        return _Part(table, writer.slices(table), rungs, exclusions)


def _horizon(sla: Sla) -> timedelta:
    """How far ahead calendars must reach so that the last rung of the longest promise in business time has a moment."""
    last = {ladder.name: ladder.rungs[-1].at_share for ladder in sla.escalation.ladders}
    needs = [policy.target.total_minutes * max(1.0, last.get(policy.ladder or "", 1.0)) for policy in sla.policies if policy.calendar]
    weeks = max(needs, default=0.0) / 60 / _FEWEST_OPEN_HOURS_A_WEEK
    return min(_SHORTEST_HORIZON + timedelta(weeks=weeks), _LONGEST_HORIZON)
