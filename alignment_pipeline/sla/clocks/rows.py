"""Rows: the arrays of one policy's clocks as the tables of the contracts.

Belongs here: columns of `sla_clocks`, `sla_slices` and `sla_exclusions`, in their order. What the numbers mean is decided before.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.sla_policies import Policy
from alignment_pipeline.contracts import sla as tables
from alignment_pipeline.contracts.contract import Contract
from alignment_pipeline.contracts.moments import MINUTE
from alignment_pipeline.contracts.systems.registry import MARKETING
from alignment_pipeline.sla.arrays import NEVER, NOTHING, Ints
from alignment_pipeline.sla.clocks import reasons, states
from alignment_pipeline.sla.clocks.clocks import NO_EVENT
from alignment_pipeline.sla.clocks.measured import Measured
from alignment_pipeline.sla.clocks.promises import IS_INTERNAL, Excluded
from alignment_pipeline.sla.timelines.groups import finishes
from alignment_pipeline.sla.timelines.owners import PARTIES, Owners
from alignment_pipeline.sla.timelines.subjects import Subjects

_OBJECTS = {
    **{"lead": "Lead", "contact": "Contact"},
    **{system.name: system.people.object for system in MARKETING if system.people is not None},
    **{"account": "Account", "opportunity": "Opportunity"},
}


@dataclass(frozen=True)
class Stamp:
    """As of when, and under which agreement."""

    as_of: datetime
    agreement_version: str

    def columns(self, size: int) -> dict[str, pa.Array]:
        """The two columns that every deciding table ends with."""
        return {
            "as_of": pa.repeat(pa.scalar(self.as_of, pa.timestamp("us", tz="UTC")), size),
            "agreement_version": _same(self.agreement_version, size),
        }


@dataclass(frozen=True)
class Rows:
    """Writes one policy's clocks, at least one. `duty` are the subjects whose owners the clocks' time is counted by."""

    policy: Policy
    measured: Measured
    _: KW_ONLY
    subjects: Subjects
    duty: Subjects
    accounts: Subjects
    owners: Owners
    stamp: Stamp

    def clocks(self) -> pa.Table:
        """`sla_clocks`."""
        measured, policy = self.measured, self.policy
        starts, segments, times = measured.starts, measured.segments, measured.times
        size = len(measured)
        used, raw = segments.used(measured.until), segments.raw(measured.until)
        elapsed = segments.per_clock(used)
        party = self._party_codes()[segments.span] if size else np.zeros(0, dtype=np.int64)
        shares = [segments.per_clock(np.where(party == number, used, 0)) for number in range(len(PARTIES))]
        owner = self.duty.lines.owner[segments.span]
        is_human = self.duty.lines.is_human[segments.span]
        first, now = segments.starts[:-1], measured.current
        zones = self._owner_zones(owner[now] if size else owner)
        texts = reasons.reasons(policy, starts, times, measured.state, zones, year=self.stamp.as_of.year)
        label = np.array([event.label for event in policy.stops] + [None], dtype=object)
        stopped = (starts.stop <= starts.cancel) & (starts.stop < NEVER)
        ids = self._event_ids(np.where(stopped, starts.stop_event, NO_EVENT))
        objects, records = self._standing_now()
        person = _take(self.subjects.person_of, starts.subject)
        return _table(
            tables.SLA_CLOCKS,
            {
                "clock_id": self.clock_ids(),
                "policy": _same(policy.name, size),
                "party": _same(policy.party, size),
                "subject": _same(policy.subject, size),
                "subject_id": self._subject_ids(),
                "person_id": person,
                "object": objects,
                "record_id": records,
                "account_id": _take(self.accounts.ids, self.subjects.account_of[starts.subject]),
                "trigger_event": _same(policy.trigger.label, size),
                "trigger_id": pc.coalesce(self._event_ids(starts.trigger), _assignment_ids(self._trigger_at())),
                "trigger_at": moments(self._trigger_at()),
                "started_at": moments(starts.start),
                "due_at": moments(times.due),
                "at_risk_at": moments(times.at_risk),
                "stopped_at": moments(np.where(stopped, starts.stop, NEVER)),
                "stop_event": pa.array(label[np.where(stopped, starts.stop_by, NO_EVENT)], pa.string()),
                "stop_id": ids,
                "state": pc.take(pa.array(states.STATES), pa.array(measured.state, pa.int64())),
                "target_minutes": minutes(np.full(size, measured.target)),
                "elapsed_minutes": minutes(elapsed),
                "raw_minutes": minutes(segments.per_clock(raw)),
                "paused_minutes": minutes(segments.per_clock(np.where(segments.is_paused, raw, 0))),
                "minutes_left": minutes(measured.target - elapsed),
                "system_minutes": minutes(shares[0]),
                "marketing_minutes": minutes(shares[1]),
                "sales_minutes": minutes(shares[2]),
                "owner_id": self.owner_ids(np.where(is_human[now], owner[now], NOTHING) if size else owner),
                "first_owner_id": self.owner_ids(owner[first] if size else owner),
                "owners": pa.array(self._owner_counts(raw), pa.int64()),
                "is_pre_touched": pa.array(starts.is_pre_touched, pa.bool_()),
                "calendar": _same(policy.calendar, size),
                "time_zone": self._zones(),
                "lead_source": _take(self.subjects.lead_source, starts.subject),
                "watermark_at": moments(np.full(size, measured.watermark)),
                "reason": pa.array(texts, pa.string()),
                "breach_reason": pa.array(
                    [text if code == states.BREACHED else None for text, code in zip(texts, measured.state.tolist(), strict=True)],
                    pa.string(),
                ),
                **self.stamp.columns(size),
            },
        )

    def slices(self, table: pa.Table) -> pa.Table:
        """`sla_slices`: segments of one owner in a row are one slice."""
        segments = self.measured.segments
        used, raw = segments.used(self.measured.until), segments.raw(self.measured.until)
        owner = self.duty.lines.owner[segments.span]
        first = np.zeros(len(segments.clock), dtype=bool)
        first[segments.starts[:-1]] = True
        is_new = first.copy()
        is_new[1:] |= owner[1:] != owner[:-1]
        is_new &= first | (segments.begin < self.measured.until[segments.clock])
        heads = np.flatnonzero(is_new)
        clock = segments.clock[heads]
        paused = np.where(segments.is_paused, raw, 0)
        sums = [np.add.reduceat(column, heads) if len(heads) else column[:0] for column in (used, raw, paused)]
        begin = segments.begin[heads]
        is_last = finishes(clock)
        end = np.where(is_last, self.measured.until[clock], np.append(begin[1:], NEVER)[: len(heads)])
        number = np.arange(len(heads)) - np.searchsorted(clock, clock) + 1
        party = self._party_codes()[segments.span[heads]]
        return _table(
            tables.SLA_SLICES,
            {
                "clock_id": pc.take(table["clock_id"], pa.array(clock)),
                "slice": pa.array(number, pa.int64()),
                "policy": _same(self.policy.name, len(heads)),
                "owner_id": self.owner_ids(owner[heads]),
                "party": pc.take(pa.array(PARTIES), pa.array(party, pa.int64())),
                "from_at": moments(begin),
                "to_at": moments(end),
                "elapsed_minutes": minutes(sums[0]),
                "raw_minutes": minutes(sums[1]),
                "paused_minutes": minutes(sums[2]),
                **self.stamp.columns(len(heads)),
            },
        )

    def clock_ids(self) -> pa.Array:
        """sla:RECORD:POLICY:START, RECORD being the one that stood for the subject at the start, so that conversion keeps the key."""
        start = self.measured.starts.start
        span = self.subjects.lines.at(self.measured.starts.subject, start)
        standing = self.subjects.lines.standing[span] if len(span) else start
        key = pc.if_else(pa.array(standing == NOTHING), self._subject_ids(), _take(self.subjects.past.keys, standing))
        record = pc.replace_substring_regex(key, "^[^:]*:", "")
        shown = start.astype("datetime64[us]")
        text = np.where(start % 1_000_000 == 0, np.datetime_as_string(shown, unit="s"), np.datetime_as_string(shown, unit="us"))
        begun = pa.array(np.char.add(text, "Z").astype(object), pa.string())
        return pc.binary_join_element_wise("sla", record, self.policy.name, begun, ":")

    def owner_ids(self, owner: Ints) -> pa.Array:
        """Ids of owners given as codes."""
        return _take(self.duty.past.vocabulary, owner)

    def _subject_ids(self) -> pa.Array:
        return _take(self.subjects.ids, self.measured.starts.subject)

    def _event_ids(self, places: Ints) -> pa.Array:
        return _take(self.subjects.events.ids, places)

    def _trigger_at(self) -> Ints:
        trigger = self.measured.starts.trigger
        return np.where(trigger == NO_EVENT, self.measured.starts.start, np.append(self.subjects.events.at, 0)[trigger])

    def _party_codes(self) -> Ints:
        """Place among PARTIES for each span of the duty's timeline."""
        lines, words = self.duty.lines, self.duty.past.vocabulary
        of_code = np.zeros(len(words) + 1, dtype=np.int64)
        for code in np.unique(lines.owner).tolist():
            of_code[code] = PARTIES.index(self.owners.party(None if code == NOTHING else words[code].as_py()))
        return of_code[lines.owner]

    def _standing_now(self) -> tuple[pa.Array, pa.Array]:
        """Object and record that stand for each subject as of now."""
        lines = self.subjects.lines
        last = lines.groups.starts[self.measured.starts.subject + 1] - 1
        standing = lines.standing[last] if len(last) else last
        key = pc.if_else(pa.array(standing == NOTHING), self._subject_ids(), _take(self.subjects.past.keys, standing))
        kind = pc.utf8_lower(pc.replace_substring_regex(key, ":.*$", ""))
        if self.subjects.kind != "person":
            return _same(_OBJECTS[self.subjects.kind], len(last)), self._subject_ids()
        place = pc.index_in(kind, value_set=pa.array(list(_OBJECTS)))
        objects = pc.take(pa.array(list(_OBJECTS.values())), place)
        return pc.fill_null(objects, "Marketo"), pc.replace_substring_regex(key, "^[^:]*:", "")

    def _owner_counts(self, raw: Ints) -> Ints:
        """How many different humans owned each clock's subject while it ran."""
        segments = self.measured.segments
        is_first = segments.begin == segments.begin[segments.starts[segments.clock]]
        counted = self.duty.lines.is_human[segments.span] & ((raw > 0) | is_first)
        pairs = np.unique(np.stack([segments.clock[counted], self.duty.lines.owner[segments.span[counted]]]), axis=1)
        return np.bincount(pairs[0], minlength=len(self.measured.starts.subject))

    def _owner_zones(self, owner: Ints) -> list[str | None]:
        """The zone in which each clock's moments are said: its owner's, else that of its calendar."""
        of_owner = {code: self._zone_of(code) for code in np.unique(owner).tolist()}
        calendar = self._zones().to_pylist()
        return [of_owner[code] or other for code, other in zip(owner.tolist(), calendar, strict=True)]

    def _zone_of(self, code: int) -> str | None:
        user = None if code == NOTHING else self.owners.users.get(str(self.duty.past.vocabulary[code].as_py()))
        return user.zone if user else None

    def _zones(self) -> pa.Array:
        """Zone in which the calendar was read for the current owner."""
        size = len(self.measured.starts.subject)
        if self.policy.calendar is None or not size:
            return pa.nulls(size, pa.string())
        names = [zone for zone, _ in self.measured.segments.open_keys]
        return pc.take(pa.array(names, pa.string()), pa.array(self.measured.segments.calendar[self.measured.current], pa.int64()))


