"""When criteria on activities were met and lost: the few moments that a fold needs out of millions of activities.

Belongs here: zones of a criterion over time. 2 = met, 1 = lost its threshold but not what keeps it, 0 = neither.
A sum changes only when an activity happens or falls out of its window, so every change is found, to the microsecond.
The arrays: `events.py`. The folds: `lifecycle/stages/machine.py`, `lifecycle/mqa/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from alignment_pipeline.agreement.decay import Decay, portion, steps, undecayed
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.contracts.moments import DAY
from alignment_pipeline.lifecycle.signals.events import Bools, Events, Ints

MET, KEPT, UNMET = 2, 1, 0
# so many changes of sums at once take a gigabyte
_MOST_CHANGES = 20_000_000
Entity = Literal["person", "account"]


@dataclass(frozen=True)
class Series:
    """Changes of one signal: entity (a position in `entity_ids`), moment, value."""

    entity_ids: pa.Array
    entity: Ints
    at_us: Ints
    value: Ints


@dataclass(frozen=True)
class _Zones:
    key: Ints
    at_us: Ints
    zone: Ints
    before: Ints


def crossings(events: Events, measure: Measure, decay: Decay, *, entity: Entity, keep_pct: float = 100.0) -> Series:
    """Changes of a criterion's zone for every person or account."""
    steps = len(_steps(measure, decay))
    parts = [_zones_of(events, measure, decay, entity, keep_pct, only) for only in _shares(events, _keys(events, entity), steps)]
    joined = [np.concatenate([getattr(part, name) for part in parts]) for name in ("key", "at_us", "zone")]
    return Series(_ids(events, entity), *joined)


