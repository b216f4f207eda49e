"""When criteria on activities were met and lost: the few moments that a fold needs out of millions of activities.

Belongs here: zones of a criterion over time. 2 = met, 1 = lost its threshold but not what keeps it, 0 = neither.
A sum changes only when an activity happens or falls out of its window, so every change is found, to the microsecond.
The arrays: `events.py`. The folds: `lifecycle/stages/machine.py`, `lifecycle/mqa/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from alignment_pipeline.agreement.decay import Decay, portion, steps, undecayed
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.contracts.moments import DAY
from alignment_pipeline.lifecycle.signals.events import Bools, Events, Ints

MET, KEPT, UNMET = 2, 1, 0
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
    threshold, keep = measure.threshold, measure.keep_threshold(keep_pct)
    if measure.people is None or entity == "person":
        deltas = _deltas(events, measure, decay, _keys(events, entity))
        if measure.plus_fit and entity == "person":
            deltas = _with_fit(events, *deltas)
        zones = _zones(*deltas, threshold, keep)
        return Series(_ids(events, entity), zones.key, zones.at_us, zones.zone)
    people = _zones(*_deltas(events, measure, decay, events.person, only=events.account >= 0), threshold, keep)
    account = _account_of(events)[people.key]
    met = (people.zone == MET).astype(np.int64) - (people.before == MET)
    kept = (people.zone >= KEPT).astype(np.int64) - (people.before >= KEPT)
    zones = _counts(account, people.at_us, met, kept, measure.people)
    return Series(events.account_ids, zones.key, zones.at_us, zones.zone)


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
    by_person = measure.people is not None and entity == "account"
    keys = events.person if by_person else _keys(events, entity)
    taken = events.of(measure) & (keys >= 0) & (events.at_us <= events.as_of_us)
    if by_person:
        taken &= events.account >= 0
    ages = events.as_of_us // DAY - events.day[taken]
    amounts = events.amounts(measure)[taken]
    left = np.zeros(len(amounts), dtype=np.int64)
    for days, share in _steps(measure, decay):
        left = np.where(ages >= days, portion(amounts, share), left)
    ids = events.person_ids if by_person else _ids(events, entity)
    sums = np.zeros(len(ids), dtype=np.int64)
    np.add.at(sums, keys[taken], left)
    if by_person:
        enough = np.flatnonzero(sums >= measure.threshold)
        ids = events.account_ids
        sums = np.zeros(len(ids), dtype=np.int64)
        np.add.at(sums, _account_of(events)[enough], 1)
    if measure.plus_fit and entity == "person":
        sums = sums + events.fit
    some = np.flatnonzero(sums)
    return dict(zip(ids.take(pa.array(some)).to_pylist(), sums[some].tolist(), strict=True))


def _ids(events: Events, entity: Entity) -> pa.Array:
    return events.person_ids if entity == "person" else events.account_ids


def _keys(events: Events, entity: Entity) -> Ints:
    return events.person if entity == "person" else events.account


def _account_of(events: Events) -> Ints:
    """Account of each person: a person has one."""
    account = np.full(len(events.person_ids), -1, dtype=np.int64)
    account[events.person] = events.account
    return account


def _steps(measure: Measure, decay: Decay) -> list[tuple[int, float]]:
    """How much of an activity counts from which day after it: (days, share), the share changing at midnight UTC."""
    return steps(decay, window_days=measure.days) if measure.decayed else undecayed(window_days=measure.days)


def _deltas(events: Events, measure: Measure, decay: Decay, keys: Ints, only: Bools | None = None) -> tuple[Ints, Ints, Ints]:
    """By how much a criterion's sum changes, when: key, moment, difference; nothing after the end."""
    taken = events.of(measure) & (keys >= 0)
    if only is not None:
        taken &= only
    keys, at_us, day, amounts = keys[taken], events.at_us[taken], events.day[taken], events.amounts(measure)[taken]
    moments, differences = [], []
    before = np.zeros(len(amounts), dtype=np.int64)
    for days, share in _steps(measure, decay):
        after = portion(amounts, share)
        moments.append(at_us if days == 0 else (day + days) * DAY)
        differences.append(after - before)
        before = after
    times = len(moments)
    all_keys, all_moments, all_differences = np.tile(keys, times), np.concatenate(moments), np.concatenate(differences)
    known = (all_moments <= events.as_of_us) & (all_differences != 0)
    return all_keys[known], all_moments[known], all_differences[known]


def _with_fit(events: Events, keys: Ints, moments: Ints, differences: Ints) -> tuple[Ints, Ints, Ints]:
    """Fit points hold from the beginning: the systems keep no history of what they come from."""
    everyone = np.flatnonzero(events.fit)
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