def exclusions(policy: Policy, subjects: Subjects, accounts: Subjects, excluded: Excluded, *, stamp: Stamp) -> pa.Table:
    """`sla_exclusions`: triggers of people who are no new leads, or are our own."""
    is_internal = excluded.why == IS_INTERNAL
    account = subjects.account_of[excluded.subject]
    codes = pc.if_else(pa.array(is_internal), "internal", "existing_account")
    why = pc.if_else(
        pa.array(is_internal),
        "One of our own people: never clocked.",
        "Belongs to a customer or to an account with an open opportunity: no new lead, the account's owner answers.",
    )
    return _table(
        tables.SLA_EXCLUSIONS,
        {
            "policy": _same(policy.name, len(account)),
            "subject_id": _take(subjects.ids, excluded.subject),
            "trigger_id": pc.coalesce(_take(subjects.events.ids, excluded.event), _assignment_ids(excluded.moment)),
            "trigger_at": moments(excluded.moment),
            "account_id": _take(accounts.ids, account),
            "goes_to_owner_id": _take(accounts.past.vocabulary, np.where(is_internal, NOTHING, accounts.owner_now()[account])),
            "reason_code": codes,
            "reason": why,
            **stamp.columns(len(account)),
        },
    )


def _assignment_ids(moment: Ints) -> pa.Array:
    """Ids of triggers that are no record of their own: the moment at which somebody took over."""
    return pc.binary_join_element_wise("assignment", pa.array(moment).cast(pa.string()), ":")


def moments(us: Ints) -> pa.Array:
    """Timestamps; NEVER is null."""
    return pa.array(us, pa.int64(), mask=np.abs(us) >= NEVER).cast(pa.timestamp("us", tz="UTC"))


def minutes(us: Ints) -> pa.Array:
    """Minutes of microseconds."""
    return pa.array(us.astype(np.float64) / MINUTE, pa.float64())


def _take(values: pa.Array, places: Ints) -> pa.Array:
    taken = pc.take(values, pa.array(places, pa.int64(), mask=places == NOTHING))
    return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken


def _same(value: str | None, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), size)


def _table(contract: Contract, columns: dict[str, pa.Array]) -> pa.Table:
    return pa.table([columns[name] for name in contract.names], schema=contract.schema)