def _shares(events: Events, keys: Ints, steps: int) -> Iterator[Bools]:
    """All events, or shares of the entities at a time where their changes would not fit into memory: decay in many steps has many."""
    size = max(1, _MOST_CHANGES // steps)
    if len(keys) <= size:
        yield np.ones(len(keys), dtype=np.bool_)
        return
    ends = np.cumsum(np.bincount(keys[keys >= 0], minlength=int(keys.max(initial=-1)) + 1))
    share = np.append(ends // size, -1)[keys]
    for number in range(int(share.max(initial=0)) + 1):
        yield share == number


def _zones_of(events: Events, measure: Measure, decay: Decay, entity: Entity, keep_pct: float, only: Bools) -> _Zones:
    threshold, keep = measure.threshold, measure.keep_threshold(keep_pct)
    if measure.people is not None and entity == "account":
        people = _zones(*_deltas(events, measure, decay, events.member, only & (events.account >= 0)), threshold, keep)
        account = events.account_of_members[people.key]
        met = (people.zone == MET).astype(np.int64) - (people.before == MET)
        kept = (people.zone >= KEPT).astype(np.int64) - (people.before >= KEPT)
        return _counts(account, people.at_us, met, kept, measure.people)
    if entity == "account" and measure.points is not None and (events.weighted[only] < 0).any():
        # a person's points count at least 0 for the account: a dead mailbox takes away no colleague's engagement
        return _zones(*_of_people(events, *_deltas(events, measure, decay, events.member, only & (events.account >= 0))), threshold, keep)
    deltas = _deltas(events, measure, decay, _keys(events, entity), only)
    if measure.plus_fit and entity == "person":
        deltas = _with_fit(events, np.unique(events.person[only]), *deltas)
    return _zones(*deltas, threshold, keep)


def _of_people(events: Events, people: Ints, moments: Ints, differences: Ints) -> tuple[Ints, Ints, Ints]:
    """Changes of people as changes of their accounts, each person with at least 0."""
    people, moments, totals = _running(people, moments, differences)
    totals = np.maximum(totals, 0)
    before = np.append(0, totals[:-1]) if len(totals) else totals
    is_first = np.append(True, people[1:] != people[:-1]) if len(people) else np.zeros(0, dtype=np.bool_)
    return events.account_of_members[people], moments, totals - np.where(is_first, 0, before)


def happenings(events: Events, measure: Measure, *, entity: Entity) -> Series:
    """The moments at which such an activity happens, each once, with value 1."""
    keys = _keys(events, entity)
    taken = events.of(measure) & (keys >= 0)
    moments = np.unique(np.stack([keys[taken], events.at_us[taken]]), axis=1)
    return Series(_ids(events, entity), moments[0], moments[1], np.ones(moments.shape[1], dtype=np.int64))


def now(events: Events, measure: Measure, decay: Decay, *, entity: Entity) -> dict[str, int]:
    """What everyone has of a criterion at the end: points in micro or activities; with `people`, how many people have enough.

    Summed straight from the ages, without a walk over time, so that it also checks the crossings.
    """
    by_person = entity == "account"
    keys = events.member if by_person else _keys(events, entity)
    taken = events.of(measure) & (keys >= 0) & (events.at_us <= events.as_of_us)
    if by_person:
        taken &= events.account >= 0
    unit = _unit(measure, decay)
    ages = events.as_of_us // unit - events.at_us[taken] // unit
    amounts = events.amounts(measure)[taken]
    left = np.zeros(len(amounts), dtype=np.int64)
    for age, share in _steps(measure, decay):
        left = np.where(ages >= age, portion(amounts, share), left)
    ids = _ids(events, entity)
    sums = np.zeros(len(events.account_of_members) if by_person else len(ids), dtype=np.int64)
    np.add.at(sums, keys[taken], left)
    if by_person:
        counted = (sums >= measure.threshold).astype(np.int64) if measure.people is not None else np.maximum(sums, 0)
        some = np.flatnonzero(counted)
        sums = np.zeros(len(ids), dtype=np.int64)
        np.add.at(sums, events.account_of_members[some], counted[some])
    if measure.plus_fit and entity == "person":
        sums = sums + events.fit
    some = np.flatnonzero(sums)
    return dict(zip(ids.take(pa.array(some)).to_pylist(), sums[some].tolist(), strict=True))


def _ids(events: Events, entity: Entity) -> pa.Array:
    return events.person_ids if entity == "person" else events.account_ids


def _keys(events: Events, entity: Entity) -> Ints:
    return events.person if entity == "person" else events.account


def _steps(measure: Measure, decay: Decay) -> list[tuple[int, float]]:
    """How much of an activity counts from which age on: (age in units, share), the share changing when a new unit begins."""
    return steps(decay, window_days=measure.days) if measure.decayed else undecayed(window_days=measure.days)


def _unit(measure: Measure, decay: Decay) -> int:
    """The unit of age, in microseconds."""
    return decay.unit if measure.decayed else DAY


def _deltas(events: Events, measure: Measure, decay: Decay, keys: Ints, only: Bools) -> tuple[Ints, Ints, Ints]:
    """By how much a criterion's sum changes, when: key, moment, difference; nothing after the end."""
    taken = events.of(measure) & (keys >= 0) & only
    keys, at_us, amounts = keys[taken], events.at_us[taken], events.amounts(measure)[taken]
    unit = _unit(measure, decay)
    moments, differences = [], []
    before = np.zeros(len(amounts), dtype=np.int64)
    for age, share in _steps(measure, decay):
        after = portion(amounts, share)
        moments.append(at_us if age == 0 else (at_us // unit + age) * unit)
        differences.append(after - before)
        before = after
    times = len(moments)
    all_keys, all_moments, all_differences = np.tile(keys, times), np.concatenate(moments), np.concatenate(differences)
    known = (all_moments <= events.as_of_us) & (all_differences != 0)
    return all_keys[known], all_moments[known], all_differences[known]


def _with_fit(events: Events, people: Ints, keys: Ints, moments: Ints, differences: Ints) -> tuple[Ints, Ints, Ints]:
    """Fit points hold from the beginning: the systems keep no history of what they come from."""
    everyone = people[events.fit[people] != 0]
    at_start = np.zeros(len(everyone), dtype=np.int64)
    return np.r_[everyone, keys], np.r_[at_start, moments], np.r_[events.fit[everyone], differences]


def _zones(keys: Ints, moments: Ints, differences: Ints, threshold: int, keep: int) -> _Zones:
    """Where the running sum of a key enters another zone."""
    keys, moments, totals = _running(keys, moments, differences)
    zone = (totals >= threshold).astype(np.int64) + (totals >= min(keep, threshold))
    return _changed(keys, moments, zone)


def _counts(keys: Ints, moments: Ints, met: Ints, kept: Ints, needed: int) -> _Zones:
    order = np.lexsort((moments, keys))
    sorted_keys, sorted_moments, met_people = _running(keys[order], moments[order], met[order])
    _, _, kept_people = _running(keys[order], moments[order], kept[order])
    zone = (met_people >= needed).astype(np.int64) + (kept_people >= needed)
    return _changed(sorted_keys, sorted_moments, zone)


def _running(keys: Ints, moments: Ints, differences: Ints) -> tuple[Ints, Ints, Ints]:
    """Running sums per key in the order of time, one row per key and moment."""
    order = np.lexsort((moments, keys))
    keys, moments, sums = keys[order], moments[order], np.cumsum(differences[order])
    if not len(keys):
        return keys, moments, sums
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    lengths = np.diff(np.r_[starts, len(keys)])
    totals = sums - np.repeat(np.r_[0, sums[starts[1:] - 1]], lengths)
    is_last = np.r_[(keys[1:] != keys[:-1]) | (moments[1:] != moments[:-1]), True]
    return keys[is_last], moments[is_last], totals[is_last]


def _changed(keys: Ints, moments: Ints, zone: Ints) -> _Zones:
    if not len(keys):
        return _Zones(keys, moments, zone, zone)
    is_first = np.r_[True, keys[1:] != keys[:-1]]
    before = np.where(is_first, UNMET, np.r_[0, zone[:-1]])
    changed = zone != before
    return _Zones(keys[changed], moments[changed], zone[changed], before[changed])
